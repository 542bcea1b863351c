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

import numpy as np
import scipy.fft
from scipy.ndimage import find_objects, label

REACH = 1.5
"""Surroundings of a hole, in radii of the PSF kernels."""

Slices = tuple[slice, slice]


def hole_boxes(holes: np.ndarray, radius: int) -> list[Slices]:
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
    reach = int(REACH * radius)
    boxes = [_grown(box, reach, holes.shape) for box in find_objects(labels)]
    boxes = _merged(boxes)
    if sum(_area(box) for box in boxes) > 0.5 * holes.size:
        return [(slice(0, holes.shape[0]), slice(0, holes.shape[1]))]
    return boxes


def _grown(box: Slices, reach: int, shape: tuple[int, int]) -> Slices:
    """Return a box and its surroundings, of a size that transforms fast."""
    rows, columns = (
        _grown_axis(axis.start - reach, axis.stop + reach, length)
        for axis, length in zip(box, shape, strict=True)
    )
    return rows, columns


def _grown_axis(start: int, stop: int, length: int) -> slice:
    # Moved inwards at the edges, for a box must have room for a PSF kernel.
    size = min(scipy.fft.next_fast_len(stop - start), length)
    start = min(max(start, 0), length - size)
    return slice(start, start + size)


def _merged(boxes: list[Slices]) -> list[Slices]:
    """Return boxes that do not overlap, joining those that do."""
    merged: list[Slices] = []
    for box in boxes:
        while touching := [other for other in merged if _overlap(box, other)]:
            merged = [other for other in merged if other not in touching]
            for other in touching:
                box = _hull(box[0], other[0]), _hull(box[1], other[1])
        merged.append(box)
    return merged


def _overlap(one: Slices, other: Slices) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _hull(one: slice, other: slice) -> slice:
    return slice(min(one.start, other.start), max(one.stop, other.stop))


def _area(box: Slices) -> int:
    return (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
