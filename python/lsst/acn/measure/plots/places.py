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

"""Where on a patch it is worth to look closely."""

from __future__ import annotations

__all__ = ("Place", "interesting_places")

import dataclasses
from collections.abc import Iterable

import numpy as np

from ...exposures.boxes import Box
from ...metrics import SourceFluxes

FAINT_SIGNAL_TO_NOISE = 7.0
"""Least signal-to-noise ratio of the faintest source to show."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A part of a patch, and why it is shown.

    Parameters
    ----------
    name : `str`
        What is to be seen there.
    box : `Box`
        Its pixels.
    y, x : `float`
        Row and column of the source that it is shown for.
    is_marked : `bool`
        Whether that source has to be pointed out.
    """

    name: str
    box: Box
    y: float
    x: float
    is_marked: bool = False


def interesting_places(sources: SourceFluxes, box: Box, size: int) -> list[Place]:
    """Return the places of a patch where a restoration shows what it can do.

    Parameters
    ----------
    sources : `SourceFluxes`
        Sources of the coadd.
    box : `Box`
        Pixels of the patch.
    size : `int`
        Side of a place in pixels; smaller where the patch is.

    Returns
    -------
    places : `list` [`Place`]
        Around the brightest source, around the source with most neighbours,
        and around the faintest source that is significant; fewer where the
        same place would be shown twice or there are no sources.
    """
    found = [_around(y, x, box, size) for y, x in zip(sources.y, sources.x, strict=True)]
    neighbours = _count_neighbours(sources, size)
    # Of places with equally many neighbours, the brightest.
    by_crowding = np.lexsort((-sources.coadd, -neighbours))
    by_faintness = np.argsort(sources.signal_to_noise)
    is_clear = sources.is_complete & (sources.signal_to_noise >= FAINT_SIGNAL_TO_NOISE)
    places: list[Place] = []
    for name, order in (
        ("brightest source", np.argsort(-sources.coadd)[:1]),
        ("most crowded", by_crowding[neighbours[by_crowding] > 0]),
        ("faintest source of 7σ or more", by_faintness[is_clear[by_faintness]]),
    ):
        free = _first_elsewhere((found[index] for index in order), places)
        if free is not None:
            places.append(dataclasses.replace(free, name=name, is_marked=name.startswith("faintest")))
    return places


def _around(y: float, x: float, box: Box, size: int) -> Place:
    """Return the place of some size, inside the patch, that is nearest a source."""
    starts = []
    for center, side in zip((y, x), box.shape, strict=True):
        length = min(size, side)
        starts.append((int(np.clip(round(center - 0.5 * (length - 1)), 0, side - length)), length))
    (y_start, height), (x_start, width) = starts
    part = Box.from_shape((height, width), (box.y_start + y_start, box.x_start + x_start))
    return Place("", part, box.y_start + y, box.x_start + x)


def _count_neighbours(sources: SourceFluxes, size: int) -> np.ndarray:
    """Return how many other sources each box of some size around a source holds."""
    from scipy.spatial import KDTree

    if not len(sources.x):
        return np.zeros(0, int)
    tree = KDTree(np.stack([sources.y, sources.x], axis=-1))
    counts = tree.query_ball_point(tree.data, 0.5 * size, p=np.inf, return_length=True)
    return np.asarray(counts, int) - 1


def _first_elsewhere(candidates: Iterable[Place], places: list[Place]) -> Place | None:
    """Return the first that shares less than half of its pixels with each place."""
    for candidate in candidates:
        if all(_shared(candidate.box, place.box) < 0.5 for place in places):
            return candidate
    return None


def _shared(box: Box, other: Box) -> float:
    if not box.overlaps(other):
        return 0.0
    height, width = box.intersection(other).shape
    return height * width / (box.shape[0] * box.shape[1])
