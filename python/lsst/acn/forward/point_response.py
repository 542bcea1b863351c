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

"""How a restoration spreads a star, and what is left to reach the target PSF."""

from __future__ import annotations

__all__ = ("PIXEL_GRID_RESPONSE", "gaussian_width", "matching_fwhm", "measure_point_response")

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.ndimage import convolve, fourier_shift
from scipy.optimize import brentq, minimize_scalar

from ..coadd.robust_coadd import robust_coadd
from ..exposures.boxes import Box
from ..exposures.psf_kernels import gaussian_kernel
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack

REGION_SIZE = 256
"""Side in pixels of the part of a patch that stars are put into."""

STAMP_RADIUS = 10
SIGNAL_TO_NOISE = 1000.0
"""Of the injected stars, by matched filter on all exposures: that of the stars
that a PSF is measured from.  Fainter ones are spread more by what a network has
learned of the noise: the paper's network gave stars of 100 a latent FWHM of 1.62
pixels, of 300 one of 1.37, of 1000 and 3000 one of 1.31 and 1.30."""

PIXEL_GRID_RESPONSE = np.outer([1 / 12, 5 / 6, 1 / 12], [1 / 12, 5 / 6, 1 / 12])
"""What the best non-negative image on a grid of pixels makes of a point, on
average: a point at a fraction f between two pixels is shared by them, which has
a variance of f (1 - f), 1/6 in the mean."""

TOLERANCE = 1e-7
"""Of widths, in pixels: rounding of the exposures must not show in the image."""

MIN_KERNEL_FWHM = 1.0
"""Pixels below which a Gaussian kernel is as good as none."""


def measure_point_response(
    exposures: ExposureSource, restore_latent: Callable[[ExposureStack], np.ndarray]
) -> np.ndarray:
    """Return how a fitted restoration spreads the light of a star.

    Equal stars are added to all exposures of a part of the patch, where there
    is little light, each at a fraction of a pixel of its own, and the change
    of the latent image around their places is averaged.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures that the restoration was fitted to.
    restore_latent : `~collections.abc.Callable`
        Takes a stack of the same exposures on another box, and returns its
        latent image.

    Returns
    -------
    response : `numpy.ndarray`
        Mean response of the latent image to a star of unit flux, shape
        ``(2 r + 1, 2 r + 1)``.  All zero if the stars left no trace.
    """
    part = exposures.cutout(_region(exposures.box))
    rows, columns = _quiet_places(part)
    offsets = _offsets(len(rows))
    radius = part.psf.radius
    flux = SIGNAL_TO_NOISE * _point_source_noise(part)
    change = restore_latent(_with_stars(part, rows, columns, offsets, flux)) - restore_latent(part)
    # A patch may be smaller than a stamp.
    change = np.pad(change, STAMP_RADIUS)
    reach = np.arange(2 * STAMP_RADIUS + 1)
    stamps = change[
        (rows + radius)[:, None, None] + reach[:, None], (columns + radius)[:, None, None] + reach
    ]
    centred = [_shifted(stamp, -offset) for stamp, offset in zip(stamps, offsets, strict=True)]
    return np.mean(centred, axis=0) / flux


def _offsets(number: int) -> np.ndarray:
    """Return fractions of a pixel that fill the pixel evenly (R2 sequence)."""
    steps = np.array([0.7548776662466927, 0.5698402909980532])
    return (0.5 + np.arange(number)[:, None] * steps) % 1.0 - 0.5


def _shifted(stamp: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return np.fft.ifft2(fourier_shift(np.fft.fft2(stamp), offset)).real


def _region(box: Box) -> Box:
    """Return the middle of a box, no larger than what is needed."""
    height, width = (min(size, REGION_SIZE) for size in box.shape)
    y, x = box.y_start + (box.shape[0] - height) // 2, box.x_start + (box.shape[1] - width) // 2
    return Box(y, y + height, x, x + width)


def _point_source_noise(part: ExposureStack) -> float:
    kernels = part.psf.at(*part.box.center)
    information = (kernels**2).sum(axis=(1, 2)) / (part.sampling**2 * part.median_variances())
    return float(1.0 / np.sqrt(information.sum()))


def _quiet_places(part: ExposureStack) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns, a PSF kernel apart, with little light around."""
    step = max(part.psf.size, 2 * STAMP_RADIUS + 1)
    centres = [
        np.arange(step // 2, size - step // 2, step) if size > 2 * (step // 2) else np.array([size // 2])
        for size in part.shape
    ]
    rows, columns = (places.ravel() for places in np.meshgrid(*centres, indexing="ij"))
    light = np.abs(robust_coadd(part.image, part.variance, part.valid))
    near = step // 4
    level = [
        light[max(y - near, 0) : y + near + 1, max(x - near, 0) : x + near + 1].mean()
        for y, x in zip(rows, columns, strict=True)
    ]
    quiet = np.argsort(level, kind="stable")[: (len(level) + 1) // 2]
    return rows[quiet], columns[quiet]


def _with_stars(
    part: ExposureStack, rows: np.ndarray, columns: np.ndarray, offsets: np.ndarray, flux: float
) -> ExposureStack:
    radius = part.psf.radius
    kernels = part.psf.at(*part.box.center)
    image = np.pad(part.image, [(0, 0), (radius, radius), (radius, radius)])
    for row, column, offset in zip(rows, columns, offsets, strict=True):
        for plane, kernel in zip(image, kernels, strict=True):
            size = len(kernel)
            plane[row : row + size, column : column + size] += flux * _shifted(kernel, offset)
    inside = np.s_[:, radius:-radius, radius:-radius]
    return dataclasses.replace(part, image=image[inside])


def gaussian_width(stamp: np.ndarray) -> float:
    """Return the full width at half maximum of the best round Gaussian.

    Parameters
    ----------
    stamp : `numpy.ndarray`
        Image of a star in the middle of an odd stamp.

    Returns
    -------
    fwhm : `float`
        In pixels, by least squares over centred Gaussians of any height.
    """
    size = len(stamp)

    def misfit(fwhm: float) -> float:
        model = gaussian_kernel(fwhm, size, np.float64)
        return -(float((stamp * model).sum()) ** 2) / float((model**2).sum())

    return float(
        minimize_scalar(misfit, bounds=(0.3, size / 1.5), method="bounded", options={"xatol": TOLERANCE}).x
    )


def matching_fwhm(response: np.ndarray, target_fwhm: float) -> float:
    """Return the Gaussian that brings a restoration to the target PSF.

    Parameters
    ----------
    response : `numpy.ndarray`
        From `measure_point_response`.
    target_fwhm : `float`
        Full width at half maximum, in pixels, that a star is to have.

    Returns
    -------
    fwhm : `float`
        Width of the Gaussian to convolve the latent image with, so that stars
        have the target PSF; `MIN_KERNEL_FWHM` where even that is too wide, and
        ``target_fwhm`` where the response is narrower than a pixel.
    """

    def excess(fwhm: float) -> float:
        kernel = gaussian_kernel(fwhm, dtype=np.float64)
        # All that the Gaussian reaches.
        stamp = convolve(np.pad(response, len(kernel) // 2), kernel, mode="constant")
        return gaussian_width(stamp) - target_fwhm

    if not response.any() or excess(target_fwhm) <= 0:
        return target_fwhm
    if excess(MIN_KERNEL_FWHM) >= 0:
        return MIN_KERNEL_FWHM
    return float(brentq(excess, MIN_KERNEL_FWHM, target_fwhm, xtol=TOLERANCE))
