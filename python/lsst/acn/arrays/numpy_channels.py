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

"""The layers of a small convolutional network by NumPy, as products of matrices."""

from __future__ import annotations

__all__ = ("convolve_channels", "gelu", "spread_channels")

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..machine.threads import for_each

PIXELS_AT_A_TIME = 2048
"""Pixels whose surroundings are gathered into one matrix that stays in the cache."""

NUMBERS_AT_A_TIME = 2**15

ERF_SCALE = 0.3275911
ERF_TERMS = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""Abramowitz & Stegun (1964), 7.1.26: right to 1.5e-7."""


SMALLEST_LOG = -80.0


def convolve_channels(
    images: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray,
    stride: int = 1,
    dilation: int = 1,
    activate: bool = False,
) -> np.ndarray:
    """Return the convolution of a network, as Keras has it with padding ``same``.

    Parameters
    ----------
    images : `numpy.ndarray`
        Shape ``(b, height, width, n_in)``, float32.
    kernel : `numpy.ndarray`
        Shape ``(rows, columns, n_in, n_out)``.
    bias : `numpy.ndarray`
        Added to the result, shape ``(n_out,)``.
    stride, dilation : `int`, optional
        Pixels between those that there is a result for, and between those
        that are seen together.
    activate : `bool`, optional
        Whether `gelu` is applied to the result.

    Returns
    -------
    convolved : `numpy.ndarray`
        Shape ``(b, height / stride, width / stride, n_out)``, rounded up.
    """
    reach = [(side - 1) * dilation + 1 for side in kernel.shape[:2]]
    out = [-(-side // stride) for side in images.shape[1:3]]
    missing = [
        max((number - 1) * stride + seen - side, 0)
        for number, seen, side in zip(out, reach, images.shape[1:3], strict=True)
    ]
    padded = np.pad(images, [(0, 0), *((total // 2, total - total // 2) for total in missing), (0, 0)])
    seen = sliding_window_view(padded, reach, axis=(1, 2))[:, ::stride, ::stride, :, ::dilation, ::dilation]
    matrix = kernel.reshape(-1, kernel.shape[-1])
    return _products(seen.transpose(0, 1, 2, 4, 5, 3), matrix, bias, activate)


def spread_channels(images: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Return the transpose of the convolution of a network, with padding ``same``.

    Parameters
    ----------
    images : `numpy.ndarray`
        Shape ``(b, height, width, n_in)``, float32.
    kernel : `numpy.ndarray`
        Shape ``(2 stride, 2 stride, n_out, n_in)``.
    bias : `numpy.ndarray`
        Added to the result, shape ``(n_out,)``.
    stride : `int`
        Even: how much larger images become.

    Returns
    -------
    spread : `numpy.ndarray`
        Shape ``(b, stride height, stride width, n_out)``.
    """
    batch, height, width, _ = images.shape
    n_out = kernel.shape[2]
    result = np.empty((batch, height, stride, width, stride, n_out), np.float32)
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    for row in range(stride):
        for column in range(stride):
            # Two pixels along each axis reach this one: the nearest, and that on the other side.
            (y, taps_y), (x, taps_x) = _reaching(row, stride), _reaching(column, stride)
            part = kernel[np.ix_(taps_y, taps_x)].transpose(0, 1, 3, 2).reshape(-1, n_out)
            seen = sliding_window_view(padded[:, y : y + height + 1, x : x + width + 1], (2, 2), axis=(1, 2))
            result[:, :, row, :, column] = _products(seen.transpose(0, 1, 2, 4, 5, 3), part, bias)
    return result.reshape(batch, stride * height, stride * width, n_out)


def _reaching(place: int, stride: int) -> tuple[int, tuple[int, int]]:
    """Return the first of the two pixels, of a padded row, that reach a place
    in an enlarged pixel, and which parts of the kernel they reach it by.
    """
    before = place + stride // 2
    if before >= stride:
        return 1, (before, before - stride)
    return 0, (before + stride, before)


def _products(seen: np.ndarray, matrix: np.ndarray, bias: np.ndarray, activate: bool = False) -> np.ndarray:
    """Return what surroundings, shape ``(b, height, width, ...)``, are mapped to."""
    batch, height, width = seen.shape[:3]
    result = np.empty((batch, height, width, matrix.shape[-1]), np.float32)
    step = max(PIXELS_AT_A_TIME // width, 1)

    def work(number: int) -> None:
        image, rows = number % batch, slice(number // batch * step, (number // batch + 1) * step)
        part = seen[image, rows].reshape(-1, matrix.shape[0])
        numbers = np.matmul(part, matrix, out=result[image, rows].reshape(-1, matrix.shape[-1]))
        numbers += bias
        if activate:
            _gelu(numbers)

    for_each(work, batch * -(-height // step))
    return result


def gelu(images: np.ndarray) -> np.ndarray:
    r"""Return :math:`x\,\Phi(x)`, with the normal distribution function :math:`\Phi`.

    Parameters
    ----------
    images : `numpy.ndarray`
        Contiguous float32 numbers; overwritten.

    Returns
    -------
    activated : `numpy.ndarray`
        The same array.
    """
    flat = images.reshape(-1)
    for_each(
        lambda number: _gelu(flat[number * NUMBERS_AT_A_TIME : (number + 1) * NUMBERS_AT_A_TIME]),
        -(-flat.size // NUMBERS_AT_A_TIME),
    )
    return images


def _gelu(numbers: np.ndarray) -> None:
    size = np.abs(numbers)
    share = size * np.float32(ERF_SCALE * 0.5**0.5)
    share += np.float32(1.0)
    np.reciprocal(share, out=share)
    tail = numbers * numbers
    tail *= np.float32(-0.5)
    # Numbers that are too small to be normal would be slow to work with.
    np.maximum(tail, np.float32(SMALLEST_LOG), out=tail)
    np.exp(tail, out=tail)
    tail *= size
    # The tail beyond |x|, times |x|: what x Phi(x) is less than x, or less than 0.
    sum_of_terms = np.multiply(share, np.float32(0.5 * ERF_TERMS[-1]), out=size)
    for term in ERF_TERMS[-2::-1]:
        sum_of_terms += np.float32(0.5 * term)
        sum_of_terms *= share
    tail *= sum_of_terms
    np.maximum(numbers, np.float32(0.0), out=numbers)
    numbers -= tail
