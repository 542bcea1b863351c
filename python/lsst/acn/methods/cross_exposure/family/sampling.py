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

"""Latent images that are properly sampled: seen through a narrow Gaussian."""

from __future__ import annotations

__all__ = (
    "SAMPLING_FWHM",
    "SAMPLING_VARIANCE",
    "pad_with_halo",
    "sampled_kernel_fwhm",
    "sampling_spectrum",
    "sharpen_spectra",
    "to_latent",
)

import functools
import math

import numpy as np
import scipy.fft

from ....exposures.psf_kernels import FWHM_PER_SIGMA
from ....forward.point_response import MIN_KERNEL_FWHM
from ....machine.threads import for_each

SAMPLING_VARIANCE = 1 / 3
"""Variance in pixels squared, along each axis, of the Gaussian that a sampled
latent image is convolved with.  A point between two pixels of a non-negative
latent image becomes these two, whose third moment differs from that of the
point: bright stars move by .02 pixels and change their width and shape with
their place in the pixel.  This is the variance of a cubic B-spline, the least
with which weights that are not negative can have the first three moments of any
point; with 1/4, stars move by .006 pixels, with 1/3 and 1/2 by .003, and fainter
sources are best between 1/4 and 1/3."""

SAMPLING_FWHM = float(np.sqrt(SAMPLING_VARIANCE)) * FWHM_PER_SIGMA

WEIGHTING_VARIANCE = 1.0
"""Variance of the Gaussian that a latent image and a sampled one are compared
through: exposures see no finer details."""

ITERATIONS = 8
MAX_RATIO = 3.0
STRIP = 512
"""Rows that are worked on at once."""

HALO = 48
TINY = 1e-7
"""Faintest light in a pixel that is told from none, as a share of the brightest."""


def sharpen_spectra(spectra: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    r"""Return the PSFs of exposures as a sampled latent image has them.

    A latent image :math:`x` is a sum of points, which no grid of pixels can
    hold at their places.  In its stead stands :math:`s = g * x`, with the
    Gaussian :math:`g` of `SAMPLING_VARIANCE` that a grid does hold; the
    exposures :math:`f * x` are :math:`f' * s` with :math:`f' = f / g` in
    Fourier space (Magain, Courbin & Sohy 1998).

    Parameters
    ----------
    spectra : `numpy.ndarray`
        Real Fourier transforms of PSF kernels, complex64, shape ``(..., u,
        v)``; overwritten.
    shape : `tuple` [`int`, `int`]
        Height and width of the images they were transformed as.

    Returns
    -------
    sharpened : `numpy.ndarray`
        Same shape.  No frequency is amplified above 1, the sum of a PSF: one
        that is sharper than the Gaussian is left as sharp as a point.
    """
    spectra /= sampling_spectrum(shape)
    size = np.abs(spectra)
    if (size > 1.0).any():
        spectra /= np.maximum(size, np.float32(1.0))
    return spectra


@functools.lru_cache(maxsize=8)
def sampling_spectrum(shape: tuple[int, int], variance: float = SAMPLING_VARIANCE) -> np.ndarray:
    """Return the real Fourier transform of the Gaussian of a sampled latent image.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of images.
    variance : `float`, optional
        Another variance.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Real, float32, shape ``(height, width // 2 + 1)``; read-only.
    """
    along_y, along_x = (
        np.exp(-0.5 * variance * (2 * np.pi * frequencies) ** 2)
        for frequencies in (scipy.fft.fftfreq(shape[0]), scipy.fft.rfftfreq(shape[1]))
    )
    spectrum = np.outer(along_y, along_x).astype(np.float32)
    spectrum.flags.writeable = False
    return spectrum


def sampled_kernel_fwhm(target_fwhm: float) -> float:
    """Return the Gaussian that brings a sampled latent image to the target PSF.

    Parameters
    ----------
    target_fwhm : `float`
        Full width at half maximum, in pixels, that a star is to have.

    Returns
    -------
    fwhm : `float`
        In pixels; `MIN_KERNEL_FWHM` where even that is too wide.
    """
    return math.sqrt(max(target_fwhm**2 - SAMPLING_FWHM**2, MIN_KERNEL_FWHM**2))


def to_latent(sampled: np.ndarray) -> np.ndarray:
    r"""Return the latent image of a sampled one.

    The latent image :math:`x \ge 0` of the sampled :math:`s` has :math:`w * g *
    x` as close to :math:`w * s` as a sum of points on the grid of pixels can,
    with :math:`g` from `sharpen_spectra` and the Gaussian :math:`w` of
    `WEIGHTING_VARIANCE`, by accelerated Richardson-Lucy iterations.

    Parameters
    ----------
    sampled : `numpy.ndarray`
        Non-negative image, shape ``(height, width)``.

    Returns
    -------
    latent : `numpy.ndarray`
        Float32, same shape and sum.
    """
    latent = np.empty(sampled.shape, np.float32)

    def restore_strip(number: int) -> None:
        start = number * STRIP
        first = max(start - HALO, 0)
        rows = sampled[first : start + STRIP + HALO].astype(np.float32, copy=False)
        latent[start : start + STRIP] = _sharpen_rows(rows)[start - first :][:STRIP]

    for_each(restore_strip, -(-len(sampled) // STRIP))
    return latent


def _sharpen_rows(rows: np.ndarray) -> np.ndarray:
    """Return what `to_latent` makes of some rows."""
    if not rows.any():
        return rows
    image, inside = pad_with_halo(rows)
    shape = image.shape
    sampling, weighting = sampling_spectrum(shape), sampling_spectrum(shape, WEIGHTING_VARIANCE)
    both = sampling * weighting

    def blurred(image: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
        return np.maximum(
            scipy.fft.irfft2(spectrum * scipy.fft.rfft2(image), s=shape), np.float32(TINY * image.max())
        )

    target = blurred(image, weighting)
    # What is sharp already is likely a star: most of the way in one step.
    latent = image * np.minimum(image / blurred(image, sampling), MAX_RATIO) ** 3
    previous = latent
    for number in range(ITERATIONS):
        # Nesterov's steps depend on nothing but their number: strips have no seams.
        ahead = np.float32(max(number - 1, 0) / (number + 2))
        point = np.maximum(latent + ahead * (latent - previous), 0.0)
        previous = latent
        latent = point * blurred(target / blurred(point, both), both)
    return latent[inside]


def pad_with_halo(image: np.ndarray) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Return an image among its mirror images, of sizes that transform fast.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape ``(height, width)``.

    Returns
    -------
    padded : `numpy.ndarray`
        With half of `HALO` or more pixels on every side.
    inside : `tuple` [`slice`, `slice`]
        Where the image is.
    """
    before = HALO // 2
    added = [(before, scipy.fft.next_fast_len(side + HALO) - side - before) for side in image.shape]
    height, width = image.shape
    inside = slice(before, before + height), slice(before, before + width)
    return np.pad(image, added, mode="symmetric"), inside
