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

__all__ = ("hole_boxes",)

import functools
import math

import numpy as np
import scipy.fft
from scipy.ndimage import find_objects, label

from ....exposures.boxes import Box

REACH = 1.5
"""Surroundings of a hole, in radii of the PSF kernels."""


def hole_boxes(holes: np.ndarray, radius: int) -> list[tuple[slice, slice]]:
    """Return disjoint boxes that hold all holes and their surroundings.

    Parameters
    ----------
    holes : `numpy.ndarray`
        `True` where a pixel is not known, shape ``(height, width)``.
    radius : `int`
        Of the PSF kernels, in pixels.

    Returns
    -------
    boxes : `list` [`tuple` [`slice`, `slice`]]
        Rows and columns of each; all of the image where the boxes would make
        up most of it.
    """
    labels, _ = label(holes, np.ones((3, 3)))
    reach, whole = int(REACH * radius), Box.from_shape(holes.shape)
    boxes = _merged([_grown(rows, columns, reach, whole) for rows, columns in find_objects(labels)])
    if sum(math.prod(box.shape) for box in boxes) > 0.5 * holes.size:
        boxes = [whole]
    return [box.slices_within(whole) for box in boxes]


def _grown(rows: slice, columns: slice, reach: int, whole: Box) -> Box:
    """Return a hole and its surroundings, of a size that transforms fast."""
    height, width = whole.shape
    return Box(*_grown_axis(rows, reach, height), *_grown_axis(columns, reach, width))


def _grown_axis(hole: slice, reach: int, length: int) -> tuple[int, int]:
    # Moved inwards at the edges, for a box must have room for a PSF kernel.
    size = min(scipy.fft.next_fast_len(hole.stop - hole.start + 2 * reach), length)
    start = min(max(hole.start - reach, 0), length - size)
    return start, start + size


def _merged(boxes: list[Box]) -> list[Box]:
    """Return boxes that do not overlap, joining those that do."""
    merged: list[Box] = []
    for box in boxes:
        while touching := [other for other in merged if box.overlaps(other)]:
            merged = [other for other in merged if other not in touching]
            box = functools.reduce(Box.union, touching, box)
        merged.append(box)
    return merged
