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
    "sharpen_spectra",
    "to_latent",
)

import functools
import math
from typing import Any

import numpy as np
import scipy.fft

from ....arrays.namespace import Arrays
from ....arrays.numpy_arrays import numpy_arrays
from ....arrays.spectra import filtered, gaussian_spectrum
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


def sharpen_spectra(xp: Arrays, spectra: Any, shape: tuple[int, int]) -> Any:
    r"""Return the PSFs of exposures as a sampled latent image has them.

    A latent image :math:`x` is a sum of points, which no grid of pixels can
    hold at their places.  In its stead stands :math:`s = g * x`, with the
    Gaussian :math:`g` of `SAMPLING_VARIANCE` that a grid does hold; the
    exposures :math:`f * x` are :math:`f' * s` with :math:`f' = f / g` in
    Fourier space (Magain, Courbin & Sohy 1998).

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    spectra : array
        Real Fourier transforms of PSF kernels, complex64, shape ``(..., u,
        v)``.
    shape : `tuple` [`int`, `int`]
        Height and width of the images they were transformed as.

    Returns
    -------
    sharpened : array
        Same shape.  No frequency is amplified above 1, the sum of a PSF: one
        that is sharper than the Gaussian is left as sharp as a point.
    """
    sharpened = xp.scaled(spectra, xp.constant(_sharpening(shape)))
    return xp.scaled(sharpened, 1.0 / xp.maximum(xp.sqrt(xp.abs2(sharpened)), np.float32(1.0)))


@functools.lru_cache(maxsize=8)
def _sharpening(shape: tuple[int, int]) -> np.ndarray:
    return 1.0 / gaussian_spectrum(shape, SAMPLING_VARIANCE)


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


def to_latent(sampled: np.ndarray, xp: Arrays | None = None) -> np.ndarray:
    r"""Return the latent image of a sampled one.

    The latent image :math:`x \ge 0` of the sampled :math:`s` has :math:`w * g *
    x` as close to :math:`w * s` as a sum of points on the grid of pixels can,
    with :math:`g` from `sharpen_spectra` and the Gaussian :math:`w` of
    `WEIGHTING_VARIANCE`, by accelerated Richardson-Lucy iterations.

    Parameters
    ----------
    sampled : `numpy.ndarray`
        Non-negative image, shape ``(height, width)``.
    xp : `Arrays`, optional
        Array functions, if not those of NumPy.

    Returns
    -------
    latent : `numpy.ndarray`
        Float32, same shape and sum.
    """
    xp = numpy_arrays() if xp is None else xp
    latent = np.empty(sampled.shape, np.float32)

    def restore_strip(number: int) -> None:
        start = number * STRIP
        first = max(start - HALO, 0)
        rows = sampled[first : start + STRIP + HALO].astype(np.float32, copy=False)
        if rows.any():
            image, inside = pad_with_halo(rows)
            rows = xp.to_numpy(xp.run(_sharpen, xp.constant(image)))[inside]
        latent[start : start + STRIP] = rows[start - first :][:STRIP]

    for_each(restore_strip, -(-len(sampled) // STRIP))
    return latent


def _sharpen(xp: Arrays, image: Any) -> Any:
    """Return what `to_latent` makes of a periodic image."""
    shape = tuple(image.shape)
    sampling, weighting = (
        xp.constant(gaussian_spectrum(shape, variance))
        for variance in (SAMPLING_VARIANCE, WEIGHTING_VARIANCE)
    )
    both = sampling * weighting

    def blurred(image: Any, spectrum: Any) -> Any:
        return xp.maximum(filtered(xp, image, spectrum), np.float32(TINY) * xp.max(image))

    target = blurred(image, weighting)
    # What is sharp already is likely a star: most of the way in one step.
    latent = image * xp.minimum(image / blurred(image, sampling), np.float32(MAX_RATIO)) ** 3
    previous = latent
    for number in range(ITERATIONS):
        # Nesterov's steps depend on nothing but their number: strips have no seams.
        ahead = np.float32(max(number - 1, 0) / (number + 2))
        point = xp.maximum(latent + ahead * (latent - previous), np.float32(0.0))
        previous = latent
        latent = point * blurred(target / blurred(point, both), both)
    return latent


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
