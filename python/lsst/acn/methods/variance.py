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


"""From the scatter of a few restorations to a variance plane."""

from __future__ import annotations

__all__ = ("finish_variance", "ignorance")

import numpy as np
from scipy.ndimage import gaussian_filter

SMOOTHING_SIGMA = 2.0
"""Pixels over which the estimate is averaged, to calm its own scatter."""

FLOOR = 1e-3
"""Smallest variance, as a share of the median one over the patch."""


def finish_variance(mean_square: np.ndarray) -> np.ndarray:
    """Return a variance plane from the mean squares of few realisations.

    Parameters
    ----------
    mean_square : `numpy.ndarray`
        Mean square change of each pixel; infinite where nothing is known.

    Returns
    -------
    variance : `numpy.ndarray`
        Float32, averaged over a few pixels, and nowhere 0: where the latent
        image is 0 whatever the noise, the restoration is not certain.
    """
    known = np.isfinite(mean_square)
    if not known.any():
        return np.full(mean_square.shape, np.inf, np.float32)
    variance = gaussian_filter(np.where(known, mean_square, 0.0), SMOOTHING_SIGMA)
    if not known.all():
        share = gaussian_filter(known.astype(variance.dtype), SMOOTHING_SIGMA)
        variance = np.where(known, variance / np.where(known, share, 1.0), np.inf)
    median, largest = float(np.median(variance[known])), float(variance[known].max())
    floor = FLOOR * median or FLOOR * largest or FLOOR
    return np.maximum(variance, floor).astype(np.float32)


def ignorance(image: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the variance of pixels that no exposure shows, as far as noise has no say in it.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image, which has there what the light around demands.
    seen : `numpy.ndarray`
        `True` where some exposure shows a pixel, same shape.

    Returns
    -------
    variance : `numpy.ndarray`
        0 where pixels are seen; elsewhere the square of the image, and the mean
        square of the pixels that are seen, for one that is not may hold as much.
    """
    known = image[seen]
    typical = float(np.mean(known**2, dtype=np.float64)) if known.size else 0.0
    return np.where(seen, 0.0, image**2 + typical)
