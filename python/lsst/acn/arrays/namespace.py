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

"""The array functions that formulas are written in."""

from __future__ import annotations

__all__ = ("Arrays",)

from collections.abc import Callable
from typing import Any, Protocol


class Arrays(Protocol):
    """What NumPy and each Keras backend offer to the formulas of this package.

    A formula is a function whose first argument is one of these; arrays are
    float32 unless said otherwise.  Operators (``+``, ``&``, ``~``, ...) are
    those of the arrays themselves.  Functions that are not named below are
    those of NumPy by their names there: ``where maximum minimum clip sqrt abs
    exp log log1p arcsinh isfinite zeros_like sum max any all stack concatenate
    take_along_axis pad matmul conj real imag``.

    Attributes
    ----------
    name : `str`
        ``numpy``, or the Keras backend.

    Notes
    -----
    Sums may be of complex numbers.  Fourier transforms are of the last two
    axes: ``rfft2`` zero-pads an image to a shape, ``irfft2`` is told the shape
    of the image; ``scaled`` multiplies complex numbers by real ones, ``abs2``
    is their squared size.  ``dot`` sums the products of all elements, and
    ``count`` says how often something holds along the first axis.

    ``correlate`` goes along one axis with a profile of odd length; the
    outermost pixels are repeated.  ``convolve_symmetric`` is the convolution
    of a network, on images ``(b, height, width, channels)`` that lose as many
    pixels on every side as it sees, with kernels ``(3, in, out)`` of what is
    multiplied by the centre, by the sum of the four neighbours beside it, at
    a distance, and by that of the four at the corners.

    The rest say *how* planes are gone through, the one thing in which a CPU,
    with a small cache and a few threads, and a device, with neither, differ.

    - ``each`` returns what a function makes of each exposure, stacked; the
      function may be given all at once.  ``total`` returns the sum of that, or
      of each of several results.
    - ``by_rows`` returns what a function makes of planes ``(n, height, ...)``
      whose rows do not depend on each other; its first axis is height.
    - ``by_strips`` returns what a function makes of images ``(b, height, width,
      channels)`` of which it sees so many more pixels, 0 beyond the edges, on
      every side, and of others of which it sees none more.
    - ``sort_planes`` sorts pixel by pixel along the first axis, maybe in place.
    - ``change_few`` returns an array that is, in a few places, what a function
      makes of it and of other arrays there; it may change it in place.
    - ``repeat`` applies a function to a state so many times; ``cond`` calls one
      of two functions without arguments.
    - ``cut`` returns a window of the last two axes, from a pixel on; ``put``
      returns a plane with such a window replaced.
    - ``constant`` makes one of these from an array of NumPy, ``to_numpy`` the
      reverse.
    - ``run`` calls a function with this object as the first argument, compiled
      for the shapes of its arguments and the values of its keywords.
    """

    name: str

    def __getattr__(self, name: str) -> Any: ...

    def dot(self, first: Any, second: Any) -> Any: ...
    def count(self, condition: Any) -> Any: ...
    def rfft2(self, image: Any, shape: tuple[int, int]) -> Any: ...
    def irfft2(self, spectrum: Any, shape: tuple[int, int]) -> Any: ...
    def fft2(self, image: Any) -> Any: ...
    def ifft2(self, spectrum: Any) -> Any: ...
    def make_complex(self, real: Any, imag: Any) -> Any: ...
    def scaled(self, spectrum: Any, factor: Any) -> Any: ...
    def abs2(self, spectrum: Any) -> Any: ...
    def correlate(self, images: Any, profile: Any, axis: int) -> Any: ...
    def convolve_symmetric(self, images: Any, kernel: Any, distance: int) -> Any: ...
    def each(self, function: Callable[..., Any], *planes: Any) -> Any: ...
    def total(self, function: Callable[..., Any], *planes: Any) -> Any: ...
    def by_rows(self, function: Callable[..., Any], *planes: Any) -> Any: ...
    def by_strips(self, function: Callable[..., Any], reach: int, images: Any, *others: Any) -> Any: ...
    def sort_planes(self, planes: Any) -> Any: ...
    def change_few(self, where: Any, function: Callable[..., Any], array: Any, *others: Any) -> Any: ...
    def repeat(self, number: int, function: Callable[[Any], Any], state: Any) -> Any: ...
    def cond(self, condition: Any, if_true: Callable[[], Any], if_false: Callable[[], Any]) -> Any: ...
    def cut(self, planes: Any, start: tuple[Any, Any], shape: tuple[int, int]) -> Any: ...
    def put(self, plane: Any, part: Any, start: tuple[Any, Any]) -> Any: ...
    def constant(self, array: Any) -> Any: ...
    def run(self, function: Callable[..., Any], *arguments: Any, **static: Any) -> Any: ...
    def to_numpy(self, array: Any) -> Any: ...
