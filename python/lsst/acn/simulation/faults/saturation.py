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

"""Bright stars: what a full well does to them, and the masks on their cores."""

from __future__ import annotations

__all__ = ("mask_cores", "saturate")

import numpy as np

from .detector_defects import MASK_PLANES


def saturate(image: np.ndarray, mask: np.ndarray, level: float, *, columns_along_x: bool) -> None:
    """Cut an exposure off at the full well and let the excess bleed.

    The charge above the full well fills the pixels along the column, one
    half each way, so that the flux of the column is kept unless it leaves
    the image.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, changed in place.
    mask : `numpy.ndarray`
        Mask; ``SATURATED`` is set in place on full pixels and on those that
        touch them.
    level : `float`
        Flux of a full pixel in nJy.
    columns_along_x : `bool`
        Whether the columns of the detector lie along x.
    """
    from scipy.ndimage import binary_dilation

    if columns_along_x:
        image, mask = image.T, mask.T
    full = image >= level
    if not full.any():
        return
    for x in np.flatnonzero(full.any(axis=0)):
        _bleed(image[:, x], level)
    full = binary_dilation(image >= level, np.ones((3, 3), bool))
    mask[full] |= np.uint32(1 << MASK_PLANES["SATURATED"])


def _bleed(column: np.ndarray, level: float) -> None:
    """Spread the excess of each saturated run along its column, in place."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], column >= level, [False]])))
    for start, stop in edges.reshape(-1, 2):
        excess = (column[start:stop] - level).sum()
        column[start:stop] = level
        for direction, first in ((-1, start - 1), (1, stop)):
            rest, y = 0.5 * excess, first
            while rest > 0 and 0 <= y < len(column):
                room = max(level - column[y], 0.0)
                column[y] += min(rest, room)
                rest -= room
                y += direction


def mask_cores(image: np.ndarray, mask: np.ndarray, stars: np.ndarray, radius: float) -> None:
    """Flatten and mask the cores of some stars.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy; a core is cut off, in place, at the brightest pixel around
        it.
    mask : `numpy.ndarray`
        Mask; ``SATURATED`` is set in place in the cores.
    stars : `numpy.ndarray`
        Where they are, (y, x) in pixels of the image, shape ``(n, 2)``.
    radius : `float`
        Radius of a core in pixels.
    """
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    for y, x in stars:
        distance = np.hypot(rows - y, columns - x)
        core, rim = distance <= radius, (distance > radius) & (distance <= radius + 1.5)
        if core.any() and rim.any():
            image[core] = np.minimum(image[core], image[rim].max())
            mask[core] |= np.uint32(1 << MASK_PLANES["SATURATED"])
