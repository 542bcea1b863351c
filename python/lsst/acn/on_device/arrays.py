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

"""Array operations that Keras does not have, or not for complex numbers."""

from __future__ import annotations

__all__ = ("blurred_by_transfer", "correlate_separable", "scaled")

from typing import Any

from ..arrays.namespace import Transforms


def scaled(transforms: Transforms, spectrum: Any, factor: Any) -> Any:
    """Return complex numbers times real ones.

    Parameters
    ----------
    transforms : `Transforms`
        Of the backend.
    spectrum : tensor
        Complex.
    factor : tensor
        Real, of a shape that broadcasts.

    Returns
    -------
    product : tensor
        Complex; TensorFlow has no product of the two.
    """
    return transforms.make_complex(transforms.real(spectrum) * factor, transforms.imag(spectrum) * factor)


def blurred_by_transfer(transforms: Transforms, image: Any, transfer: Any) -> Any:
    """Return a periodic image whose frequencies are multiplied by real numbers.

    Parameters
    ----------
    transforms : `Transforms`
        Of the backend.
    image : tensor
        Shape ``(..., height, width)``.
    transfer : tensor
        Shape ``(..., height, width // 2 + 1)``.

    Returns
    -------
    blurred : tensor
        Shape of ``image``.
    """
    shape = tuple(image.shape[-2:])
    return transforms.irfft2(scaled(transforms, transforms.rfft2(image, shape), transfer), shape)


def correlate_separable(images: Any, along_y: Any, along_x: Any) -> Any:
    """Return images correlated with a product of two profiles.

    Parameters
    ----------
    images : tensor
        Shape ``(..., height, width)``; their outermost pixels are repeated.
    along_y, along_x : tensor
        Profiles of odd lengths.

    Returns
    -------
    correlated : tensor
        Same shape as ``images``.
    """
    return _correlate_axis(_correlate_axis(images, along_y, -2), along_x, -1)


def _correlate_axis(images: Any, profile: Any, axis: int) -> Any:
    import numpy as np
    from keras import ops

    size, length = images.shape[axis], profile.shape[0]
    # Sums of shifted images are exact where a GPU would round the factors of a convolution.
    index = np.clip(np.arange(-(length // 2), size + length // 2), 0, size - 1)
    extended = ops.take(images, index, axis=axis)
    part = [slice(None)] * len(images.shape)
    total = 0.0
    for shift in range(length):
        part[axis] = slice(shift, shift + size)
        total = total + extended[tuple(part)] * profile[shift]
    return total
