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

"""Cut-outs that may reach beyond the edges of a stack."""

from __future__ import annotations

__all__ = ("mirrored_cutout", "mirrored_index")

import numpy as np

from .boxes import Box
from .stack import ExposureStack


def mirrored_index(start: int, stop: int, size: int) -> np.ndarray:
    """Return indices into an axis that is continued by its mirror image.

    Parameters
    ----------
    start, stop : `int`
        Range of positions, which may lie outside the axis.
    size : `int`
        Length of the axis.

    Returns
    -------
    index : `numpy.ndarray`
        Index inside the axis for each position; position -1 shows index 0.
    """
    phase = np.arange(start, stop) % (2 * size)
    return np.minimum(phase, 2 * size - 1 - phase)


def mirrored_cutout(stack: ExposureStack, box: Box) -> ExposureStack:
    """Return the stack on a box, mirrored where the box is outside of it.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    box : `Box`
        The pixels wanted.

    Returns
    -------
    cutout : `ExposureStack`
        The stack on ``box``; it shares memory if nothing is mirrored.
    """
    if stack.box.contains(box):
        return stack.cutout(box)
    rows = mirrored_index(box.y_start - stack.box.y_start, box.y_stop - stack.box.y_start, stack.shape[0])
    columns = mirrored_index(box.x_start - stack.box.x_start, box.x_stop - stack.box.x_start, stack.shape[1])
    # Whole rows first, which are copied fast.
    return stack.map_planes(box, lambda planes: planes[:, rows].take(columns, axis=2))
