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

"""How much of a value is kept, given its error."""

from __future__ import annotations

__all__ = ("kept_share",)

import numpy as np

RAMP = 1.0
"""Standard errors from where a value begins to count to where it counts wholly."""


def kept_share(values: np.ndarray, errors: np.ndarray, significance: float) -> np.ndarray:
    """Return how much of each value is kept.

    A threshold would make a correction, or not, by rounding alone; so the
    share rises from 0 at the threshold to 1 a little beyond it.

    Parameters
    ----------
    values, errors : `numpy.ndarray`
        Values and their standard errors, of one shape.
    significance : `float`
        Value in standard errors from which on something is kept; with 0, all is.

    Returns
    -------
    share : `numpy.ndarray`
        From 0 to 1, same shape; 0 where the error is infinite.
    """
    if significance == 0:
        return np.isfinite(errors).astype(float)
    pull = np.divide(np.abs(values), errors, out=np.full(np.shape(errors), np.inf), where=errors > 0)
    return np.clip((pull - significance) / RAMP, 0.0, 1.0) * (values != 0)
