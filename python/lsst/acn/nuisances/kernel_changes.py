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

"""PSF kernels that are moved, stretched and sheared by a little."""

from __future__ import annotations

__all__ = ("core_center", "corrected_kernels", "psf_variance", "stretch_changes")

import numpy as np
import scipy.fft
from scipy.ndimage import map_coordinates

LEAST_STRETCH = 0.2
"""Square of the factor by which no kernel is made narrower along any direction."""

SPLINE_ORDER = 5
"""Of the splines between the pixels of a kernel."""


def psf_variance(kernel: np.ndarray) -> float:
    """Return the variance along each axis of a Gaussian as wide as a PSF's core.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        PSF kernel of unit sum.

    Returns
    -------
    variance : `float`
        In pixels squared, from the area over which the PSF spreads noise.
    """
    return float(1.0 / (4.0 * np.pi * np.sum(kernel.astype(np.float64) ** 2)))


def core_center(kernel: np.ndarray) -> tuple[float, float]:
    """Return where the core of a PSF is, about which it is stretched.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        PSF kernel, shape ``(k, k)``.

    Returns
    -------
    y, x : `float`
        From the middle of its stamp, weighted by the square of the light.
    """
    along, weight = np.arange(len(kernel)) - len(kernel) // 2, kernel.astype(np.float64) ** 2
    return float(weight.sum(1) @ along / weight.sum()), float(weight.sum(0) @ along / weight.sum())


def corrected_kernels(kernels: np.ndarray, changes: np.ndarray) -> np.ndarray:
    r"""Return kernels whose place, size and shape are changed.

    The atmosphere and the optics make a PSF wider or longer with its wings,
    as if it were drawn on rubber: a kernel f becomes

    .. math::

        f'(r) = f\left(A^{-1} (r - d)\right) / |A|,\qquad
        A^2 = 1 + \frac{1}{\sigma^2}
        \begin{pmatrix} v + p & q \\ q & v - p \end{pmatrix},

    so that its core, of variance :math:`\sigma^2` along each axis, is moved by
    d, and has second moments larger by :math:`v + p`, :math:`v - p` and
    :math:`q` along x, along y and across.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Shape ``(n, ..., k, k)``; all NaN where there is none.
    changes : `numpy.ndarray`
        :math:`d_x`, :math:`d_y` in pixels, :math:`v`, :math:`p`, :math:`q` in
        pixels squared, of each exposure, shape ``(n, 5)``.

    Returns
    -------
    corrected : `numpy.ndarray`
        Float32, same shape, those that are changed of unit sum.
    """
    corrected = np.array(kernels, np.float32)
    # An exposure at a time: on a large patch each has hundreds of kernels.
    for of_exposure, change in zip(corrected, np.asarray(changes, np.float64).reshape(-1, 5), strict=True):
        if change.any():
            stretched = of_exposure.astype(np.float64)
            for kernel in stretched.reshape(-1, *kernels.shape[-2:]):
                kernel[:] = _stretched(kernel, *change[2:])
            of_exposure[:] = _of_unit_sum(_moved(stretched, *change[:2]))
    return corrected


def _of_unit_sum(kernels: np.ndarray) -> np.ndarray:
    """Return kernels, all of whose light is in the stamp: what is moved out of it is little."""
    total = kernels.sum(axis=(-1, -2), keepdims=True)
    return kernels / np.where(np.isnan(total), 1.0, total)


def _stretched(kernel: np.ndarray, width: float, plus: float, cross: float) -> np.ndarray:
    """Return a kernel drawn on rubber that is pulled; one that is not there stays as it is."""
    if np.isnan(kernel).any() or not (width or plus or cross):
        return kernel
    square = np.array([[width - plus, cross], [cross, width + plus]]) / psf_variance(kernel) + np.eye(2)
    squares, axes = np.linalg.eigh(square)
    back = (axes / np.sqrt(np.maximum(squares, LEAST_STRETCH))) @ axes.T
    middle = len(kernel) // 2
    center = np.array(core_center(kernel))[:, None]
    places = np.mgrid[-middle : middle + 1, -middle : middle + 1].reshape(2, -1) - center
    stretched = map_coordinates(kernel, back @ places + center + middle, order=SPLINE_ORDER, mode="constant")
    return stretched.reshape(kernel.shape) * np.linalg.det(back)


def _moved(kernels: np.ndarray, shift_x: float, shift_y: float) -> np.ndarray:
    """Return kernels that are moved, through their transforms."""
    if not (shift_x or shift_y):
        return kernels
    size = kernels.shape[-1]
    full = scipy.fft.next_fast_len(2 * size, real=True)
    y, x = scipy.fft.fftfreq(full)[:, None], scipy.fft.rfftfreq(full)[None, :]
    spectra = scipy.fft.rfft2(np.nan_to_num(kernels), (full, full))
    turned = spectra * np.exp(-2j * np.pi * (x * shift_x + y * shift_y))
    moved = scipy.fft.irfft2(turned, (full, full))[..., :size, :size]
    return np.where(np.isnan(kernels), np.nan, moved)


def stretch_changes(
    changes: np.ndarray, variance: float, center: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    r"""Return how a kernel changes when it is stretched.

    For :math:`v`, :math:`p` and :math:`q` of `corrected_kernels`, to first
    order: :math:`-(2 f + x f_x + y f_y) / 2\sigma^2`,
    :math:`-(x f_x - y f_y) / 2\sigma^2` and
    :math:`-(x f_y + y f_x) / 2\sigma^2`.

    Parameters
    ----------
    changes : `numpy.ndarray`
        The kernel and its changes with its place,
        :math:`f, -f_x, -f_y`, shape ``(3, k, k)``.
    variance : `float`
        Of its core.
    center : `tuple` [`float`, `float`], optional
        Where it is, (y, x) from the middle of the stamp.

    Returns
    -------
    changes : `numpy.ndarray`
        Shape ``(3, k, k)``.
    """
    middle = changes.shape[-1] // 2
    along = np.arange(-middle, middle + 1)
    along_y, along_x = along[:, None] - center[0], along[None, :] - center[1]
    kernel, with_x, with_y = changes
    width = along_x * with_x + along_y * with_y - 2.0 * kernel
    plus = along_x * with_x - along_y * with_y
    cross = along_x * with_y + along_y * with_x
    return np.stack([width, plus, cross]) / (2.0 * variance)
