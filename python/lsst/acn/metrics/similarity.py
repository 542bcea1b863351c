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

"""Peak signal-to-noise ratio and structural similarity of two images."""

from __future__ import annotations

__all__ = ("SSIM_WINDOW", "data_range", "peak_signal_to_noise", "structural_similarity")

import numpy as np
from scipy.ndimage import minimum_filter, uniform_filter

from ..exposures.row_pieces import row_pieces

SSIM_WINDOW = 7
"""Side, in pixels, of the uniform window of `structural_similarity`."""

STABILIZERS = (0.01, 0.03)
"""Shares of the full scale that keep ratios of small means and small variances
finite, K1 and K2 of Wang et al. (2004)."""

QUANTILES = (0.001, 0.999)
"""Shares of pixels below and above which values do not stretch the data range."""


def data_range(image: np.ndarray, valid: np.ndarray) -> float:
    """Return the range of values that counts as full scale.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image that the range is taken from: the coadd, for all comparisons of
        one patch, so that they can be compared.
    valid : `numpy.ndarray`
        `True` where a pixel counts, same shape.

    Returns
    -------
    range : `float`
        Difference of the 99.9 % and 0.1 % quantiles: the maximum would be
        that of a single star.
    """
    low, high = np.quantile(image[valid], QUANTILES)
    return float(high - low)


def peak_signal_to_noise(
    reference: np.ndarray, image: np.ndarray, valid: np.ndarray, full_scale: float
) -> float:
    """Return the PSNR of an image with respect to another.

    Parameters
    ----------
    reference, image : `numpy.ndarray`
        The images to compare, same shape.
    valid : `numpy.ndarray`
        `True` where a pixel counts.
    full_scale : `float`
        Range of values, from `data_range`.

    Returns
    -------
    psnr : `float`
        10 log10(full_scale^2 / mean square difference), in dB (Sukurdeep,
        Navarro & Budavari 2025, Table 2); infinite for equal images, NaN if
        no pixel counts or the full scale is 0.
    """
    if not (n_valid := np.count_nonzero(valid)) or full_scale <= 0:
        return float("nan")
    total = 0.0
    for piece in row_pieces(len(valid)):
        difference = np.subtract(reference[piece.rows], image[piece.rows], dtype=np.float64)
        difference = difference[valid[piece.rows]] / full_scale
        total += float(difference @ difference)
    return float(-10.0 * np.log10(total / n_valid)) if total > 0 else float("inf")


def structural_similarity(
    reference: np.ndarray, image: np.ndarray, valid: np.ndarray, full_scale: float
) -> float:
    """Return the mean SSIM of two images.

    Parameters
    ----------
    reference, image : `numpy.ndarray`
        The images to compare, same shape.
    valid : `numpy.ndarray`
        `True` where a pixel counts.
    full_scale : `float`
        Range of values, from `data_range`.

    Returns
    -------
    ssim : `float`
        Mean over the pixels whose whole window of 7 x 7 is valid (Wang et al.
        2004, uniform window, sample covariances; Sukurdeep, Navarro &
        Budavari 2025, Table 2); NaN if there is none or the full scale is 0.
    """
    inside = minimum_filter(valid, SSIM_WINDOW, mode="constant", cval=0).astype(bool)
    if not inside.any() or full_scale <= 0:
        return float("nan")
    total = 0.0
    for piece in row_pieces(len(valid), SSIM_WINDOW):
        first, second = (
            np.where(valid[piece.wide], each[piece.wide], 0.0).astype(np.float64)
            for each in (reference, image)
        )
        similarity = _similarity(first, second, full_scale)
        total += float(similarity[piece.inside][inside[piece.rows]].sum())
    return total / np.count_nonzero(inside)


def _similarity(first: np.ndarray, second: np.ndarray, full_scale: float) -> np.ndarray:
    """Return the SSIM around each pixel, eq. 13 of Wang et al. (2004)."""
    means = uniform_filter(first, SSIM_WINDOW), uniform_filter(second, SSIM_WINDOW)
    product = means[0] * means[1]
    squares = means[0] ** 2 + means[1] ** 2
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1.0)
    covariance = unbiased * (uniform_filter(first * second, SSIM_WINDOW) - product)
    variances = unbiased * (uniform_filter(first**2 + second**2, SSIM_WINDOW) - squares)
    of_means, of_variances = ((share * full_scale) ** 2 for share in STABILIZERS)
    return (
        (2.0 * product + of_means)
        * (2.0 * covariance + of_variances)
        / ((squares + of_means) * (variances + of_variances))
    )
