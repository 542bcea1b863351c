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

"""Rubin's own deconvolution of a coadd, as ``meas_extensions_scarlet`` has it."""

from __future__ import annotations

__all__ = ("NAME", "deconvolve", "rubin_deconvolution")

from collections.abc import Iterator

import numpy as np
import scipy.fft
from scipy.ndimage import binary_dilation
from scipy.special import erf

from lsst.acn import ExposureStack
from lsst.acn.arrays.spectra import gaussian_spectrum
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.exposures.robust import robust_sigma

from .classic import fill_gaps
from .cost import Cost
from .periodic import MirroredEdges, kernel_spectrum
from .restored import Restored

NAME = "Rubin's deconvolution"

MODEL_SIGMA = 0.8
"""Of the Gaussian, integrated over pixels, that the deconvolved image is at."""

MODEL_RADIUS = 7
MOST_ITERATIONS, LEAST_ITERATIONS = 100, 10
TOLERANCE = 1e-3
"""Relative change of the loss at which it ends."""

LEAST_STEP, COMMON_SHARE = 0.01, 0.1
BRIGHT_SIGMA = 3.0
DETECTION_SIGMA = 5.0
GROWTH = 2.4
"""By how many widths of the PSF the footprints of detections are grown."""


def rubin_deconvolution(stack: ExposureStack, target_fwhm: float) -> Iterator[Restored]:
    r"""Yield the coadd deconvolved as Rubin's pipeline does before deblending.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.

    Yields
    ------
    restored : `Restored`
        At the target PSF.

    Notes
    -----
    ``DeconvolveExposureTask`` of ``lsst.meas.extensions.scarlet`` seeks the
    non-negative image, at a Gaussian of 0.8 pixels, whose convolution is the
    coadd: gradient descent from the coadd, 100 iterations at most, empty
    outside the footprints of detections.  Here the footprints are what stands
    out of the likelihood image by 5 standard deviations, grown by 2.4 widths
    of the PSF as Rubin's detection does, and what comes out is convolved with
    the Gaussian that is missing to the target.
    """
    with Cost() as cost:
        coadd = assemble_coadd(stack)
        kernel = coadd.psf.at(*stack.box.center)[0].astype(np.float64)
        grid = MirroredEdges(stack.shape, stack.psf.radius)
        image = grid.extend(fill_gaps(coadd.image, stack))
        noise = float(np.sqrt(np.nanmedian(coadd.variance)))
        model = deconvolve(image, kernel, noise, footprints(image, kernel))
        missing = (target_fwhm / FWHM_PER_SIGMA) ** 2 - MODEL_SIGMA**2 - 1.0 / 12.0
        at_target = grid.crop(_filtered(model, gaussian_spectrum(grid.shape, missing)))
    yield Restored(NAME, at_target, cost.seconds, cost.peak_mib)


def deconvolve(image: np.ndarray, kernel: np.ndarray, noise: float, allowed: np.ndarray) -> np.ndarray:
    """Return the non-negative image that is an image once it is convolved.

    Parameters
    ----------
    image : `numpy.ndarray`
        Coadd, periodic, float64.
    kernel : `numpy.ndarray`
        Its PSF.
    noise : `float`
        Standard deviation of its sky.
    allowed : `numpy.ndarray`
        `True` where there may be light.

    Returns
    -------
    model : `numpy.ndarray`
        At a Gaussian of `MODEL_SIGMA`, integrated over pixels.
    """
    shape = image.shape
    difference = kernel_spectrum(kernel, shape) / kernel_spectrum(_model_kernel(), shape)
    step = _first_step(image, noise)
    model, losses = image.copy(), []
    for iteration in range(MOST_ITERATIONS):
        residual = image - _filtered(model, difference)
        losses.append(float((residual**2).sum()))
        model = np.maximum(model + step * _filtered(residual, np.conj(difference)), 0.0) * allowed
        if iteration and losses[-1] > losses[-2]:
            step *= 0.5
        if iteration > LEAST_ITERATIONS and abs(losses[-1] - losses[-2]) < TOLERANCE * losses[-1]:
            break
    return model


def footprints(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return where a coadd has sources, and their surroundings.

    Parameters
    ----------
    image : `numpy.ndarray`
        Coadd, periodic.
    kernel : `numpy.ndarray`
        Its PSF.

    Returns
    -------
    allowed : `numpy.ndarray`
        `True` there.
    """
    likelihood = _filtered(image, np.conj(kernel_spectrum(kernel, image.shape)))
    noise = robust_sigma(likelihood)
    # The width of the Gaussian that has as large an effective area.
    growth = int(np.ceil(GROWTH * np.sqrt(1.0 / (4.0 * np.pi * (kernel**2).sum()))))
    rows, columns = np.mgrid[-growth : growth + 1, -growth : growth + 1]
    disc = rows**2 + columns**2 <= growth**2
    return binary_dilation(likelihood > DETECTION_SIGMA * noise, disc)


def _first_step(image: np.ndarray, noise: float) -> float:
    """Return the step of Rubin's ``calculateUpdateStep``: small where there is little light."""
    bright = image > BRIGHT_SIGMA * noise
    signal_to_noise = float(np.median(image[bright])) / noise if bright.any() else 1.0
    return float(np.clip(bright.mean() * np.sqrt(signal_to_noise) / COMMON_SHARE, LEAST_STEP, 1.0))


def _model_kernel() -> np.ndarray:
    edges = np.arange(-MODEL_RADIUS, MODEL_RADIUS + 2) - 0.5
    profile = np.diff(erf(edges / (np.sqrt(2.0) * MODEL_SIGMA)))
    kernel = np.outer(profile, profile)
    return kernel / kernel.sum()


def _filtered(image: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    return scipy.fft.irfft2(scipy.fft.rfft2(image) * spectrum, s=image.shape)
