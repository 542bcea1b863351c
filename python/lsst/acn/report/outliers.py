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

"""Which patches are unlike the others, by numbers of any kind."""

from __future__ import annotations

__all__ = (
    "MIN_PATCHES",
    "THRESHOLD",
    "conspicuously_missing",
    "deviations",
    "outlier_order",
    "outlier_score",
    "robust_deviation",
)

from collections.abc import Sequence

import numpy as np

from ..exposures.robust import SIGMA_PER_MAD

MIN_PATCHES = 5
"""Number of patches below which none is said to be unlike the others."""

THRESHOLD = 5.0
"""Deviation, in robust standard deviations, from which a number stands out."""

SIGMA_PER_MEAN_DEVIATION = 1.2533141373155001

SMALLEST_SCATTER = 1e-6
"""Scatter, relative to the median, below which differences are rounding."""


def robust_deviation(values: np.ndarray) -> np.ndarray:
    """Return how far each value lies from the median of all.

    Parameters
    ----------
    values : `numpy.ndarray`
        One number of every patch, shape ``(n,)``; what is not finite counts
        as missing.

    Returns
    -------
    deviation : `numpy.ndarray`
        Signed distance from the median in robust standard deviations, shape
        ``(n,)``; NaN for missing values, and for all where there are too few
        to tell.

    Notes
    -----
    The standard deviation is that of a Gaussian with the same median absolute
    deviation.  Where more than half of the values are equal, that is 0, and
    the mean absolute deviation takes its place, as for the modified z-score
    (Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers").
    """
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    if known.sum() < MIN_PATCHES:
        return np.full(values.shape, np.nan)
    median = float(np.median(values[known]))
    distance = np.abs(values[known] - median)
    scale = SIGMA_PER_MAD * float(np.median(distance))
    floor = SMALLEST_SCATTER * abs(median)
    if scale <= floor:
        scale = SIGMA_PER_MEAN_DEVIATION * float(distance.mean())
    result = np.full(values.shape, np.nan)
    result[known] = (values[known] - median) / scale if scale > floor else 0.0
    return result


def deviations(values: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return the deviation of every number of every patch.

    Parameters
    ----------
    values : `numpy.ndarray`
        Numbers, shape ``(n_patches, n_numbers)``.
    groups : `~collections.abc.Sequence` [`str`]
        Which patches may be compared: those of one band.

    Returns
    -------
    deviation : `numpy.ndarray`
        As `robust_deviation` returns it for each number of each group, shape
        ``(n_patches, n_numbers)``.
    """
    values, labels = np.asarray(values, np.float64), np.asarray(groups)
    result = np.full(values.shape, np.nan)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        for column in range(values.shape[1]):
            result[rows, column] = robust_deviation(values[rows, column])
    return result


def conspicuously_missing(values: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return which numbers are missing though most patches have them.

    Parameters
    ----------
    values : `numpy.ndarray`
        Numbers, shape ``(n_patches, n_numbers)``; what is not finite is
        missing.
    groups : `~collections.abc.Sequence` [`str`]
        Which patches may be compared: those of one band.

    Returns
    -------
    is_missing : `numpy.ndarray`
        `True` where a number is missing that more than half of the patches of
        its group have, shape ``(n_patches, n_numbers)``.
    """
    missing, labels = ~np.isfinite(values), np.asarray(groups)
    result = np.zeros(missing.shape, bool)
    for label in np.unique(labels):
        rows = labels == label
        result[rows] = missing[rows] & (missing[rows].mean(axis=0) < 0.5)
    return result


def outlier_score(deviation: np.ndarray) -> np.ndarray:
    """Return by how much the most unusual number of each patch stands out.

    Parameters
    ----------
    deviation : `numpy.ndarray`
        Deviations, shape ``(n_patches, n_numbers)``.

    Returns
    -------
    score : `numpy.ndarray`
        Largest absolute deviation, shape ``(n_patches,)``; NaN where nothing
        can be told.
    """
    known = ~np.isnan(deviation)
    largest = np.where(known, np.abs(deviation), -1.0).max(axis=1, initial=-1.0)
    return np.where(largest < 0, np.nan, largest)


def outlier_order(score: np.ndarray) -> np.ndarray:
    """Return the order of patches that puts the most unusual first.

    Parameters
    ----------
    score : `numpy.ndarray`
        Score of each patch, shape ``(n,)``.

    Returns
    -------
    order : `numpy.ndarray`
        Indices, shape ``(n,)``.  Patches of equal score stay in their order,
        those without one come last.
    """
    return np.argsort(np.where(np.isnan(score), np.inf, -score), kind="stable")
