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


"""A smooth sky that all exposures share, told from pixels without light."""

from __future__ import annotations

__all__ = ("CommonSky", "common_sky")

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..exposures.boxes import Box
from .evidence import TileEvidence
from .significance import kept_share
from .sky_level import SkyLevel, sky_level
from .smooth_sky import SmoothSky
from .symmetric_parts import symmetric_parts

CONFUSION = 0.1, 0.4
"""Level above zero that faint sources without number may come to, in standard
deviations of a pixel: in a sparse field, and how much more where all pixels
are those of clear sources.  No less than that is taken for sky."""

EMPTY_SHARE = 0.3
"""Share of pixels that have to be empty before a level above zero is taken for sky."""

CELL = 64
"""Side in pixels, about, of the cells whose levels have to agree on it."""

AGREEING_SHARE = 0.5
"""Share of the cells that have to agree."""

ALLOWED = 0.15
"""Difference between levels of cells that is no disagreement, in standard deviations of a pixel."""

CELL_SCATTER = 0.05
"""Scatter of the levels of cells beyond their errors, in the same unit."""

DIP = 0.5
"""How far a slope has to dip below zero, as a share of how far it rises above,
to be taken for sky as a whole."""

GRID = 16
"""Cells along each axis that a slope is handed over on."""


@dataclasses.dataclass(frozen=True)
class CommonSky:
    """A sky that all exposures share.

    Parameters
    ----------
    sky : `SmoothSky`
        In the unit of the exposures; 0 where it is not significant.
    error : `float`
        Standard error of its level; infinite where nothing tells.
    """

    sky: SmoothSky
    error: float


@dataclasses.dataclass(frozen=True)
class _Cell:
    """Level of the sky in a small part of a patch, from -1 to 1 along u and v."""

    u: float
    v: float
    level: SkyLevel


def common_sky(evidence: Sequence[TileEvidence], before: SmoothSky, significance: float) -> CommonSky:
    """Return what is left of the sky that all exposures share.

    A level below zero is an error for certain.  One above may be light: it is
    taken for sky only where many pixels are empty and the level is the same
    in most parts of the patch, as no nebula is.

    Parameters
    ----------
    evidence : `~collections.abc.Sequence` [`TileEvidence`]
        What the tiles say.
    before : `SmoothSky`
        The sky that was taken off already.
    significance : `float`
        Level in standard errors from which on it counts.

    Returns
    -------
    common : `CommonSky`
        To be added to the sky of before.
    """
    nothing = SmoothSky.nothing(before.box)
    if not evidence:
        return CommonSky(nothing, np.inf)
    pixels = np.concatenate([each.sky[np.isfinite(each.sky)] for each in evidence])
    sigma = float(np.median([each.sigma for each in evidence]))
    found = sky_level(pixels, sigma)
    if found is None:
        return CommonSky(nothing, np.inf)
    cells = [cell for each in evidence for cell in _cells(each, before.box)]
    if (slope := _slope(cells, sigma, significance)) is not None:
        return CommonSky(SmoothSky(before.box, slope), found.error)
    share = kept_share(np.array(found.level), np.array(found.error), significance)
    if not share:
        return CommonSky(nothing, found.error)
    total = found.level + float(before.levels.mean())
    if total > 0 and not _is_sky(evidence, cells, found, total, sigma):
        return CommonSky(nothing, found.error)
    return CommonSky(SmoothSky(before.box, np.full((1, 1), share * found.level)), found.error)


def _is_sky(
    evidence: Sequence[TileEvidence], cells: Sequence[_Cell], found: SkyLevel, total: float, sigma: float
) -> bool:
    """Tell whether a level above zero is that of the sky."""
    crowding = float(np.mean([np.mean(np.isnan(each.sky)) for each in evidence]))
    if total < (CONFUSION[0] + CONFUSION[1] * crowding) * sigma or found.empty_share < EMPTY_SHARE:
        return False
    agree = [abs(cell.level.level - found.level) < 3 * cell.level.error + ALLOWED * sigma for cell in cells]
    return bool(agree) and float(np.mean(agree)) >= AGREEING_SHARE


def _cells(evidence: TileEvidence, patch: Box) -> list[_Cell]:
    height, width = evidence.sky.shape
    (center_y, center_x), shape, tile = patch.center, patch.shape, evidence.tile
    result = []
    rows, columns = (symmetric_parts(size, CELL) for size in (height, width))
    for y, y_stop in pairwise(rows):
        for x, x_stop in pairwise(columns):
            part = evidence.sky[y:y_stop, x:x_stop]
            level = sky_level(part[np.isfinite(part)], evidence.sigma)
            if level is not None:
                middle_y = tile.y_start + y + 0.5 * (part.shape[0] - 1)
                middle_x = tile.x_start + x + 0.5 * (part.shape[1] - 1)
                u, v = (middle_x - center_x) / (0.5 * shape[1]), (middle_y - center_y) / (0.5 * shape[0])
                result.append(_Cell(u, v, level))
    return result


def _slope(cells: Sequence[_Cell], sigma: float, significance: float) -> np.ndarray | None:
    """Return the corners of a plane through the levels, if it slopes and is no light."""
    if len(cells) < 6:
        return None
    design = np.array([(1.0, cell.u, cell.v) for cell in cells])
    levels = np.array([cell.level.level for cell in cells])
    errors = np.hypot([cell.level.error for cell in cells], CELL_SCATTER * sigma)
    weight = np.ones(len(cells))
    for _ in range(5):
        root = np.sqrt(weight) / errors
        inverse = np.linalg.pinv((design * root[:, None]).T @ (design * root[:, None]))
        plane = inverse @ (design.T @ (root**2 * levels))
        pull = np.abs(levels - design @ plane) / errors
        weight = 1.5 / np.maximum(pull, 1.5)
    slope_errors = np.sqrt(np.diag(inverse)[1:]) * max(1.0, float(np.median(pull)))
    rise = plane[1:] * kept_share(plane[1:], slope_errors, significance)
    if not rise.any():
        return None
    corners = plane[0] + np.add.outer([-rise[1], rise[1]], [-rise[0], rise[0]])
    # No light is negative: what dips far below zero is no light where it is above, either.
    return _at_middles(plane[0], rise) if -corners.min() > DIP * corners.max() else None


def _at_middles(level: float, rise: np.ndarray) -> np.ndarray:
    """Return a plane in the middles of the cells of a fine grid."""
    places = (np.arange(GRID) + 0.5) * 2.0 / GRID - 1.0
    return level + np.add.outer(rise[1] * places, rise[0] * places)
