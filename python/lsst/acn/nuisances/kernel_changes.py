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

"""PSF kernels that are moved, widened and sheared by a little."""

from __future__ import annotations

__all__ = ("corrected_kernels",)

import numpy as np
import scipy.fft

MOST_SHARPENING = 1.0
"""Logarithm of the factor by which no frequency of a kernel is amplified more."""


def corrected_kernels(kernels: np.ndarray, changes: np.ndarray) -> np.ndarray:
    r"""Return kernels whose place and second moments are changed.

    Each kernel's transform is multiplied by

    .. math::

        \exp\left(-2\pi^2\,(v\,|u|^2 + p\,(u_x^2 - u_y^2) + 2 q\,u_x u_y)
        - 2\pi i\,(u_x d_x + u_y d_y)\right),

    which moves it by :math:`d` and adds :math:`v + p`, :math:`v - p` and
    :math:`q` to its second moments along x, along y and across.

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
        Float32, same shape, each of unit sum.
    """
    changes = np.asarray(changes, np.float64).reshape(len(kernels), 5, *[1] * (kernels.ndim - 1))
    shift_x, shift_y, width, plus, cross = (changes[:, index] for index in range(5))
    size = kernels.shape[-1]
    full = scipy.fft.next_fast_len(2 * size, real=True)
    y, x = scipy.fft.fftfreq(full)[:, None], scipy.fft.rfftfreq(full)[None, :]
    moments = width * (x**2 + y**2) + plus * (x**2 - y**2) + 2.0 * cross * x * y
    transfer = np.exp(np.minimum(-2.0 * np.pi**2 * moments, MOST_SHARPENING))
    transfer = transfer * np.exp(-2j * np.pi * (x * shift_x + y * shift_y))
    spectra = scipy.fft.rfft2(np.nan_to_num(kernels.astype(np.float64)), (full, full))
    corrected = scipy.fft.irfft2(spectra * transfer, (full, full))[..., :size, :size]
    total = corrected.sum(axis=(-1, -2), keepdims=True)
    missing = np.isnan(kernels).all(axis=(-1, -2), keepdims=True)
    # What is moved out of the stamp is little, and goes back to where the rest is.
    return np.where(missing, np.nan, corrected / np.where(missing, 1.0, total)).astype(np.float32)
