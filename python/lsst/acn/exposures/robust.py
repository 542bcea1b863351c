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

"""Widths of distributions that a few wild values do not change."""

from __future__ import annotations

__all__ = ("SIGMA_PER_MAD", "robust_sigma")

import numpy as np

SIGMA_PER_MAD = 1.482602218505602
"""Standard deviation of a Gaussian over its median absolute deviation (`float`):
one over the third quartile of the normal distribution."""


def robust_sigma(values: np.ndarray) -> float:
    """Return the standard deviation that the median absolute deviation stands for.

    Parameters
    ----------
    values : `numpy.ndarray`
        Finite numbers, at least one, of any shape.

    Returns
    -------
    sigma : `float`
        In units of the values, about their median.
    """
    deviation = np.asarray(values - np.median(values))
    np.abs(deviation, out=deviation)
    return float(SIGMA_PER_MAD * np.median(deviation, overwrite_input=True))
