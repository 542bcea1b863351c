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

"""Detection as the pipelines of Rubin do it, in a few lines without them."""

from __future__ import annotations

__all__ = ("find_peaks", "smoothed_significance")

import numpy as np
from scipy.ndimage import convolve1d, maximum_filter

from lsst.acn.exposures.psf_kernels import kernel_moments

REACH = 3.5
"""Half width of the smoothing kernel in standard deviations: ``nSigmaForKernel``
of ``SourceDetectionConfig`` is 7."""

EDGE = 8
"""Pixels along the edges where nothing is looked for."""


def smoothed_significance(image: np.ndarray, variance: np.ndarray, psf: np.ndarray) -> np.ndarray:
    """Return an image over its noise, once both are smoothed by the PSF.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Shape ``(height, width)``; the variance may be infinite.
    psf : `numpy.ndarray`
        PSF kernel of the image.

    Returns
    -------
    significance : `numpy.ndarray`
        Same shape.

    Notes
    -----
    As ``SourceDetectionTask``: the kernel is a round Gaussian of the PSF's
    second moments, and the noise is taken for white.
    """
    xx, yy, xy = kernel_moments(psf)
    sigma = (xx * yy - xy**2) ** 0.25
    radius = int(np.ceil(REACH * sigma))
    profile = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    profile /= profile.sum()
    known = np.isfinite(variance)
    noise = np.where(known, variance, 0.0).astype(np.float64)
    signal = np.where(known, image, 0.0).astype(np.float64)
    for axis in (0, 1):
        signal = convolve1d(signal, profile, axis=axis, mode="nearest")
        noise = convolve1d(noise, profile**2, axis=axis, mode="nearest")
    return np.where(known, signal / np.sqrt(np.maximum(noise, np.finfo(float).tiny)), 0.0)


def find_peaks(significance: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the peaks above a threshold.

    Parameters
    ----------
    significance : `numpy.ndarray`
        From `smoothed_significance`.
    threshold : `float`
        In standard deviations.

    Returns
    -------
    y, x : `numpy.ndarray`
        Rows and columns of pixels that are above the threshold and above their
        eight neighbours.
    """
    is_peak = (significance >= maximum_filter(significance, 3)) & (significance > threshold)
    is_peak[:EDGE] = is_peak[-EDGE:] = False
    is_peak[:, :EDGE] = is_peak[:, -EDGE:] = False
    y, x = np.nonzero(is_peak)
    return y, x
