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

"""The array functions by NumPy and SciPy, on the cores of a CPU."""

from __future__ import annotations

__all__ = ("NumpyArrays", "numpy_arrays")

import functools
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import scipy.fft
import scipy.ndimage

from ..machine.threads import for_each
from .namespace import Arrays
from .numpy_channels import by_strips, convolve_symmetric

ROWS_AT_A_TIME = 64
"""Rows of all exposures that are worked on while they are in the cache."""

N_SUMS = 4
"""Sums over every so many exposures that are made on their own, at once where
there are threads for it; the result does not depend on these."""

MOST_COMPARED = 40
"""Exposures up to which planes are compared as a whole."""


class NumpyArrays:
    """Array functions of NumPy: exposure by exposure, for what is done to one
    stays in the cache, and several at once where there are threads.
    """

    name = "numpy"

    dot = staticmethod(np.vdot)
    fft2 = staticmethod(scipy.fft.fft2)
    ifft2 = staticmethod(scipy.fft.ifft2)
    convolve_symmetric = staticmethod(convolve_symmetric)
    by_strips = staticmethod(by_strips)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def count(condition: np.ndarray) -> Any:
        return condition.sum(axis=0)

    @staticmethod
    def rfft2(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        if image.shape[-2] == shape[0]:
            return scipy.fft.rfft2(image, s=shape)
        # Rows of zeros need no transform.
        rows = scipy.fft.rfft(image, n=shape[1], axis=-1)
        return scipy.fft.fft(rows, n=shape[0], axis=-2, overwrite_x=True)

    @staticmethod
    def irfft2(spectrum: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        return scipy.fft.irfft2(spectrum, s=shape)

    @staticmethod
    def make_complex(real: np.ndarray, imag: np.ndarray) -> Any:
        return real + np.complex64(1j) * imag

    @staticmethod
    def scaled(spectrum: np.ndarray, factor: np.ndarray) -> Any:
        return spectrum * factor

    @staticmethod
    def abs2(spectrum: np.ndarray) -> Any:
        return spectrum.real**2 + spectrum.imag**2

    @staticmethod
    def correlate(images: np.ndarray, profile: np.ndarray, axis: int) -> Any:
        return scipy.ndimage.correlate1d(images, profile, axis=axis, mode="nearest")

    @staticmethod
    def each(function: Callable[..., Any], *planes: np.ndarray) -> Any:
        first = function(*(plane[0] for plane in planes))
        parts = first if isinstance(first, tuple) else (first,)
        stacks = [np.empty((len(planes[0]), *part.shape), part.dtype) for part in parts]

        def fill(index: int) -> None:
            result = first if index == 0 else function(*(plane[index] for plane in planes))
            for stack, part in zip(stacks, result if isinstance(result, tuple) else (result,), strict=True):
                stack[index] = part

        for_each(fill, len(planes[0]))
        return tuple(stacks) if isinstance(first, tuple) else stacks[0]

    @staticmethod
    def total(function: Callable[..., Any], *planes: np.ndarray) -> Any:
        def sum_some(first: int) -> Any:
            total = function(*(plane[first] for plane in planes))
            for index in range(first + N_SUMS, len(planes[0]), N_SUMS):
                total = _add_to(total, function(*(plane[index] for plane in planes)))
            return total

        return functools.reduce(_add_to, for_each(sum_some, min(N_SUMS, len(planes[0]))))

    @staticmethod
    def by_rows(function: Callable[..., Any], *planes: np.ndarray) -> Any:
        def combine(number: int) -> Any:
            rows = slice(number * ROWS_AT_A_TIME, (number + 1) * ROWS_AT_A_TIME)
            return function(*(plane[:, rows] for plane in planes))

        return np.concatenate(for_each(combine, -(-planes[0].shape[1] // ROWS_AT_A_TIME)))

    @staticmethod
    def sort_planes(planes: np.ndarray) -> np.ndarray:
        if len(planes) > MOST_COMPARED:
            planes.sort(axis=0)
            return planes
        # Whole planes at once: for few of them faster than a sort of many short columns.
        lower = np.empty_like(planes[0])
        for first, second in _comparisons(len(planes)):
            np.minimum(planes[first], planes[second], out=lower)
            np.maximum(planes[first], planes[second], out=planes[second])
            planes[first] = lower
        return planes

    @staticmethod
    def change_few(
        where: np.ndarray, function: Callable[..., Any], array: np.ndarray, *others: np.ndarray
    ) -> np.ndarray:
        places = np.nonzero(where)
        array[places] = function(array[places], *(other[places] for other in others))
        return array

    @staticmethod
    def repeat(number: int, function: Callable[[Any], Any], state: Any) -> Any:
        for _ in range(number):
            state = function(state)
        return state

    @staticmethod
    def cond(condition: Any, if_true: Callable[[], Any], if_false: Callable[[], Any]) -> Any:
        return if_true() if condition else if_false()

    @staticmethod
    def cut(planes: np.ndarray, start: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
        y, x = start
        return planes[..., y : y + shape[0], x : x + shape[1]]

    @staticmethod
    def put(plane: np.ndarray, part: np.ndarray, start: tuple[int, int]) -> np.ndarray:
        y, x = start
        result = plane.copy()
        result[y : y + part.shape[0], x : x + part.shape[1]] = part
        return result

    @staticmethod
    def constant(array: np.ndarray) -> np.ndarray:
        return array

    def run(self, function: Callable[..., Any], *arguments: Any, **static: Any) -> Any:
        return function(self, *arguments, **static)

    @staticmethod
    def to_numpy(array: Any) -> np.ndarray:
        return np.asarray(array)


def _add_to(total: Any, more: Any) -> Any:
    """Return a sum, or a tuple of them, to which more is added in place."""
    if isinstance(total, tuple):
        return tuple(map(_add_to, total, more))
    total += more
    return total


@functools.cache
def numpy_arrays() -> Arrays:
    """Return the array functions of NumPy.

    Returns
    -------
    xp : `Arrays`
        Always the same.
    """
    return cast(Any, NumpyArrays())


@functools.cache
def _comparisons(number: int) -> Sequence[tuple[int, int]]:
    """Return the pairs that Batcher's odd-even merge sort compares, in order."""
    pairs = []
    size = 1
    while size < number:
        step = size
        while step >= 1:
            for start in range(step % size, number - step, 2 * step):
                pairs += [
                    (first, first + step)
                    for first in range(start, min(start + step, number - step))
                    if first // (2 * size) == (first + step) // (2 * size)
                ]
            step //= 2
        size *= 2
    return pairs
