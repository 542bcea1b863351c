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

"""Which detections are which sources, and how many would be by chance."""

from __future__ import annotations

__all__ = ("Positions", "claim_sources", "mirrored", "near_source", "without_chance")

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree


class Positions(NamedTuple):
    """Rows and columns of some points, each shape ``(n,)``."""

    y: np.ndarray
    x: np.ndarray


def mirrored(positions: Positions, shape: tuple[int, ...]) -> Positions:
    """Return where points are in the image that is mirrored along both axes.

    Parameters
    ----------
    positions : `Positions`
        The points.
    shape : `tuple` [`int`, `int`]
        Height and width of the image.

    Returns
    -------
    positions : `Positions`
        As many points to the area, which match others by chance alone: along
        one axis only, those near the middle would be their own images.
    """
    return Positions(shape[0] - 1.0 - positions.y, shape[1] - 1.0 - positions.x)


def without_chance(matched: float, by_chance: float) -> float:
    r"""Return the share that is matched, less what is matched by chance.

    Parameters
    ----------
    matched : `float`
        Share of points that have a match.
    by_chance : `float`
        Share that has one among the mirrored points.

    Returns
    -------
    share : `float`
        :math:`(m - c) / (1 - c)`, for only points without a true match are
        there to be matched by chance; 0 if there are fewer than that.
    """
    if by_chance >= 1.0:
        return 0.0
    return max(matched - by_chance, 0.0) / (1.0 - by_chance)


def near_source(peaks: Positions, sources: Positions, radius: float) -> NDArray[np.bool_]:
    """Return which peaks are within a radius, in pixels, of any source."""
    if not len(peaks.y) or not len(sources.y):
        return np.zeros(len(peaks.y), bool)
    distance, _ = cKDTree(np.column_stack(sources)).query(np.column_stack(peaks))
    return np.asarray(distance < radius)


def claim_sources(peaks: Positions, sources: Positions, flux: np.ndarray, radius: float) -> NDArray[np.bool_]:
    """Return which sources are detected.

    Parameters
    ----------
    peaks, sources : `Positions`
        Detections and true sources.
    flux : `numpy.ndarray`
        True fluxes.
    radius : `float`
        Pixels within which a detection and a source may be the same.

    Returns
    -------
    is_detected : `numpy.ndarray`
        One per source.

    Notes
    -----
    Brightest first, each source takes the nearest detection, within the match
    radius, that is still free: a faint source is not detected because a
    brighter one beside it is.
    """
    is_detected = np.zeros(len(flux), bool)
    if not len(peaks.y):
        return is_detected
    tree = cKDTree(np.column_stack(peaks))
    free = np.ones(len(peaks.y), bool)
    places = np.column_stack(sources)
    for source in np.argsort(-flux, kind="stable"):
        near = [index for index in tree.query_ball_point(places[source], radius) if free[index]]
        if near:
            distance = np.hypot(*(tree.data[near] - places[source]).T)
            free[near[int(np.argmin(distance))]] = False
            is_detected[source] = True
    return is_detected
