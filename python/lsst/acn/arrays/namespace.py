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

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Arrays(Protocol):
    """What NumPy and each Keras backend offer to the formulas of this package.

    A formula is a function whose first argument is one of these; arrays are
    float32 unless said otherwise.  Operators (``+``, ``&``, ``~``, ...) are
    those of the arrays themselves.  Most functions here are what NumPy calls
    them.  Those from `each` to `run` say *how* planes are gone through, the one
    thing in which a CPU, with a small cache and a few threads, and a device,
    with neither, differ.
    """

    name: str
    """``numpy``, or the Keras backend."""

    # Functions of pixels.
    def where(self, condition: Any, first: Any, second: Any) -> Any: ...
    def maximum(self, first: Any, second: Any) -> Any: ...
    def minimum(self, first: Any, second: Any) -> Any: ...
    def clip(self, array: Any, least: Any, most: Any) -> Any: ...
    def sqrt(self, array: Any) -> Any: ...
    def abs(self, array: Any) -> Any: ...
    def exp(self, array: Any) -> Any: ...
    def log(self, array: Any) -> Any: ...
    def log1p(self, array: Any) -> Any: ...
    def arcsinh(self, array: Any) -> Any: ...
    def isfinite(self, array: Any) -> Any: ...
    def zeros_like(self, array: Any) -> Any: ...

    # Functions of axes; sums may be of complex numbers.
    def sum(self, array: Any, axis: int | None = None) -> Any: ...
    def max(self, array: Any, axis: int | None = None, keepdims: bool = False) -> Any: ...
    def any(self, array: Any, axis: int | None = None) -> Any: ...
    def all(self, array: Any) -> Any: ...
    def stack(self, arrays: Sequence[Any], axis: int = 0) -> Any: ...
    def concatenate(self, arrays: Sequence[Any], axis: int = 0) -> Any: ...
    def take_along_axis(self, array: Any, places: Any, axis: int) -> Any: ...
    def pad(self, array: Any, widths: Sequence[tuple[int, int]]) -> Any: ...
    def matmul(self, first: Any, second: Any) -> Any: ...

    def dot(self, first: Any, second: Any) -> Any:
        """Return the sum of the products of all elements."""

    def count(self, condition: Any) -> Any:
        """Return how often something holds along the first axis, as integers."""

    # Fourier transforms of the last two axes, and complex numbers.
    def rfft2(self, image: Any, shape: tuple[int, int]) -> Any:
        """Zero-pad an image to a shape and return its real transform."""

    def irfft2(self, spectrum: Any, shape: tuple[int, int]) -> Any:
        """Return the image, of a shape, that a real transform belongs to."""

    def fft2(self, image: Any) -> Any: ...
    def ifft2(self, spectrum: Any) -> Any: ...
    def conj(self, spectrum: Any) -> Any: ...
    def real(self, spectrum: Any) -> Any: ...
    def imag(self, spectrum: Any) -> Any: ...
    def make_complex(self, real: Any, imag: Any) -> Any: ...

    def scaled(self, spectrum: Any, factor: Any) -> Any:
        """Return complex numbers times real ones."""

    def abs2(self, spectrum: Any) -> Any:
        """Return the squared size of complex numbers."""

    # Correlations; images have a first axis for themselves and a last one for channels.
    def correlate(self, images: Any, profile: Any, axis: int) -> Any:
        """Correlate along one axis with a profile of odd length; the outermost
        pixels are repeated.
        """

    def convolve_channels(
        self,
        images: Any,
        kernel: Any,
        bias: Any,
        stride: int = 1,
        dilation: int = 1,
        activate: bool = False,
    ) -> Any:
        """Return the convolution of a network, zero-padded so that only a
        stride makes images smaller, if wanted with `gelu`; kernels are
        ``(rows, columns, in, out)``.
        """

    def spread_channels(self, images: Any, kernel: Any, bias: Any, stride: int) -> Any:
        """Return the transpose of such a convolution; kernels are ``(rows,
        columns, out, in)``.
        """

    def gelu(self, images: Any) -> Any:
        """Return the Gaussian error linear unit of each number."""

    # How planes are gone through.
    def each(self, function: Callable[..., Any], *planes: Any) -> Any:
        """Return what a function makes of each exposure, stacked: it may be
        given all at once.
        """

    def total(self, function: Callable[..., Any], *planes: Any) -> Any:
        """Return the sum over exposures of what a function makes of each."""

    def by_rows(self, function: Callable[..., Any], *planes: Any) -> Any:
        """Return what a function makes of planes ``(n, height, ...)``, for rows
        of pixels that do not depend on each other; its first axis is height.
        """

    def sort_planes(self, planes: Any) -> Any:
        """Return planes sorted pixel by pixel along the first axis; they may
        be sorted in place.
        """

    def repeat(self, number: int, function: Callable[[Any], Any], state: Any) -> Any:
        """Return what a function, applied time and again, makes of a state."""

    def cond(self, condition: Any, if_true: Callable[[], Any], if_false: Callable[[], Any]) -> Any:
        """Return what one of two functions without arguments does."""

    def cut(self, planes: Any, start: tuple[Any, Any], shape: tuple[int, int]) -> Any:
        """Return a window of the last two axes that begins at a pixel."""

    def put(self, plane: Any, part: Any, start: tuple[Any, Any]) -> Any:
        """Return a plane with a window of it replaced."""

    def constant(self, array: Any) -> Any:
        """Return a NumPy array as one of these."""

    def run(self, function: Callable[..., Any], *arguments: Any, **static: Any) -> Any:
        """Call a function, whose first argument is this object, compiled for
        the shapes of its arguments and the values of its keywords.
        """

    def to_numpy(self, array: Any) -> Any:
        """Return an array as one of NumPy."""
