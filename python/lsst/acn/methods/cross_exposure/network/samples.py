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
    "stack_samples",
)

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ....arrays.numpy_arrays import numpy_arrays
from ....exposures.boxes import Box
from ....exposures.noise_unit import ExposuresInUnit, noise_unit
from ....exposures.random_streams import random_stream
from ....exposures.source import ExposureSource
from ....forward.forward_model import ForwardModel
from ....restoration_config import CrossExposureConfig
from ....tiles.grid import draw_tiles, tile_grid
from ..family.margins import largest_margin
from ..family.restored_family import restore_family
from ..family.sampling import sharpen_spectra
from .mixing_network import make_features


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
    exposures = ExposuresInUnit(exposures, 1.0 / noise_unit(exposures))
    rounds = -(-options.samples // len(tile_grid(exposures.box, options.tile_size, 0)))
    drawn = (draw_tiles(exposures.box, options.tile_size, rng) for _ in range(rounds))
    tiles = list(itertools.chain.from_iterable(drawn))
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
        target = stack.select(outside).cutout(tile)
        if not (target.valid.any() and stack.cutout(tile).valid[inside].any()):
            continue
        family = restore_family(stack.select(np.sort(inside)), tile.grown_by(stack.psf.radius))
        yield CrossExposureSample(
            features=make_features(numpy_arrays(), family),
            members=family.members,
            data=target.image / np.float32(family.unit),
            root_weight=(family.unit / np.sqrt(target.variance)).astype(np.float32),
            spectra=sharpen_spectra(
                numpy_arrays(), forward_model.spectra(target.psf.at(*tile.center)), forward_model.fft_shape
            ),
        )


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
