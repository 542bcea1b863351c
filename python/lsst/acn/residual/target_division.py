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

"""Taking the target PSF out of a spectrum."""

from __future__ import annotations

__all__ = ("centred_spectrum", "without_target")

import numpy as np
import scipy.fft

from ..arrays.spectra import shift_to_origin

TINY = 1e-4
"""Frequencies that the target PSF lets through to a smaller part than this are
not there in a restored image; all that the exposures say of them is in the
residual."""


def centred_spectrum(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the transform of a kernel that is centred on pixel (0, 0).

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Odd and square, no larger than ``shape``.
    shape : `tuple` [`int`, `int`]
        Height and width of the images.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Complex128, shape ``(height, width // 2 + 1)``.
    """
    spectrum = scipy.fft.rfft2(np.asarray(kernel, np.float64), s=shape)
    return spectrum * shift_to_origin(shape, len(kernel) // 2)


def without_target(spectrum: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return a spectrum divided by that of the target PSF.

    Who makes a residual and who reads it have to divide in the same way, so
    that the restored image drops out of their sum.

    Parameters
    ----------
    spectrum : `numpy.ndarray`
        Shape ``(height, width // 2 + 1)``.
    target : `numpy.ndarray`
        From `centred_spectrum`, same shape.

    Returns
    -------
    divided : `numpy.ndarray`
        Same shape; next to nothing where ``target`` is below `TINY`.
    """
    return spectrum * np.conj(target) / (np.abs(target) ** 2 + TINY**2)
