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

"""The restored image with its residual added, for detection and measurement."""

from __future__ import annotations

__all__ = ("CompletedImage", "complete_image")

import dataclasses

import numpy as np
import scipy.fft

from ..arrays.spectra import gaussian_spectrum
from ..exposures.psf_kernels import FWHM_PER_SIGMA, PsfKernels
from ..residual.target_division import without_target
from .cell_filters import CellSpectra, cell_spectra, filtered_sum
from .flux_images import FluxImages

LEAST_POWER = 1e-4
"""Power of the exposures' PSFs, at a frequency, below which the residual is not
amplified any more: there, 99 % of the light is not in the exposures."""


@dataclasses.dataclass(frozen=True, eq=False)
class CompletedImage:
    """An image that lacks nothing of what the exposures say.

    Parameters
    ----------
    image : `numpy.ndarray`
        Pixel values, float32, shape ``box.shape``.
    variance : `numpy.ndarray`
        Variance of white noise that has the noise of ``image`` once both are
        smoothed by the PSF, float32, same shape.
    psf : `PsfKernels`
        PSF of ``image``, as of one exposure.
    """

    image: np.ndarray
    variance: np.ndarray
    psf: PsfKernels


def complete_image(images: FluxImages, fwhm: float | None = None) -> CompletedImage:
    r"""Return the restored image with its residual, at a PSF that the noise allows.

    The sum of the restored image :math:`p` at the target PSF :math:`T` and of
    the residual :math:`R` at its PSF :math:`P`, both brought to the PSF
    :math:`U`,

    .. math::

        C = \frac{U}{T} * p + \frac{U}{P} * R,

    is linear in the exposures, for the restored image drops out of it: every
    source has the PSF :math:`U` and its whole flux, and the noise is as
    likely to be below 0 as above.  Its power is :math:`U^2 / P`.  So it is
    white for :math:`U = \sqrt P`, the PSF of the proper coadd (Zackay & Ofek
    2017, part II): smoothed by it, the image is the matched filter of all
    exposures, and an algorithm that takes the noise for white, as those of
    the Rubin pipelines do, makes no error.  With a narrower PSF the noise of
    the highest frequencies rules: smoothed by a Gaussian PSF it is finite
    only above .71 of the exposures' width, and sources are lost long before.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    fwhm : `float`, optional
        Full width at half maximum in pixels of a Gaussian to be :math:`U`,
        for images that are to have the same PSF, such as those of several
        bands; by default :math:`\sqrt P`.

    Returns
    -------
    completed : `CompletedImage`
        The image.
    """

    def filters(spectra: CellSpectra) -> tuple[np.ndarray, np.ndarray, float]:
        weight = _residual_weight(spectra, fwhm)
        reached = weight * spectra.power
        # Smoothed by the PSF, as white noise of the same variance is.
        smoothed = spectra.sum(reached**2 * weight**2 * spectra.power) / spectra.sum(reached**2)
        return without_target(reached, spectra.target), weight, smoothed / spectra.peak

    image, variance = filtered_sum(images, filters, images.residual.psf.radius)
    return CompletedImage(image, variance, _psf(images, fwhm))


def _residual_weight(spectra: CellSpectra, fwhm: float | None) -> np.ndarray:
    """Return what brings the residual to the PSF."""
    power = spectra.power
    if fwhm is None:
        wanted = np.sqrt(power)
    else:
        wanted = gaussian_spectrum(spectra.shape, (fwhm / FWHM_PER_SIGMA) ** 2)
    weight = wanted * power / (power**2 + LEAST_POWER**2)
    return weight / (weight[0, 0] * power[0, 0])


def _psf(images: FluxImages, fwhm: float | None) -> PsfKernels:
    """Return the PSF of the completed image in each cell, of the exposures' size."""
    psf = images.residual.psf
    radius = psf.radius // 2
    kernels = np.full((1, *psf.kernels.shape[1:3], 2 * radius + 1, 2 * radius + 1), np.nan, np.float32)
    for i, j in np.ndindex(*psf.kernels.shape[1:3]):
        if np.isnan(psf.kernels[0, i, j]).all():
            continue
        y = psf.box.y_start + (i + 0.5) * psf.cell_shape[0] - 0.5
        x = psf.box.x_start + (j + 0.5) * psf.cell_shape[1] - 0.5
        shape = (2 * psf.size, 2 * psf.size)
        spectra = cell_spectra(images, y, x, shape)
        stamp = scipy.fft.irfft2(_residual_weight(spectra, fwhm) * spectra.power, s=shape)
        reach = np.arange(-radius, radius + 1)
        kernel = stamp[reach[:, None], reach]
        kernels[0, i, j] = kernel / kernel.sum()
    return PsfKernels(kernels, psf.box, psf.cell_shape)
