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

"""Robust coadd, and the infill of pixels that have no data."""

from __future__ import annotations

__all__ = ("clipped_mean", "fill_invalid", "masked_median", "robust_coadd")

import functools
from typing import Any

import numpy as np

from ..arrays.namespace import Arrays
from ..arrays.numpy_arrays import numpy_arrays
from ..arrays.spectra import gaussian_spectrum
from ..exposures.variances import median_variances

CLIP_SIGMA = 5.0
CLIP_FRACTION = 0.3
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the median."""

FIRST_SIGMA = 2.0
"""Pixels over which unknown pixels are interpolated; twice as many where that
is not enough, and so on, until the image has no more."""

LEAST_SHARE = 1e-3
"""Weight of known pixels from which on a mean over them is taken."""


def robust_coadd(
    image: np.ndarray, variance: np.ndarray, valid: np.ndarray, medians: np.ndarray | None = None
) -> np.ndarray:
    """Return the outlier-clipped, weighted mean of exposures.

    Each exposure has one weight, its inverse median variance: a weight per
    pixel would follow the Poisson noise and be biased low on sources.

    Parameters
    ----------
    image, variance, valid : `numpy.ndarray`
        Planes of a stack, shape ``(n, height, width)``.
    medians : `numpy.ndarray`, optional
        Median variance of each exposure, if it is known already.

    Returns
    -------
    coadd : `numpy.ndarray`
        Float32 image, shape ``(height, width)``.  Pixels with no valid
        exposure are interpolated from their surroundings.
    """
    if medians is None:
        medians = median_variances(variance, valid)
    known_variance = np.where(valid, variance, np.float32(np.inf))
    return clipped_mean(numpy_arrays(), image, known_variance, (1.0 / medians).astype(np.float32))


def clipped_mean(xp: Arrays, image: Any, variance: Any, weights: Any) -> Any:
    """Return the outlier-clipped, weighted mean of exposures.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    image, variance : array
        Shape ``(n, height, width)``; the variance of pixels that are not
        valid is infinite.
    weights : array
        Of each exposure, shape ``(n,)``.

    Returns
    -------
    mean : array
        Shape ``(height, width)``.  Pixels with no valid exposure are
        interpolated from their surroundings in the periodic image.
    """
    weights = weights[:, None, None]

    def combine(image: Any, variance: Any) -> Any:
        valid = xp.isfinite(variance)
        center = masked_median(xp, image, valid)
        limit = CLIP_SIGMA * xp.sqrt(variance) + CLIP_FRACTION * xp.abs(center)
        keep = xp.where(valid & (xp.abs(image - center) <= limit), weights, np.float32(0.0))
        total = xp.sum(keep, 0)
        # Where clipping leaves nothing (two exposures that disagree), the median stands.
        mean = xp.sum(keep * image, 0) / xp.where(total > 0, total, np.float32(1.0))
        return xp.where(total > 0, mean, center)

    coadd = xp.by_rows(combine, image, variance)
    known = xp.any(xp.isfinite(variance), axis=0)
    return xp.cond(xp.all(known), lambda: coadd, lambda: _interpolate(xp, coadd, known))


def masked_median(xp: Arrays, image: Any, valid: Any) -> Any:
    """Return the median of the valid exposures, 0 where there are none.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    image : array
        Exposures, shape ``(n, height, width)``.
    valid : array
        `True` where a pixel counts, same shape.

    Returns
    -------
    median : array
        Shape ``(height, width)``.
    """
    order = xp.sort_planes(xp.where(valid, image, np.float32(np.inf)))
    count = xp.count(valid)
    lower = xp.take_along_axis(order, xp.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    upper = xp.take_along_axis(order, xp.minimum(count // 2, image.shape[0] - 1)[None], axis=0)[0]
    return xp.where(count > 0, np.float32(0.5) * (lower + upper), np.float32(0.0))


def _interpolate(xp: Arrays, image: Any, known: Any) -> Any:
    """Fill unknown pixels by ever wider Gaussian-weighted means of the others."""
    shape = tuple(image.shape)
    values = xp.where(known, image, np.float32(0.0))
    planes = xp.rfft2(xp.stack([values, xp.where(known, np.float32(1.0), np.float32(0.0))]), shape)
    state = values, known
    sigma = FIRST_SIGMA
    while sigma < 4 * max(shape):
        transfer = xp.constant(gaussian_spectrum(shape, sigma**2))

        def spread(state: Any = state, transfer: Any = transfer) -> Any:
            values, known = state
            blurred = xp.irfft2(xp.scaled(planes, transfer), shape)
            total, share = blurred[0], blurred[1]
            near = ~known & (share > LEAST_SHARE)
            return xp.where(near, total / xp.maximum(share, LEAST_SHARE), values), known | near

        state = xp.cond(xp.all(state[1]), functools.partial(tuple, state), spread)
        sigma *= 2
    return state[0]


def fill_invalid(image: np.ndarray, valid: np.ndarray, coadd: np.ndarray) -> np.ndarray:
    """Return exposures with ``coadd`` where they are not valid.

    Parameters
    ----------
    image, valid : `numpy.ndarray`
        Planes of a stack, shape ``(n, height, width)``, or of one exposure.
    coadd : `numpy.ndarray`
        What to fill with, shape ``(height, width)``.

    Returns
    -------
    filled : `numpy.ndarray`
        Float32 exposures without gaps, shape of ``image``.
    """
    return np.where(valid, image, coadd).astype(np.float32, copy=False)
