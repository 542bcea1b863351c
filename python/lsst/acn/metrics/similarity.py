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
from scipy.ndimage import minimum_filter

SSIM_WINDOW = 7
"""Side, in pixels, of the uniform window of `structural_similarity`."""

ROWS_AT_A_TIME = 256

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
    from skimage.metrics import peak_signal_noise_ratio

    if not valid.any() or full_scale <= 0:
        return float("nan")
    if np.array_equal(reference[valid], image[valid]):
        return float("inf")
    # Two pixels of the root mean square difference: a large patch would take
    # gigabytes in double precision.
    difference = (reference[valid] - image[valid]) / np.float32(full_scale)
    root = np.sqrt(np.mean(np.square(difference), dtype=np.float64))
    return float(peak_signal_noise_ratio(np.zeros(2), np.full(2, root), data_range=1.0))


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
    from skimage.metrics import structural_similarity as similarity_map

    inside = minimum_filter(valid, SSIM_WINDOW, mode="constant", cval=0).astype(bool)
    if not inside.any() or full_scale <= 0:
        return float("nan")
    total = 0.0
    # Some rows at a time, for the map needs ten images in double precision.
    for start in range(0, len(valid), ROWS_AT_A_TIME):
        first, last = max(start - SSIM_WINDOW, 0), start + ROWS_AT_A_TIME + SSIM_WINDOW
        rows = slice(first, last)
        pair = (np.where(valid[rows], each[rows], 0.0).astype(np.float64) for each in (reference, image))
        _, similarity = similarity_map(*pair, win_size=SSIM_WINDOW, data_range=full_scale, full=True)
        counted = slice(start - first, start - first + ROWS_AT_A_TIME)
        total += float(similarity[counted][inside[start : start + ROWS_AT_A_TIME]].sum())
    return total / np.count_nonzero(inside)
