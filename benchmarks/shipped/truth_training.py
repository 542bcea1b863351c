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
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA, gaussian_kernel
from lsst.acn.exposures.stack import ExposureStack
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE, SHARP_MEMBER
from lsst.acn.methods.cross_exposure.family.restored_family import restore_family
from lsst.acn.methods.cross_exposure.family.sampling import sampled_kernel_fwhm
from lsst.acn.methods.cross_exposure.family.statistics import typical_noise
from lsst.acn.methods.cross_exposure.network.mixing_network import make_features
from lsst.acn.methods.cross_exposure.network.trainable import TrainableNetwork

LIGHT_LEVELS = (-math.inf, 2.0, 20.0, math.inf)
"""Where a tile is split, in units of the noise."""

RELATIVE_ERROR = 0.05
"""Error that counts as much as the noise, as a fraction of the light in a pixel."""

BLOCK_SCALE = 3.5
"""Standard deviation in pixels of the Gaussian that errors are seen through."""

BLOCK_NOISE = 1.0 / (2.0 * math.sqrt(math.pi) * BLOCK_SCALE)
"""Noise of a mean over it, in units of that of a pixel."""

BLOCK_LEVELS = (-math.inf, 10.0, math.inf)
"""Where a tile is split, in units of the noise of such a mean."""

RELATIVE_BIAS = 0.01
"""Error that counts as much as that noise, as a fraction of the light in the mean."""

SKY_OFFSET = 0.02
"""Mean error of the sky, in units of the noise of a pixel, that counts little."""

BLOCKS, SKY = 0.5, 0.25
"""Weights of what errors are in means, and of the mean error of the sky."""

TINY = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class TruthSample:
    """The family of a simulated field, and what it should become.

    Parameters
    ----------
    members : `numpy.ndarray`
        The family on the field grown by the margin of the network, float32,
        shape ``(height + 2 margin, width + 2 margin, n_members)``.
    context : `numpy.ndarray`
        All features but those of the members, float16, same height and width.
    truth : `numpy.ndarray`
        Truth at the target PSF in the unit of the family, shape ``(height,
        width)``.
    is_known : `numpy.ndarray`
        Whether most exposures have data, float32, same shape.
    noise : `numpy.ndarray`
        Noise of a pixel of the exposures' mean in the unit of the family,
        float32, scalar.
    """

    members: np.ndarray
    context: np.ndarray
    truth: np.ndarray
    is_known: np.ndarray
    noise: np.ndarray


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
        members=family.members,
        context=make_features(numpy_arrays(), family)[..., FAMILY_SIZE:].astype(np.float16),
        truth=(truth / family.unit).astype(np.float32),
        is_known=(stack.valid.sum(axis=0) > len(stack) // 2).astype(np.float32),
        noise=np.asarray(typical_noise(stack) / family.unit, np.float32),
    )


def draw_truth_batches(
    samples: Sequence[TruthSample],
    chances: np.ndarray,
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
    chances : `numpy.ndarray`
        How often each is drawn; their sum is 1.
    size : `int`
        Side in pixels of the tiles, at most that of the smallest sample.
    batch_size : `int`
        Tiles in a batch.
    rng : `numpy.random.Generator`
        Chooses samples and places.

    Yields
    ------
    batch : `tuple` [`numpy.ndarray`, ...]
        Features and members on the tiles grown by the margin, truth, whether
        it is known, and the noise.
    """
    while True:
        chosen = [samples[index] for index in rng.choice(len(samples), size=batch_size, p=chances)]
        tiles = [_draw_tile(sample, size, rng) for sample in chosen]
        yield tuple(np.stack(arrays) for arrays in zip(*tiles, strict=True))


def _draw_tile(sample: TruthSample, size: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    height, width = sample.truth.shape
    grown = size + sample.members.shape[0] - height
    y, x = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))

    def cut(array: np.ndarray, side: int) -> np.ndarray:
        return array[y : y + side, x : x + side]

    members = cut(sample.members, grown)
    features = np.concatenate([np.arcsinh(members), cut(sample.context, grown)], axis=-1, dtype=np.float32)
    return features, members, cut(sample.truth, size), cut(sample.is_known, size), sample.noise


def truth_loss(network: TrainableNetwork, target_fwhm: float) -> Callable[[Sequence[Any]], Any]:
    r"""Return the loss of a network against the truth.

    The error of the restored image, :math:`g * x` with the kernel :math:`g`
    that gives stars the target PSF, counts in units of :math:`\sqrt{n^2 +
    (a\, g * x_s)^2}`, where :math:`n` is the noise and :math:`x_s` one of the
    members; large errors count linearly.  The pixels of a tile are split by
    :math:`g * x_s / n` at 2 and 20, and the sum over each part is divided by
    what :math:`x_s` itself gets there: the easy and the hopeless fields, sky
    and stars have an equal say.  Units and parts come from the input alone.
    Would they come from the truth, the best restoration would be a biased one.

    What is too small to be seen in a pixel adds up in a flux.  So errors count
    again, seen through a Gaussian of `BLOCK_SCALE` pixels and in units of the
    noise of such a mean, of faint and of clear light, and so does the mean
    error of the sky of a tile.

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
        of the sum of the ratios.
    """
    from keras import ops

    kernel, block = (
        gaussian_kernel(fwhm).sum(axis=0)
        for fwhm in (sampled_kernel_fwhm(target_fwhm), BLOCK_SCALE * FWHM_PER_SIGMA)
    )
    margin = network.margin

    def smooth(image: Any, profile: np.ndarray) -> Any:
        rows = ops.conv(image[..., None], profile[:, None, None, None], padding="same")
        return ops.conv(rows, profile[None, :, None, None], padding="same")[..., 0]

    def at_target(latent: Any) -> Any:
        return smooth(latent, kernel)[:, margin:-margin, margin:-margin]

    def ratio(ours: Any, reference: Any, part: Any, least: float) -> Any:
        our_sum, reference_sum = (ops.sum(part * values, axis=(1, 2)) for values in (ours, reference))
        return ops.mean(our_sum / (reference_sum + least))

    def total(light: Any, noise: Any, errors: Sequence[Any], fraction: float, levels: Sequence[float]) -> Any:
        weight = 1.0 / (noise**2 + (fraction * light) ** 2)
        ours, reference = (ops.sqrt(1.0 + 0.5 * weight * error**2) - 1.0 for error in errors)
        parts = [
            ops.cast((light >= faintest * noise) & (light < brightest * noise), "float32")
            for faintest, brightest in pairwise(levels)
        ]
        return sum(ratio(ours, reference, part, 1.0) for part in parts)

    def loss(batch: Sequence[Any]) -> Any:
        features, members, truth, is_known, noise = batch
        light, noise = at_target(members[..., SHARP_MEMBER]), noise[:, None, None]
        errors = [is_known * (image - truth) for image in (at_target(network.mix(features, members)), light)]
        pixels = total(light, noise, errors, RELATIVE_ERROR, LIGHT_LEVELS)
        means = [smooth(image, block) for image in (light, *errors)]
        blocks = total(means[0], BLOCK_NOISE * noise, means[1:], RELATIVE_BIAS, BLOCK_LEVELS)
        sky = is_known * ops.cast(light < LIGHT_LEVELS[1] * noise, "float32")
        offsets = [ops.abs(ops.sum(sky * error, axis=(1, 2))) for error in errors]
        least = SKY_OFFSET * ops.sum(sky * noise, axis=(1, 2)) + TINY
        return pixels + BLOCKS * blocks + SKY * ops.mean(offsets[0] / (offsets[1] + least))

    return loss
