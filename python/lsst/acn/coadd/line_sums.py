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

"""Sums along all straight lines of an image, and along pieces of them."""

from __future__ import annotations

__all__ = ("Line", "brightest_lines")

import dataclasses
import itertools
import math

import numpy as np

SHORTEST = 8
"""Pixels, along the axis that is steeper, of the shortest pieces."""

BESIDE = 5
"""Pixels between a line and those on both sides that it is compared with."""


@dataclasses.dataclass(frozen=True)
class Line:
    """A piece of a straight line.

    Parameters
    ----------
    start, stop : `tuple` [`float`, `float`]
        Row and column of its ends.
    significance : `float`
        Its sum, above the mean of its neighbours, over the noise of that.
    """

    start: tuple[float, float]
    stop: tuple[float, float]
    significance: float


def brightest_lines(images: np.ndarray) -> list[Line]:
    """Return the most significant line of each image.

    Sums are made by the approximate discrete Radon transform (Brady 1998;
    Goetz & Druckmueller 1996), which adds pieces of lines of twice the length
    at every step: it costs little, and trails that end are found as well.  The
    mean of two parallel lines is subtracted, so that gradients and what is
    wide are none.

    Parameters
    ----------
    images : `numpy.ndarray`
        Images of white noise of unit variance, 0 where nothing is known, shape
        ``(n, height, width)``.

    Returns
    -------
    lines : `list` [`Line`]
        One per image.
    """
    best = [Line((0.0, 0.0), (0.0, 0.0), -math.inf)] * len(images)
    # Pieces are counted from the first row: each direction is looked at from both of its ends,
    # lest an image that is turned have other lines.
    for is_turned, flips in itertools.product((False, True), itertools.product((1, -1), repeat=2)):
        planes = np.swapaxes(images, 1, 2) if is_turned else images
        found = _brightest_of_octant(planes[:, :: flips[0], :: flips[1]])
        for number, line in enumerate(found):
            if line.significance > best[number].significance:
                best[number] = _turned_back(line, planes.shape[1:], flips, is_turned)
    return best


def _turned_back(line: Line, shape: tuple[int, ...], flips: tuple[int, ...], is_turned: bool) -> Line:
    ends = [
        tuple(
            place if flip > 0 else size - 1 - place
            for place, size, flip in zip(end, shape, flips, strict=True)
        )
        for end in (line.start, line.stop)
    ]
    (y0, x0), (y1, x1) = [end[::-1] for end in ends] if is_turned else ends
    return Line((y0, x0), (y1, x1), line.significance)


def _brightest_of_octant(images: np.ndarray) -> list[Line]:
    """Return the most significant line of each image among those that go down
    and, by up to as many pixels, to the right.
    """
    n, height, width = images.shape
    size = 1 << math.ceil(math.log2(max(height, SHORTEST)))
    # The first columns are left of the image: lines begin there, too, and are compared with others.
    sums = np.zeros((n, size, 1, width + 2 * BESIDE), np.float32)
    sums[:, :height, 0, BESIDE : BESIDE + width] = images
    best = [Line((0.0, 0.0), (0.0, 0.0), -math.inf)] * n
    length = 1
    while length < size:
        sums, length = _joined(sums), 2 * length
        if length < SHORTEST:
            continue
        contrast = sums[..., BESIDE:-BESIDE] - 0.5 * (sums[..., : -2 * BESIDE] + sums[..., 2 * BESIDE :])
        highest = contrast.reshape(n, -1).argmax(axis=1)
        for number, place in enumerate(highest):
            strip, slope, column = np.unravel_index(place, contrast.shape[1:])
            significance = float(contrast[number, strip, slope, column]) / math.sqrt(1.5 * length)
            if significance > best[number].significance:
                first = float(column) - (length - 1)
                rows = float(strip * length), float((strip + 1) * length - 1)
                best[number] = Line((rows[0], first), (rows[1], first + float(slope)), significance)
    return best


def _joined(sums: np.ndarray) -> np.ndarray:
    """Return sums along lines of twice the length, from those of both halves.

    Lines that begin farther to the left than they are long do not reach the
    image: there are as many columns more as there are rows in a half.
    """
    n, strips, slopes, width = sums.shape
    joined = np.zeros((n, strips // 2, 2 * slopes, width + slopes), np.float32)
    upper, lower = sums[:, 0::2], sums[:, 1::2]
    for slope in range(2 * slopes):
        half, moved = slope // 2, (slope + 1) // 2
        joined[:, :, slope, slopes:] = upper[:, :, half]
        joined[:, :, slope, slopes - moved : slopes - moved + width] += lower[:, :, half]
    return joined
