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

"""Variances of pixels: which are of use, what is typical of them, and in another unit."""

from __future__ import annotations

__all__ = ("MOST_SIGMA", "are_measurements", "have_errors", "median_variances", "scaled_variance")

import numpy as np

MOST_SIGMA = 1e10
"""Errors that a pixel may be, at most: no detector counts so many photons."""


def are_measurements(image: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Tell which pixels are measurements with an error.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Float32, of one shape.

    Returns
    -------
    valid : `numpy.ndarray`
        Where both are finite, the variance is positive, and the pixel no more
        than `MOST_SIGMA` times its error.
    """
    valid = have_errors(image, variance)
    error = np.sqrt(np.where(valid, variance, 0.0))
    return valid & (np.abs(np.where(valid, image, 0.0)) / np.float32(MOST_SIGMA) <= error)


def have_errors(image: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Tell which pixels are finite, with a finite and positive variance.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Of one shape.

    Returns
    -------
    valid : `numpy.ndarray`
        Bool, same shape.
    """
    return np.isfinite(image) & np.isfinite(variance) & (variance > 0)


def median_variances(variance: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the median variance of each exposure over its valid pixels.

    Parameters
    ----------
    variance, valid : `numpy.ndarray`
        Planes of a stack, shape ``(n, height, width)``.

    Returns
    -------
    medians : `numpy.ndarray`
        Float64, shape ``(n,)``, infinite where an exposure has no valid pixel.
    """
    medians = [np.median(v[m]) if m.any() else np.inf for v, m in zip(variance, valid, strict=True)]
    return np.array(medians, np.float64)


def scaled_variance(variance: np.ndarray, factor: float) -> np.ndarray:
    """Return variances of pixels that are multiplied by a factor.

    Parameters
    ----------
    variance : `numpy.ndarray`
        Variances, float32.
    factor : `float`
        Of the pixels; its square need not be in the range of float32.

    Returns
    -------
    scaled : `numpy.ndarray`
        Float32; what is finite stays so, at the largest number that there is.
    """
    with np.errstate(over="ignore"):
        scaled = variance * np.float32(factor)
        scaled *= np.float32(factor)
    if factor > 1.0:
        np.minimum(scaled, np.finfo(np.float32).max, out=scaled, where=np.isfinite(variance))
    return scaled
