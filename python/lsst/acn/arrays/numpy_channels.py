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

"""The layers of a small convolutional network by NumPy, strip by strip of rows."""

from __future__ import annotations

__all__ = ("by_strips", "convolve_symmetric")

from collections.abc import Callable
from typing import Any

import numpy as np

from ..machine.threads import for_each

PIXELS_AT_A_TIME = 4096
"""Pixels of a strip of rows, about: all that is made of them stays in the cache."""


def by_strips(function: Callable[..., Any], reach: int, images: np.ndarray, *others: np.ndarray) -> Any:
    """Return what a function makes of images, strip by strip of rows.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes strips of ``images`` with ``reach`` more pixels on every side,
        0 beyond the edges, and the same rows of the others without more.
    reach : `int`
        How far the function sees, in pixels.
    images : `numpy.ndarray`
        Shape ``(b, height, width, n)``.
    *others : `numpy.ndarray`
        Shapes ``(b, height, width, ...)``.

    Returns
    -------
    result : `numpy.ndarray`
        Shape ``(b, height, width, ...)``.
    """
    height, width = images.shape[1:3]
    step = max(PIXELS_AT_A_TIME // (len(images) * width), 1)

    def work(number: int) -> Any:
        start, stop = number * step, min((number + 1) * step, height)
        rows = images[:, max(start - reach, 0) : stop + reach]
        missing = max(reach - start, 0), max(stop + reach - height, 0)
        # np.pad is slow where there is little to pad.
        shape = (len(images), stop - start + 2 * reach, width + 2 * reach, *images.shape[3:])
        seen = np.zeros(shape, images.dtype)
        seen[:, missing[0] : shape[1] - missing[1], reach : reach + width] = rows
        return function(seen, *(other[:, start:stop] for other in others))

    return np.concatenate(for_each(work, -(-height // step)), axis=1)


def convolve_symmetric(images: np.ndarray, kernel: np.ndarray, distance: int) -> np.ndarray:
    """Return the convolution of a network whose kernels are as symmetric as a square.

    Parameters
    ----------
    images : `numpy.ndarray`
        Shape ``(b, height + 2 distance, width + 2 distance, n_in)``, float32.
    kernel : `numpy.ndarray`
        What the centre, the sum of the four neighbours beside it, and that of
        the four at the corners are multiplied by, shape ``(3, n_in, n_out)``.
    distance : `int`
        Of the neighbours, along each axis.

    Returns
    -------
    convolved : `numpy.ndarray`
        Shape ``(b, height, width, n_out)``.
    """
    batch, height, width, n_in = images.shape
    height, width = height - 2 * distance, width - 2 * distance
    seen = np.empty((batch, height, width, 3 * n_in), images.dtype)
    centre, beside, corners = (seen[..., part * n_in : (part + 1) * n_in] for part in range(3))
    column = images[:, :, distance : distance + width]
    left_and_right = images[:, :, :width] + images[:, :, 2 * distance :]
    rows, below = slice(distance, distance + height), slice(2 * distance, None)
    centre[...] = column[:, rows]
    # Sums of pairs, in an order that no flip changes.
    np.add(column[:, :height], column[:, below], out=beside)
    beside += left_and_right[:, rows]
    np.add(left_and_right[:, :height], left_and_right[:, below], out=corners)
    product = np.matmul(seen.reshape(-1, 3 * n_in), kernel.reshape(3 * n_in, -1))
    return product.reshape(batch, height, width, -1)
