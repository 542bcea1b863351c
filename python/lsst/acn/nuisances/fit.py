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


"""Fitting what is wrong with the exposures of a patch, and taking it off."""

from __future__ import annotations

__all__ = ("fit_corrections",)

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from ..exposures.boxes import Box
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..machine.threads import blas_with_one_thread, in_turn
from ..methods.cross_exposure.family.margins import largest_margin
from ..restoration_config import NuisancesConfig
from ..tiles.grid import tile_grid
from .common_sky import common_sky
from .corrections import KERNEL, ExposureCorrections
from .evidence import TileEvidence, gather_evidence
from .exposure_fit import LARGEST_ERROR, MODEL_ERRORS, NormalEquations, solve, source_errors
from .kernel_changes import psf_variance
from .significance import kept_share
from .star_shapes import common_shape

SHAPE = slice(KERNEL.start + 2, None)
"""Width and ellipticity of the PSF, among the parameters."""

LARGEST_SHAPE = 0.5
"""Change of a PSF's second moments, as a share of its own, beyond which it is no
correction: the exposure has to be mended elsewhere."""

STILL = 0.5
"""Change of a correction, in standard errors, that asks for no further pass."""

_NOTHING = NormalEquations(np.zeros((9, 9)), np.zeros(9), 1.0, 0, np.zeros(9))


def fit_corrections(exposures: ExposureSource, options: NuisancesConfig) -> ExposureCorrections:
    """Fit what is wrong with the exposures of a patch.

    A latent image is fitted to some tiles of the patch, exposures are compared
    with the predictions for them, the corrections that they ask for are made,
    and all is done again.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    options : `NuisancesConfig`
        What is fitted, and how often.

    Returns
    -------
    corrections : `ExposureCorrections`
        Those that are significant.
    """
    corrections = ExposureCorrections.nothing(exposures.box, exposures.visits)
    tiles = chosen_tiles(exposures.box, options.tile_size, options.tiles)
    sizes = np.array([psf_variance(kernel) for kernel in exposures.psf.at(*exposures.box.center)])[:, None]
    shape = np.zeros(3)
    for number in range(options.passes):
        model_error = MODEL_ERRORS[min(number, 1)]
        evidence = list(_evidence(exposures, corrections, tiles, model_error))
        before = corrections
        corrections = _with_differences(corrections, evidence, options, sizes, shape)
        if options.common_psf:
            corrections, shape = _with_common_shape(corrections, evidence, options, sizes, shape)
        if options.common_sky:
            corrections = _with_common_sky(corrections, evidence, options)
        if not _has_changed(before, corrections):
            break
    return corrections


def chosen_tiles(box: Box, size: int, number: int) -> list[Box]:
    """Return tiles of a patch, all of them or some that are spread over it.

    Parameters
    ----------
    box : `Box`
        The patch.
    size : `int`
        Greatest side of a tile.
    number : `int`
        How many tiles, along each axis, at most.

    Returns
    -------
    tiles : `list` [`Box`]
        The tiles, row by row.
    """
    grid = tile_grid(box, size, 0)
    rows, columns = sorted({tile.y_start for tile in grid}), sorted({tile.x_start for tile in grid})
    chosen_rows, chosen_columns = _spread(rows, number), _spread(columns, number)
    return [tile for tile in grid if tile.y_start in chosen_rows and tile.x_start in chosen_columns]


def _spread(places: Sequence[int], number: int) -> set[int]:
    if len(places) <= number:
        return set(places)
    # The middles of equal parts.
    return {places[int((index + 0.5) * len(places) / number)] for index in range(number)}


def _evidence(
    exposures: ExposureSource, corrections: ExposureCorrections, tiles: Sequence[Box], model_error: float
) -> Iterator[TileEvidence]:
    """Yield what the tiles say, as many worked on at once as there are cores."""
    reach = largest_margin(exposures.psf.radius) + exposures.psf.radius

    def gather(stack_and_tile: tuple[ExposureStack, Box]) -> TileEvidence | None:
        return gather_evidence(*stack_and_tile, exposures.box, model_error)

    # Exposures are read here: what threads are handed is in memory.
    read = (
        (corrections.applied(exposures.cutout(tile.grown_by(reach).intersection(exposures.box))), tile)
        for tile in tiles
    )
    with blas_with_one_thread():
        yield from filter(None, in_turn(gather, read, len(tiles)))


def _with_differences(
    corrections: ExposureCorrections,
    evidence: Sequence[TileEvidence],
    options: NuisancesConfig,
    sizes: np.ndarray,
    shape: np.ndarray,
) -> ExposureCorrections:
    """Return corrections with what tells exposures apart.

    Given are variances of the PSFs, shape ``(n, 1)``, and the share of them by
    which all PSFs were changed, shape ``(3,)``.
    """
    free = free_parameters(options)
    equations = [_summed(evidence, visit) for visit in corrections.visits]
    values, errors = (
        np.array(arrays) for arrays in zip(*(solve(each, free) for each in equations), strict=True)
    )
    errors = np.hypot(errors, [source_errors(each) for each in equations])
    before = corrections.values.copy()
    before[:, SHAPE] -= sizes * shape
    total, largest = _differences(before + values, errors), np.full_like(values, np.inf)
    largest[:, SHAPE] = LARGEST_SHAPE * sizes
    known = (errors < LARGEST_ERROR) & (np.abs(total) < largest)
    # A difference that is not significant, all in all, is taken back; what all exposures share stays.
    kept = np.where(known, kept_share(total, errors, options.significance), 0.0) * total
    return corrections.plus(kept - before, errors)


def free_parameters(options: NuisancesConfig) -> np.ndarray:
    """Return which parameters are fitted.

    Parameters
    ----------
    options : `NuisancesConfig`
        What is switched on.

    Returns
    -------
    free : `numpy.ndarray`
        Bool, in the order of `PARAMETERS`.
    """
    sky, plane = options.sky != "none", options.sky == "plane"
    shape = options.psf_shape
    switches = (sky, plane, plane, options.flux_scale, options.shift, options.shift, shape, shape, shape)
    return np.array(switches, bool)


def _summed(evidence: Sequence[TileEvidence], visit: int) -> NormalEquations:
    """Return the equations of a visit in all tiles together."""
    parts = [each.equations[visit] for each in evidence if visit in each.equations]
    n_pixels = sum(part.n_pixels for part in parts)
    if not n_pixels:
        return _NOTHING
    return NormalEquations(
        matrix=np.sum([part.matrix for part in parts], axis=0),
        vector=np.sum([part.vector for part in parts], axis=0),
        inflation=sum(part.inflation * part.n_pixels for part in parts) / n_pixels,
        n_pixels=n_pixels,
        squares=np.sum([part.squares for part in parts], axis=0),
    )


def _differences(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return values less their weighted mean: what all exposures share, an image takes up.

    Values that scatter by more than their errors count about the same, for the
    mean of what is wrong with many exposures is nearest to nothing then.
    """
    weight = np.where(np.isfinite(errors) & (errors > 0), errors, np.inf) ** -2.0
    scatter = np.where(weight > 0, errors, 0.0) ** 2 + _excess(values, weight)
    weight = np.divide(1.0, scatter, out=np.zeros_like(weight), where=weight > 0)
    mean = (weight * values).sum(0) / np.maximum(weight.sum(0), np.finfo(float).tiny)
    return np.where(weight > 0, values - mean, 0.0)


def _excess(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the variance of values beyond that of their errors, by DerSimonian and Laird (1986)."""
    total = np.maximum(weight.sum(0), np.finfo(float).tiny)
    chi2 = (weight * (values - (weight * values).sum(0) / total) ** 2).sum(0)
    spread = total - (weight**2).sum(0) / total
    freedom = np.maximum((weight > 0).sum(0) - 1, 0)
    return np.divide(np.maximum(chi2 - freedom, 0.0), spread, out=np.zeros_like(spread), where=spread > 0)


def _with_common_shape(
    corrections: ExposureCorrections,
    evidence: Sequence[TileEvidence],
    options: NuisancesConfig,
    sizes: np.ndarray,
    shape: np.ndarray,
) -> tuple[ExposureCorrections, np.ndarray]:
    """Return corrections with what stars say of all PSFs, and the share of their sizes that it is.

    Models are wrong by a share of their size, and by one that stars agree on
    as a whole, that of before with what is left of it.
    """
    total, errors = common_shape([star for each in evidence for star in each.stars], shape)
    kept = kept_share(total, errors, options.significance) * total
    values = np.zeros_like(corrections.values)
    values[:, SHAPE] = sizes * (kept - shape)
    return corrections.plus(values, corrections.errors), kept


def _with_common_sky(
    corrections: ExposureCorrections, evidence: Sequence[TileEvidence], options: NuisancesConfig
) -> ExposureCorrections:
    found = common_sky(evidence, corrections.common_sky, options.significance)
    return dataclasses.replace(
        corrections, common_sky=corrections.common_sky.plus(found.sky), common_sky_error=found.error
    )


def _has_changed(before: ExposureCorrections, after: ExposureCorrections) -> bool:
    moved = np.abs(after.values - before.values) > STILL * after.errors
    return bool(moved.any()) or bool(np.any(after.common_sky.levels != before.common_sky.levels))
