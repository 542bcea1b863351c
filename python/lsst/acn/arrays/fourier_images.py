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

"""Convolution and finer sampling by Fourier transforms, in SciPy's own arithmetic.

To the last bit what ``scipy.signal`` returns, whose import takes half a second
of every process, more than all of this package.
"""

from __future__ import annotations

__all__ = ("convolved", "sampled_finer")

import numpy as np
import scipy.fft


def convolved(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return an image, with zeros around it, convolved with a kernel.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape ``(height, width)``.
    kernel : `numpy.ndarray`
        Smaller, with sides of at least 2 pixels.

    Returns
    -------
    convolved : `numpy.ndarray`
        Shape of ``image``, as ``scipy.signal.fftconvolve`` with ``"same"``.
    """
    full = [side + more - 1 for side, more in zip(image.shape, kernel.shape, strict=True)]
    shape = [scipy.fft.next_fast_len(side, real=True) for side in full]
    # Named, so that NumPy does not multiply in place, the other way round.
    one, other = scipy.fft.rfft2(image, shape), scipy.fft.rfft2(kernel, shape)
    product = one * other
    starts = [(side - own) // 2 for side, own in zip(full, image.shape, strict=True)]
    inside = tuple(slice(start, start + own) for start, own in zip(starts, image.shape, strict=True))
    return scipy.fft.irfft2(product, shape)[inside]


def sampled_finer(image: np.ndarray, factor: int) -> np.ndarray:
    """Return an image on a finer grid, between whose pixels it is band-limited.

    Parameters
    ----------
    image : `numpy.ndarray`
        Periodic, shape ``(height, width)``.
    factor : `int`
        Samples per pixel along each axis, at least 2.

    Returns
    -------
    finer : `numpy.ndarray`
        Shape ``(factor * height, factor * width)``, as
        ``scipy.signal.resample`` along both axes.
    """
    return _finer_rows(_finer_rows(image.T, factor).T, factor)


def _finer_rows(image: np.ndarray, factor: int) -> np.ndarray:
    side = image.shape[-1]
    spectrum = scipy.fft.rfft(image)
    if side % 2 == 0:
        # The highest frequency of the coarse grid is shared by two of the fine one.
        spectrum[..., side // 2] *= 0.5
    return scipy.fft.irfft(spectrum / (1.0 / factor), n=factor * side)
