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

"""The array functions by the Keras backend, on whatever device it has."""

from __future__ import annotations

__all__ = ("KerasArrays", "keras_arrays")

import functools
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..machine.backend import import_keras, supported_backend
from ..machine.compiled_inference import compile_function
from .namespace import Arrays


class KerasArrays:
    """Array functions of the Keras backend in use: all exposures at once.

    Functions that are not defined here are those of `keras.ops`.

    Raises
    ------
    MissingFrameworkError
        Raised if Keras or its backend is not installed.
    RuntimeError
        Raised if the backend is none of tensorflow, jax and torch.
    """

    def __init__(self) -> None:
        self.name, natives = _native_functions()
        self._ops = import_keras().ops
        self._compiled: dict[Any, Callable[..., Any]] = {}
        vars(self).update(natives)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_ops"], name)

    def clip(self, array: Any, least: Any, most: Any) -> Any:
        return self._ops.minimum(self._ops.maximum(array, least), most)

    def dot(self, first: Any, second: Any) -> Any:
        return self._ops.sum(first * second)

    def count(self, condition: Any) -> Any:
        return self._ops.sum(self._ops.cast(condition, "int32"), axis=0)

    def scaled(self, spectrum: Any, factor: Any) -> Any:
        # TensorFlow has no product of complex and real numbers.
        return self.make_complex(self.real(spectrum) * factor, self.imag(spectrum) * factor)

    def abs2(self, spectrum: Any) -> Any:
        real, imag = self.real(spectrum), self.imag(spectrum)
        return real * real + imag * imag

    def correlate(self, images: Any, profile: Any, axis: int) -> Any:
        size, length = images.shape[axis], profile.shape[0]
        # Sums of shifted images are exact where a GPU would round the factors of a convolution.
        index = np.clip(np.arange(-(length // 2), size + length // 2), 0, size - 1)
        extended = self._ops.take(images, index, axis=axis)
        part = [slice(None)] * len(images.shape)
        total = 0.0
        for shift in range(length):
            part[axis] = slice(shift, shift + size)
            total = total + extended[tuple(part)] * profile[shift]
        return total

    def convolve_symmetric(self, images: Any, kernel: Any, distance: int) -> Any:
        centre, beside, corner = kernel[0], kernel[1], kernel[2]
        outer, inner = self._ops.stack([corner, beside, corner]), self._ops.stack([beside, centre, beside])
        # With gradients a convolution is much faster than sums of shifted images.
        square = self._ops.stack([outer, inner, outer])
        return self._ops.conv(images, square, 1, "valid", "channels_last", distance)

    def each(self, function: Callable[..., Any], *planes: Any) -> Any:
        return function(*planes)

    def total(self, function: Callable[..., Any], *planes: Any) -> Any:
        result = function(*planes)
        return (
            tuple(self.sum(part, 0) for part in result) if isinstance(result, tuple) else self.sum(result, 0)
        )

    def by_rows(self, function: Callable[..., Any], *planes: Any) -> Any:
        return function(*planes)

    def by_strips(self, function: Callable[..., Any], reach: int, images: Any, *others: Any) -> Any:
        around = (reach, reach)
        return function(self._ops.pad(images, [(0, 0), around, around, (0, 0)]), *others)

    def sort_planes(self, planes: Any) -> Any:
        return self._ops.sort(planes, axis=0)

    def change_few(self, where: Any, function: Callable[..., Any], array: Any, *others: Any) -> Any:
        return self._ops.where(where, function(array, *others), array)

    def repeat(self, number: int, function: Callable[[Any], Any], state: Any) -> Any:
        return self._ops.fori_loop(0, number, lambda _, state: function(state), state)

    def cut(self, planes: Any, start: tuple[Any, Any], shape: tuple[int, int]) -> Any:
        ahead = len(planes.shape) - 2
        return self._ops.slice(planes, (0,) * ahead + tuple(start), (*planes.shape[:ahead], *shape))

    def put(self, plane: Any, part: Any, start: tuple[Any, Any]) -> Any:
        return self._ops.slice_update(plane, tuple(start), part)

    def constant(self, array: np.ndarray) -> Any:
        if np.iscomplexobj(array):
            return self.make_complex(self.constant(array.real), self.constant(array.imag))
        return self._ops.convert_to_tensor(np.asarray(array, order="C"))

    def run(self, function: Callable[..., Any], *arguments: Any, **static: Any) -> Any:
        key = function, tuple(sorted(static.items()))
        if key not in self._compiled:
            self._compiled[key] = compile_function(functools.partial(function, self, **static))
        return self._compiled[key](*arguments)

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.asarray(self._ops.convert_to_numpy(array))


@functools.cache
def keras_arrays() -> Arrays:
    """Return the array functions of the Keras backend, with what it has compiled.

    Returns
    -------
    xp : `Arrays`
        Always the same.

    Raises
    ------
    MissingFrameworkError
        Raised if Keras or its backend is not installed.
    RuntimeError
        Raised if the backend is none of tensorflow, jax and torch.
    """
    return cast(Any, KerasArrays())


def _native_functions() -> tuple[str, dict[str, Callable[..., Any]]]:
    """Return the name of the backend, and what `keras.ops` lacks or has for
    real numbers only.
    """
    match name := supported_backend():
        case "tensorflow":
            return name, _tensorflow_functions()
        case "jax":
            return name, _jax_functions()
        case "torch":
            return name, _torch_functions()


def _tensorflow_functions() -> dict[str, Callable[..., Any]]:
    import tensorflow as tf

    return {
        "rfft2": lambda image, shape: tf.signal.rfft2d(image, fft_length=list(shape)),
        "irfft2": lambda spectrum, shape: tf.signal.irfft2d(spectrum, fft_length=list(shape)),
        "fft2": tf.signal.fft2d,
        "ifft2": tf.signal.ifft2d,
        "make_complex": tf.complex,
        "sum": tf.reduce_sum,
    }


def _jax_functions() -> dict[str, Callable[..., Any]]:
    import jax
    import jax.numpy as jnp

    return {
        "rfft2": lambda image, shape: jnp.fft.rfft2(image, s=shape),
        "irfft2": lambda spectrum, shape: jnp.fft.irfft2(spectrum, s=shape),
        "fft2": jnp.fft.fft2,
        "ifft2": jnp.fft.ifft2,
        "make_complex": jax.lax.complex,
        "sum": jnp.sum,
    }


def _torch_functions() -> dict[str, Callable[..., Any]]:
    import torch

    return {
        "rfft2": lambda image, shape: torch.fft.rfft2(image, s=shape),
        "irfft2": lambda spectrum, shape: torch.fft.irfft2(spectrum, s=shape),
        "fft2": torch.fft.fft2,
        "ifft2": torch.fft.ifft2,
        "make_complex": torch.complex,
        "sum": lambda array, axis=None: torch.sum(array, dim=axis),
    }
