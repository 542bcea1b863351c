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

"""Training samples that ask some exposures to predict the others."""

from __future__ import annotations

__all__ = (
    "CrossExposureSample",
    "draw_patch_samples",
    "draw_samples",
    "family_margin",
    "largest_margin",
    "least_margin",
    "restore_family",
    "restore_whole_family",
    "stack_samples",
)

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
import scipy.fft

from ....exposures.boxes import Box
from ....exposures.mirrored_cutout import mirrored_cutout
from ....exposures.random_streams import random_stream
from ....exposures.source import ExposureSource
from ....exposures.stack import ExposureStack
from ....forward.forward_model import ForwardModel
from ....restoration_config import CrossExposureConfig
from ....tiles.grid import draw_tiles
from ..family.exposure_sums import StatisticsGatherer
from ..family.family import RestorationFamily, complete_statistics, make_family
from ..family.sampling import sharpen_spectra
from .mixing_network import make_features

LEAST_MARGIN = 1.25
"""Margin around what is restored, in radii of the PSF kernels."""

MAX_EXTRA_MARGIN = 12
"""Pixels more than that within which a fast size is looked for."""


@dataclasses.dataclass(frozen=True, eq=False)
class CrossExposureSample:
    """A family made from a subset of exposures, and some of the others.

    Parameters
    ----------
    features : `numpy.ndarray`
        What the network sees, shape ``(height + k - 1, width + k - 1,
        n_features)``.
    members : `numpy.ndarray`
        The family, same height and width.
    data, root_weight : `numpy.ndarray`
        Exposures outside the subset and their inverse standard deviations,
        in the unit of the members, shape ``(n_held_out, height, width)``.
    spectra : `numpy.ndarray`
        Their PSF spectra, shape ``(n_held_out, u, v)``.
    """

    features: np.ndarray
    members: np.ndarray
    data: np.ndarray
    root_weight: np.ndarray
    spectra: np.ndarray


def draw_patch_samples(
    exposures: ExposureSource, options: CrossExposureConfig, seed: int
) -> list[CrossExposureSample]:
    """Return the training samples of a patch.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    options : `CrossExposureConfig`
        How many samples, how large, and from which share of the exposures.
    seed : `int`
        Seed of tiles and subsets.

    Returns
    -------
    samples : `list` [`CrossExposureSample`]
        Of equal shapes.
    """
    rng = random_stream(seed, "mixing network", "samples")
    tiles: list[Box] = []
    while len(tiles) < options.samples:
        tiles += draw_tiles(exposures.box, options.tile_size, rng)
    n_held_out = min(max(1, round((1 - options.share) * len(exposures))), options.max_held_out)
    chosen = tiles[: options.samples]
    return list(draw_samples(exposures, chosen, share=options.share, n_held_out=n_held_out, rng=rng))


def draw_samples(
    exposures: ExposureSource,
    tiles: Sequence[Box],
    *,
    share: float,
    n_held_out: int,
    rng: np.random.Generator,
) -> Iterator[CrossExposureSample]:
    """Yield one sample for each tile.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    tiles : `~collections.abc.Sequence` [`Box`]
        Equal tiles inside the patch.
    share : `float`
        Share of the exposures that the family is made from.
    n_held_out : `int`
        How many of the others are predicted.
    rng : `numpy.random.Generator`
        Chooses the subset, anew for each tile.

    Yields
    ------
    sample : `CrossExposureSample`
        Of one tile and one subset; none of a tile that too few exposures
        reach.
    """
    reach = exposures.psf.radius + largest_margin(exposures.psf.radius)
    for tile in tiles:
        stack = exposures.cutout(tile.grown_by(reach).intersection(exposures.box))
        if len(stack) <= n_held_out:
            continue
        forward_model = ForwardModel(tile.shape, stack.psf.size)
        order = rng.permutation(len(stack))
        n_inside = min(max(round(share * len(stack)), 1), len(stack) - n_held_out)
        inside, outside = order[:n_inside], order[n_inside : n_inside + n_held_out]
        family = restore_family(stack.select(np.sort(inside)), tile.grown_by(stack.psf.radius))
        target = stack.select(outside).cutout(tile)
        yield CrossExposureSample(
            features=make_features(family),
            members=family.members,
            data=target.image / np.float32(family.unit),
            root_weight=(family.unit / np.sqrt(target.variance)).astype(np.float32),
            spectra=sharpen_spectra(
                forward_model.spectra(target.psf.at(*tile.center)), forward_model.fft_shape
            ),
        )


def restore_family(stack: ExposureStack, latent_box: Box) -> RestorationFamily:
    """Return the family of restorations on a box.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels of the members.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box``.
    """
    margin = family_margin(stack, latent_box)
    return restore_whole_family(stack, latent_box, margin).cropped(margin)


def family_margin(stack: ExposureStack, latent_box: Box, least: int | None = None) -> int:
    """Return how much more than a box is restored, on every side.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels that are wanted.
    least : `int`, optional
        Pixels that it cannot do without; by default so many that light has
        no way in from beyond them.

    Returns
    -------
    margin : `int`
        The next number of pixels with which Fourier transforms are of sizes
        that are fast.
    """
    if least is None:
        least = least_margin(stack.psf.radius)
    choices = range(least, least + MAX_EXTRA_MARGIN)

    def is_fast(margin: int) -> bool:
        sizes = [size + 2 * margin for size in latent_box.shape]
        # Factors up to 11 are all fast; the limit for real=True is 5 and leaves too few sizes.
        return all(scipy.fft.next_fast_len(size, real=False) == size for size in sizes)

    return next(filter(is_fast, choices), least)


def largest_margin(radius: int) -> int:
    """Return the greatest margin that `family_margin` may choose.

    Parameters
    ----------
    radius : `int`
        Of the PSF kernels.

    Returns
    -------
    margin : `int`
        In pixels.
    """
    return least_margin(radius) + MAX_EXTRA_MARGIN


def least_margin(radius: int) -> int:
    """Return the margin that light has no way in from beyond.

    Parameters
    ----------
    radius : `int`
        Of the PSF kernels, in pixels.

    Returns
    -------
    margin : `int`
        In pixels.
    """
    return math.ceil(LEAST_MARGIN * radius)


def restore_whole_family(stack: ExposureStack, latent_box: Box, margin: int) -> RestorationFamily:
    """Return the family of restorations on a box and the margin around it.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels that are wanted.
    margin : `int`
        How many more on every side, as `family_margin` says.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box`` grown by ``margin``, with its coverage.
    """
    part = mirrored_cutout(stack, latent_box.grown_by(margin))
    covering = np.flatnonzero(part.valid.any(axis=(1, 2)))
    if len(covering) < len(part):
        part = part.select(covering)
    gatherer = StatisticsGatherer(part)
    family = make_family(*complete_statistics(gatherer))
    return dataclasses.replace(family, coverage=gatherer.coverage())


def stack_samples(samples: Sequence[CrossExposureSample]) -> tuple[np.ndarray, ...]:
    """Return samples as the arrays of a training step.

    Parameters
    ----------
    samples : `~collections.abc.Sequence` [`CrossExposureSample`]
        Of equal shapes.

    Returns
    -------
    batch : `tuple` [`numpy.ndarray`]
        Each attribute of the samples with a first axis for the samples.
    """
    names = [field.name for field in dataclasses.fields(CrossExposureSample)]
    return tuple(np.stack([getattr(sample, name) for sample in samples]) for name in names)
