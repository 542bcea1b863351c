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

"""Which visits are explained far worse, or far better, than the others."""

from __future__ import annotations

__all__ = ("flag_outliers",)

import numpy as np

from ..exposures.robust import robust_sigma

SMALLEST_SCATTER = 0.05
"""Scatter of the logarithm below which visits count as equal."""


def flag_outliers(
    chi2: np.ndarray, threshold: float = 5.0, *, errors: np.ndarray | None = None
) -> np.ndarray:
    """Return which visits have a reduced chi-square unlike the others.

    Parameters
    ----------
    chi2 : `numpy.ndarray`
        Reduced chi-square of each visit, shape ``(n,)``; NaN where there is
        none.
    threshold : `float`, optional
        Number of standard deviations, in the logarithm, from the median.
    errors : `numpy.ndarray`, optional
        Standard error of each chi-square, shape ``(n,)``; with NaN, nothing is
        told of a visit.  By default they are known exactly.

    Returns
    -------
    is_outlier : `numpy.ndarray`
        `True` for outliers on either side, shape ``(n,)``: a visit with bad
        pixels or a wrong PSF lies above the others, one with an
        overestimated variance below.

    Notes
    -----
    Median and median absolute deviation do not notice less than half of the
    visits.  A scatter below 5 % counts as 5 %, or visits that agree would be
    flagged for differences that mean nothing.  The error of a visit's own
    chi-square adds to the scatter in quadrature: that of a few pixels, or one
    that is all in one place, says little of the visit.
    """
    chi2 = np.asarray(chi2, np.float64)
    errors = np.zeros(chi2.shape) if errors is None else np.asarray(errors, np.float64)
    known = np.isfinite(chi2) & (chi2 > 0) & np.isfinite(errors)
    is_outlier = np.zeros(chi2.shape, bool)
    if known.any():
        log = np.log(chi2[known])
        deviation = np.abs(log - np.median(log))
        scatter = max(robust_sigma(log), SMALLEST_SCATTER)
        is_outlier[known] = deviation > threshold * np.hypot(scatter, errors[known] / chi2[known])
    return is_outlier
