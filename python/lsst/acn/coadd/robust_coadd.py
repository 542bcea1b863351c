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

__all__ = ("fill_invalid", "robust_coadd")

import functools

import numpy as np
from scipy.ndimage import gaussian_filter

from ..exposures.stack import median_variances
from ..machine.threads import for_each

ROWS_AT_A_TIME = 64
MOST_COMPARED = 40
"""Exposures up to which planes are compared as a whole."""

CLIP_SIGMA = 5.0
CLIP_FRACTION = 0.3
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the median."""


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
    weights = (1.0 / medians).astype(np.float32)[:, None, None]
    coadd = np.empty(image.shape[1:], np.float32)

    def combine(number: int) -> None:
        rows = np.s_[:, number * ROWS_AT_A_TIME : (number + 1) * ROWS_AT_A_TIME]
        coadd[rows[1]] = _clipped_mean(image[rows], variance[rows], valid[rows], weights)

    for_each(combine, -(-image.shape[1] // ROWS_AT_A_TIME))
    return _interpolate(coadd)


def _clipped_mean(
    image: np.ndarray, variance: np.ndarray, valid: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    center = _masked_median(image, valid)
    limit = CLIP_SIGMA * np.sqrt(variance)
    limit += CLIP_FRACTION * np.abs(center)
    keep = weights * (valid & (np.abs(image - center) <= limit))
    total = keep.sum(axis=0)
    # Where clipping leaves nothing (two exposures that disagree), the median stands.
    mean = (keep * image).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, center)


def _masked_median(image: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the median of the valid exposures, NaN where there are none."""
    order = _sorted(np.where(valid, image, np.float32(np.inf)))
    count = valid.sum(axis=0)
    lower = np.take_along_axis(order, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    upper = np.take_along_axis(order, np.minimum(count // 2, len(image) - 1)[None], axis=0)[0]
    return np.where(count > 0, 0.5 * (lower + np.where(count > 0, upper, 0.0)), np.nan)


def _sorted(planes: np.ndarray) -> np.ndarray:
    """Return planes sorted pixel by pixel, in place."""
    if len(planes) > MOST_COMPARED:
        planes.sort(axis=0)
        return planes
    # Whole planes at once: for few of them faster than a sort of many short columns.
    lower = np.empty_like(planes[0])
    for first, second in _comparisons(len(planes)):
        np.minimum(planes[first], planes[second], out=lower)
        np.maximum(planes[first], planes[second], out=planes[second])
        planes[first] = lower
    return planes


@functools.cache
def _comparisons(number: int) -> list[tuple[int, int]]:
    """Return the pairs that Batcher's odd-even merge sort compares, in order."""
    pairs = []
    size = 1
    while size < number:
        step = size
        while step >= 1:
            for start in range(step % size, number - step, 2 * step):
                pairs += [
                    (first, first + step)
                    for first in range(start, min(start + step, number - step))
                    if first // (2 * size) == (first + step) // (2 * size)
                ]
            step //= 2
        size *= 2
    return pairs


def _interpolate(image: np.ndarray, sigma: float = 2.0) -> np.ndarray:
    """Fill NaN pixels by ever wider Gaussian-weighted means of the others."""
    missing = np.isnan(image)
    if missing.all():
        return np.zeros_like(image)
    known = (~missing).astype(np.float32)
    values = np.where(missing, 0, image)
    result = values.copy()
    while missing.any():
        share = gaussian_filter(known, sigma)
        near = missing & (share > 1e-3)
        result[near] = gaussian_filter(values, sigma)[near] / share[near]
        missing &= ~near
        sigma *= 2
    return result


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
