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

"""Which pixels are source and which are sky, told from the coadd alone."""

from __future__ import annotations

__all__ = ("PixelClasses", "classify_pixels")

import dataclasses

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from ..exposures.psf_kernels import FWHM_PER_SIGMA
from ..exposures.row_pieces import row_pieces
from ..exposures.variances import have_errors

TRUNCATE = 4.0
"""Standard deviations at which Gaussians end."""

SKY_DISTANCE = 2.0
"""Least distance of a sky pixel from source pixels, in units of the FWHM."""


@dataclasses.dataclass(frozen=True, eq=False)
class PixelClasses:
    """Source pixels and sky pixels of a patch; some are neither.

    Parameters
    ----------
    source, sky : `numpy.ndarray`
        `True` where a pixel is of the class, shape ``(height, width)``.
    significance : `numpy.ndarray`
        The coadd, smoothed, in units of its noise, same shape.
    """

    source: np.ndarray
    sky: np.ndarray
    significance: np.ndarray


def classify_pixels(
    coadd: np.ndarray, variance: np.ndarray, fwhm: float, *, threshold: float = 5.0
) -> PixelClasses:
    """Tell source pixels from sky pixels.

    Parameters
    ----------
    coadd : `numpy.ndarray`
        Coadd, shape ``(height, width)``; pixels that are not finite are
        neither source nor sky.
    variance : `numpy.ndarray`
        Its variance, same shape.
    fwhm : `float`
        Full width at half maximum of the PSF of the coadd, in pixels.
    threshold : `float`, optional
        Significance from which a pixel is a source pixel.

    Returns
    -------
    classes : `PixelClasses`
        The pixels of each class.

    Notes
    -----
    The coadd is smoothed with a Gaussian of the width of its PSF, which is
    the matched filter of a star, and divided by the standard deviation that
    its variance plane predicts.  Mode and width of what results are those of
    its background (``sep``), so that neither a constant sky nor a variance
    plane that is off by a factor matters.  Source pixels are those of at
    least ``threshold``; sky pixels are more than two FWHM away from any of
    them.  Since the rule knows nothing of a restoration, all methods are
    measured on the same pixels.
    """
    usable = have_errors(coadd, variance)
    if not usable.any():
        return PixelClasses(usable, usable, np.zeros(coadd.shape, np.float32))
    significance = _significance(coadd, variance, usable, fwhm / FWHM_PER_SIGMA)
    source = usable & (significance >= threshold)
    if source.any():
        sky = usable & _is_away(source, SKY_DISTANCE * fwhm)
    else:
        sky = usable
    return PixelClasses(source, sky, significance)


def _is_away(source: np.ndarray, distance: float) -> np.ndarray:
    """Return where no source pixel is within a distance."""
    result = np.empty(source.shape, bool)
    for piece in row_pieces(len(source), int(distance) + 1):
        part = source[piece.wide]
        away = distance_transform_edt(~part) > distance if part.any() else ~part
        result[piece.rows] = away[piece.inside]
    return result


def _significance(coadd: np.ndarray, variance: np.ndarray, usable: np.ndarray, sigma: float) -> np.ndarray:
    import sep

    raw = np.empty(coadd.shape, np.float32)
    # As far as the Gaussian of SciPy reaches.
    for piece in row_pieces(len(coadd), int(TRUNCATE * sigma + 0.5)):
        rows = piece.wide
        raw[piece.rows] = _matched(coadd[rows], variance[rows], usable[rows], sigma)[piece.inside]
    background = sep.Background(raw, mask=~usable)
    width = background.globalrms or 1.0
    return (raw - background.globalback) / width


def _matched(coadd: np.ndarray, variance: np.ndarray, usable: np.ndarray, sigma: float) -> np.ndarray:
    """Return the smoothed coadd over the standard deviation that its variance predicts."""
    signal = gaussian_filter(np.where(usable, coadd, 0.0).astype(np.float64), sigma, truncate=TRUNCATE)
    # A Gaussian squared is a Gaussian, narrower by the root of two and lower.
    noise = gaussian_filter(
        np.where(usable, variance, 0.0).astype(np.float64), sigma / np.sqrt(2.0), truncate=TRUNCATE
    )
    deviation = np.sqrt(np.where(usable, noise, 1.0) / (4.0 * np.pi * sigma**2))
    return np.where(usable, signal / deviation, 0.0)
