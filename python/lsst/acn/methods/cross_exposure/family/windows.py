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

"""Where pixels are that no exposure knows, and what has a say in them."""

from __future__ import annotations

__all__ = ("HoleWindow", "hole_windows")

import dataclasses
import functools
import math

import numpy as np
import scipy.fft
from scipy.ndimage import distance_transform_cdt, find_objects, label

from ....exposures.boxes import Box

REACH = 1.5
"""Surroundings of a hole, in radii of the PSF kernels."""

SIDE = 16
"""Sides of windows are multiples of this: functions are compiled for each."""

UNCHANGED = 0.25
"""Share of the reach, at its end, over which what is changed fades out."""


@dataclasses.dataclass(frozen=True, eq=False)
class HoleWindow:
    """Some holes and their surroundings, which are filled together.

    Parameters
    ----------
    start : `tuple` [`int`, `int`]
        First row and column.
    weight : `numpy.ndarray`
        How far each pixel is changed, float32: 1 in and around holes, 0 out
        of their reach, where the window has edges.
    """

    start: tuple[int, int]
    weight: np.ndarray

    @property
    def box(self) -> Box:
        """Pixels of the window (`Box`)."""
        return Box.from_shape(self.weight.shape, self.start)

    def holds(self, y: float, x: float) -> bool:
        """Tell whether a point is in the window.

        Parameters
        ----------
        y, x : `float`
            Row and column.

        Returns
        -------
        holds : `bool`
            Whether its pixel is.
        """
        row, column = round(y), round(x)
        return self.box.contains(Box(row, row + 1, column, column + 1))


def hole_windows(holes: np.ndarray, radius: int) -> list[HoleWindow]:
    """Return disjoint windows that hold all holes and their surroundings.

    Parameters
    ----------
    holes : `numpy.ndarray`
        `True` where a pixel is not known, shape ``(height, width)``.
    radius : `int`
        Of the PSF kernels, in pixels.

    Returns
    -------
    windows : `list` [`HoleWindow`]
        One for all of the image where they would make up most of it.
    """
    labels, number = label(holes, np.ones((3, 3)))
    if not number:
        return []
    reach, whole = int(REACH * radius), Box.from_shape(holes.shape)
    boxes = [_grown(rows, columns, reach, whole) for rows, columns in find_objects(labels)]
    boxes = _merged(boxes, whole)
    if sum(math.prod(box.shape) for box in boxes) > 0.5 * holes.size:
        boxes = [whole]
    distance = distance_transform_cdt(~holes, "chessboard")
    weight = np.clip((reach + 1 - distance) / max(UNCHANGED * reach, 1.0), 0.0, 1.0).astype(np.float32)
    return [HoleWindow((box.y_start, box.x_start), weight[box.slices_within(whole)]) for box in boxes]


def _grown(rows: slice, columns: slice, reach: int, whole: Box) -> Box:
    """Return a hole and its surroundings, of a size that transforms fast."""
    height, width = whole.shape
    return Box(*_grown_axis(rows, reach, height), *_grown_axis(columns, reach, width))


def _grown_axis(hole: slice, reach: int, length: int) -> tuple[int, int]:
    # Moved inwards at the edges, for a window must have room for a PSF kernel.
    wanted = hole.stop - hole.start + 2 * reach
    size = min(SIDE * scipy.fft.next_fast_len(-(-wanted // SIDE), real=False), length)
    # The rest of the size is shared by both sides, so that mirrored holes have mirrored windows.
    start = min(max(hole.start - reach - (size - wanted) // 2, 0), length - size)
    return start, start + size


def _merged(boxes: list[Box], whole: Box) -> list[Box]:
    """Return boxes that do not overlap, joining those that do."""
    merged: list[Box] = []
    for box in boxes:
        # Each round takes boxes out of the list: there are no more of them than boxes.
        while touching := [other for other in merged if box.overlaps(other)]:
            merged = [other for other in merged if other not in touching]
            union = functools.reduce(Box.union, touching, box)
            box = _grown(*union.slices_within(whole), 0, whole)
        merged.append(box)
    return merged
