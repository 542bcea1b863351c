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

"""Parts of an image that are the same from whichever corner they are counted."""

from __future__ import annotations

__all__ = ("symmetric_parts",)

import numpy as np


def symmetric_parts(size: int, side: int) -> np.ndarray:
    """Return where the parts of an axis begin and end.

    There is an odd number of them, and they are alike on both sides of the
    middle: a turned image has the same.

    Parameters
    ----------
    size : `int`
        Number of pixels along the axis.
    side : `int`
        Number of pixels that a part has, about.

    Returns
    -------
    edges : `numpy.ndarray`
        First pixel of each part, and ``size``, int.
    """
    number = 2 * (size // (2 * side)) + 1
    before = np.rint(np.arange(number // 2 + 1) * (size / number)).astype(int)
    return np.concatenate([before, size - before[::-1]])
