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

"""Spectra that are known in closed form, and products with them."""

from __future__ import annotations

__all__ = ("filter_spectrum", "filtered", "gaussian_spectrum", "shift_to_origin")

import functools
from typing import Any

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter

from .namespace import Arrays


@functools.lru_cache(maxsize=32)
def gaussian_spectrum(shape: tuple[int, int], variance: float) -> np.ndarray:
    """Return the real Fourier transform of a Gaussian of unit sum.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of images.
    variance : `float`
        Along each axis, in pixels squared.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Real, float32, shape ``(height, width // 2 + 1)``; read-only.
    """
    along_y, along_x = (
        np.exp(-0.5 * variance * (2 * np.pi * frequencies) ** 2)
        for frequencies in (scipy.fft.fftfreq(shape[0]), scipy.fft.rfftfreq(shape[1]))
    )
    return _read_only(np.outer(along_y, along_x).astype(np.float32))


@functools.lru_cache(maxsize=64)
def filter_spectrum(shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return what SciPy's Gaussian filter, which is cut off, makes of each frequency.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of images, which are periodic.
    sigma : `float`
        Standard deviation in pixels.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Real, float32, shape ``(height, width // 2 + 1)``; read-only.
    """
    point = np.zeros(shape)
    point[0, 0] = 1.0
    return _read_only(scipy.fft.rfft2(gaussian_filter(point, sigma, mode="wrap")).real.astype(np.float32))


@functools.lru_cache(maxsize=32)
def shift_to_origin(shape: tuple[int, int], radius: int) -> np.ndarray:
    """Return the phases that move an image's pixel (radius, radius) to (0, 0).

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of the image, which is periodic.
    radius : `int`
        In pixels.

    Returns
    -------
    phases : `numpy.ndarray`
        Complex64, shape ``(height, width // 2 + 1)``; read-only.
    """
    shift_y = np.exp(2j * np.pi * radius * scipy.fft.fftfreq(shape[0]))
    shift_x = np.exp(2j * np.pi * radius * scipy.fft.rfftfreq(shape[1]))
    return _read_only(np.outer(shift_y, shift_x).astype(np.complex64))


def filtered(xp: Arrays, image: Any, spectrum: Any) -> Any:
    """Return a periodic image whose frequencies are multiplied by real numbers.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    image : array
        Shape ``(..., height, width)``.
    spectrum : array
        Shape ``(..., height, width // 2 + 1)``.

    Returns
    -------
    filtered : array
        Shape of ``image``.
    """
    shape = tuple(image.shape[-2:])
    return xp.irfft2(xp.scaled(xp.rfft2(image, shape), spectrum), shape)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
