# This file is part of acn.
#
# Developed for the LSST Data Management System.
# This product includes software developed by the LSST Project
# (https://www.lsst.org).
# See the COPYRIGHT file at the top-level directory of this distribution
# for details of code ownership.
#
# This program is free software: you can redistribute it and/or modify
# it under the terms of the GNU General Public License as published by
# the Free Software Foundation, either version 3 of the License, or
# (at your option) any later version.
#
# This program is distributed in the hope that it will be useful,
# but WITHOUT ANY WARRANTY; without even the implied warranty of
# MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
# GNU General Public License for more details.
#
# You should have received a copy of the GNU General Public License
# along with this program.  If not, see <https://www.gnu.org/licenses/>.

"""Training of the mixing network on simulated fields, whose truth is known."""

from __future__ import annotations

__all__ = ("TruthSample", "draw_truth_batches", "make_truth_sample", "truth_loss")

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.psf_kernels import gaussian_kernel
from lsst.acn.exposures.stack import ExposureStack
from lsst.acn.methods.cross_exposure.family.family import SHARP_MEMBER, RestorationFamily, restore_family
from lsst.acn.methods.cross_exposure.family.sampling import sampled_kernel_fwhm
from lsst.acn.methods.cross_exposure.family.statistics import typical_noise
from lsst.acn.methods.cross_exposure.network.mixing_network import make_features
from lsst.acn.methods.cross_exposure.network.trainable import TrainableNetwork

LIGHT_LEVELS = (-math.inf, 2.0, 20.0, math.inf)
"""Where a tile is split, in units of the noise."""

RELATIVE_ERROR = 0.05
"""Error that counts as much as the noise, as a fraction of the light in a pixel."""


@dataclasses.dataclass(frozen=True, eq=False)
class TruthSample:
    """The family of a simulated field, and what it should become.

    Parameters
    ----------
    family : `RestorationFamily`
        On the field grown by the margin of the network.
    truth : `numpy.ndarray`
        Truth at the target PSF in the unit of the family, shape ``(height,
        width)``.
    is_known : `numpy.ndarray`
        Whether most exposures have data, float32, same shape.
    noise : `float`
        Noise of a pixel of the exposures' mean in the unit of the family.
    """

    family: RestorationFamily
    truth: np.ndarray
    is_known: np.ndarray
    noise: float


def make_truth_sample(stack: ExposureStack, truth: np.ndarray, margin: int) -> TruthSample:
    """Return the training sample of a simulated field.

    Parameters
    ----------
    stack : `ExposureStack`
        Its exposures.
    truth : `numpy.ndarray`
        Truth at the target PSF, in the unit of the stack, on its box.
    margin : `int`
        Of the network.

    Returns
    -------
    sample : `TruthSample`
        Of the whole field.
    """
    family = restore_family(stack, stack.box.grown_by(margin))
    return TruthSample(
        family=family,
        truth=(truth / family.unit).astype(np.float32),
        is_known=(stack.valid.sum(axis=0) > len(stack) // 2).astype(np.float32),
        noise=typical_noise(stack) / family.unit,
    )


def draw_truth_batches(
    samples: Sequence[TruthSample],
    *,
    size: int,
    batch_size: int,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield batches of random tiles of random samples, for ever.

    Parameters
    ----------
    samples : `~collections.abc.Sequence` [`TruthSample`]
        Of any shapes, but with one margin.
    size : `int`
        Side in pixels of the tiles, at most that of the smallest sample.
    batch_size : `int`
        Tiles in a batch.
    rng : `numpy.random.Generator`
        Chooses samples, places, and how each tile is turned and mirrored.

    Yields
    ------
    batch : `tuple` [`numpy.ndarray`, ...]
        Features and members on the tiles grown by the margin, truth, whether
        it is known, and the noise.
    """
    while True:
        chosen = [samples[index] for index in rng.integers(len(samples), size=batch_size)]
        tiles = [_draw_tile(sample, size, rng) for sample in chosen]
        yield tuple(np.stack(arrays) for arrays in zip(*tiles, strict=True))


def _draw_tile(sample: TruthSample, size: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    height, width = sample.truth.shape
    grown = size + sample.family.members.shape[0] - height
    y, x = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
    turns, is_mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def cut(array: np.ndarray, side: int) -> np.ndarray:
        tile = np.rot90(array[y : y + side, x : x + side], turns)
        return np.ascontiguousarray(tile[:, ::-1] if is_mirrored else tile)

    family = sample.family._replace(
        members=cut(sample.family.members, grown),
        significance=cut(sample.family.significance, grown),
    )
    truth, is_known = cut(sample.truth, size), cut(sample.is_known, size)
    features = make_features(numpy_arrays(), family)
    return features, family.members, truth, is_known, np.asarray(sample.noise, np.float32)


def truth_loss(network: TrainableNetwork, target_fwhm: float) -> Callable[[Sequence[Any]], Any]:
    r"""Return the loss of a network against the truth.

    The error of the restored image, :math:`g * x` with the kernel :math:`g`
    that gives stars the target PSF, counts in units of :math:`\sqrt{n^2 +
    (a\, g * x_s)^2}`, where :math:`n` is the noise and :math:`x_s` one of the members; large errors
    count linearly.  The pixels of a tile are split by :math:`g * x_s / n` at 2
    and 20, and the sum over each part is divided by what :math:`x_s` itself
    gets there: the easy and the hopeless fields, sky and stars have an equal
    say.  Units and parts come from the input alone.  Would they come from the
    truth, the best restoration would be a biased one.

    Parameters
    ----------
    network : `TrainableNetwork`
        The network.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.

    Returns
    -------
    loss : `~collections.abc.Callable`
        Takes the tensors of a batch and returns a scalar: the mean over tiles
        of the sum of the three ratios.
    """
    from keras import ops

    kernel = gaussian_kernel(sampled_kernel_fwhm(target_fwhm))[:, :, None, None]
    margin = network.margin

    def at_target(latent: Any) -> Any:
        image = ops.conv(latent[..., None], kernel, padding="same")[..., 0]
        return image[:, margin:-margin, margin:-margin]

    def loss(batch: Sequence[Any]) -> Any:
        features, members, truth, is_known, noise = batch
        light = at_target(members[..., SHARP_MEMBER])
        noise = noise[:, None, None]
        weight = is_known / (noise**2 + (RELATIVE_ERROR * light) ** 2)

        def penalty(image: Any) -> Any:
            return ops.sqrt(1.0 + 0.5 * weight * (image - truth) ** 2) - 1.0

        ours, reference = penalty(at_target(network.mix(features, members))), penalty(light)
        total = 0.0
        for faintest, brightest in pairwise(LIGHT_LEVELS):
            part = ops.cast((light >= faintest * noise) & (light < brightest * noise), "float32")
            our_sum, reference_sum = (ops.sum(part * values, axis=(1, 2)) for values in (ours, reference))
            total = total + ops.mean(our_sum / (reference_sum + 1.0))
        return total

    return loss
