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

"""Magnitudes from number counts."""

from __future__ import annotations

__all__ = ("draw_magnitudes",)

import numpy as np


def draw_magnitudes(
    rng: np.random.Generator, count: int, bright: float, faint: float, slope: float
) -> np.ndarray:
    """Draw magnitudes from counts ``N ~ 10^(slope mag)``.

    Parameters
    ----------
    rng : `numpy.random.Generator`
        Source of the draws.
    count : `int`
        How many.
    bright, faint : `float`
        Limits of the magnitudes.
    slope : `float`
        Slope of the counts.

    Returns
    -------
    mag : `numpy.ndarray`
        Brightest first.
    """
    share_beyond_bright = 10.0 ** (-slope * (faint - bright))
    # The inverse of the cumulative counts between the two limits.
    return np.sort(faint + np.log10(rng.uniform(share_beyond_bright, 1.0, count)) / slope)
