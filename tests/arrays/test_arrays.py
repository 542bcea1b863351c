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

"""What the array functions of each library do, against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
from array_libraries import libraries, needs_keras
from scipy.ndimage import convolve1d

from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.namespace import Arrays
from lsst.acn.arrays.numpy_arrays import MOST_COMPARED, NumpyArrays, numpy_arrays
from lsst.acn.arrays.numpy_channels import PIXELS_AT_A_TIME

RNG = np.random.default_rng(7)
PLANES = RNG.normal(size=(5, 70, 12)).astype(np.float32)
IMAGE = PLANES[0]

type Library = Callable[[], Any]


def apply(library: Library, function: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """Return what a function of array functions and arrays does, as NumPy's."""
    xp = library()
    result = function(xp, *map(xp.constant, arrays))
    if isinstance(result, tuple):
        return tuple(map(xp.to_numpy, result))
    return xp.to_numpy(result)


@libraries
@pytest.mark.parametrize("name", ["sqrt", "abs", "exp", "log1p", "arcsinh", "isfinite", "zeros_like"])
def test_functions_of_pixels(library: Library, name: str) -> None:
    found = apply(library, lambda xp, image: getattr(xp, name)(image), np.abs(IMAGE))
    np.testing.assert_allclose(found, getattr(np, name)(np.abs(IMAGE)), rtol=1e-5)


@libraries
@pytest.mark.parametrize("shape", [(70, 12), (80, 12), (81, 15)])
def test_transforms_pad_with_zeros_and_come_back(library: Library, shape: tuple[int, int]) -> None:
    spectra = apply(library, lambda xp, planes: xp.rfft2(planes, shape), PLANES)
    assert spectra.dtype == np.complex64
    np.testing.assert_allclose(spectra, scipy.fft.rfft2(PLANES, s=shape), atol=1e-4)
    back = apply(library, lambda xp, planes: xp.irfft2(xp.rfft2(planes, shape), shape), PLANES)
    np.testing.assert_allclose(back[:, :70, :12], PLANES, atol=1e-5)


@libraries
def test_complex_numbers(library: Library) -> None:
    spectrum = scipy.fft.rfft2(IMAGE)
    factor = np.abs(spectrum).astype(np.float32)
    scaled = apply(library, lambda xp, spectrum, factor: xp.scaled(spectrum, factor), spectrum, factor)
    np.testing.assert_allclose(scaled, spectrum * factor, rtol=1e-5)
    squares = apply(library, lambda xp, spectrum: xp.abs2(spectrum), spectrum)
    np.testing.assert_allclose(squares, factor**2, rtol=1e-4)
    conjugates = apply(library, lambda xp, spectrum: xp.conj(spectrum), spectrum)
    np.testing.assert_array_equal(conjugates, spectrum.conj())


@libraries
@pytest.mark.parametrize("axis", [-1, -2])
def test_correlation_repeats_the_outermost_pixels(library: Library, axis: int) -> None:
    profile = np.array([0.1, 0.2, 0.4, 0.2, 0.3], np.float32)
    found = apply(library, lambda xp, planes, profile: xp.correlate(planes, profile, axis), PLANES, profile)
    expected = convolve1d(PLANES, profile[::-1], axis=axis, mode="nearest")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@libraries
@pytest.mark.parametrize("number", [1, 2, 3, 7, MOST_COMPARED, MOST_COMPARED + 1])
def test_planes_are_sorted_pixel_by_pixel(library: Library, number: int) -> None:
    planes = RNG.normal(size=(number, 6, 5)).astype(np.float32)
    found = apply(library, lambda xp, planes: xp.sort_planes(planes), planes.copy())
    np.testing.assert_array_equal(found, np.sort(planes, axis=0))


@libraries
def test_planes_are_gone_through_in_every_way(library: Library) -> None:
    weights = np.arange(5, dtype=np.float32)[:, None, None]

    def twice(xp: Arrays, planes: Any, weights: Any) -> Any:
        return xp.each(lambda plane, weight: (weight * plane, plane > 0), planes, weights)

    scaled, positive = apply(library, twice, PLANES, weights)
    np.testing.assert_allclose(scaled, weights * PLANES, rtol=1e-6)
    np.testing.assert_array_equal(positive, PLANES > 0)
    total = apply(library, lambda xp, *a: xp.total(lambda p, w: w * p, *a), PLANES, weights)
    np.testing.assert_allclose(total, (weights * PLANES).sum(axis=0), rtol=1e-4, atol=1e-5)
    totals = apply(library, lambda xp, *a: xp.total(lambda p, w: (w * p, p * p), *a), PLANES, weights)
    np.testing.assert_allclose(totals[0], total, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(totals[1], (PLANES**2).sum(axis=0), rtol=1e-4)
    rows = apply(library, lambda xp, planes: xp.by_rows(lambda part: xp.sum(part, 0), planes), PLANES)
    np.testing.assert_allclose(rows, PLANES.sum(axis=0), rtol=1e-4, atol=1e-5)
    count = apply(library, lambda xp, planes: xp.count(planes > 0), PLANES)
    np.testing.assert_array_equal(count, (PLANES > 0).sum(axis=0))


@libraries
def test_windows_are_cut_out_and_put_back(library: Library) -> None:
    start = (np.int32(9), np.int32(3))

    def cut(xp: Arrays, planes: Any) -> Any:
        return xp.cut(planes, tuple(map(xp.constant, start)), (20, 5))

    np.testing.assert_array_equal(apply(library, cut, PLANES), PLANES[:, 9:29, 3:8])

    def put(xp: Arrays, image: Any) -> Any:
        return xp.put(image, xp.zeros_like(image[:20, :5]), tuple(map(xp.constant, start)))

    expected = IMAGE.copy()
    expected[9:29, 3:8] = 0
    np.testing.assert_array_equal(apply(library, put, IMAGE.copy()), expected)


@libraries
def test_a_few_pixels_are_changed(library: Library) -> None:
    def change(xp: Arrays, image: Any, other: Any) -> Any:
        return xp.change_few(other > 1.0, lambda image, other: image - 2.0 * other, image, other)

    found = apply(library, change, IMAGE.copy(), PLANES[1])
    np.testing.assert_allclose(found, np.where(PLANES[1] > 1.0, IMAGE - 2.0 * PLANES[1], IMAGE), rtol=1e-6)


@libraries
def test_functions_are_repeated_and_chosen(library: Library) -> None:
    found = apply(library, lambda xp, image: xp.repeat(3, lambda state: 2.0 * state, image), IMAGE)
    np.testing.assert_allclose(found, 8.0 * IMAGE, rtol=1e-6)
    for value in (True, False):
        chosen = apply(
            library,
            lambda xp, image, value=value: xp.cond(
                xp.any(xp.isfinite(image)) if value else ~xp.any(xp.isfinite(image)),
                lambda: image,
                lambda: -image,
            ),
            IMAGE,
        )
        np.testing.assert_array_equal(chosen, IMAGE if value else -IMAGE)


def scaled_sum(xp: Arrays, image: Any, *, factor: float) -> Any:
    return xp.sum(np.float32(factor) * image)


@libraries
def test_what_is_run_knows_its_keywords(library: Library) -> None:
    xp = library()
    for factor in (2.0, 3.0, 2.0):
        found = xp.run(scaled_sum, xp.constant(np.abs(IMAGE)), factor=factor)
        assert float(xp.to_numpy(found)) == pytest.approx(factor * np.abs(IMAGE).sum(), rel=1e-5)


@needs_keras
def test_every_function_is_there() -> None:
    names = [name for name in vars(Arrays) if not name.startswith("_")]
    assert len(names) > 20
    assert all(hasattr(NumpyArrays, name) for name in names)
    listed = str(Arrays.__doc__).partition("names there: ``")[2].partition("``")[0]
    functions = listed.split()
    assert len(functions) > 20
    for library in (numpy_arrays, keras_arrays):
        assert all(callable(getattr(library(), name)) for name in functions)


KERNEL = RNG.normal(size=(3, 3, 4)).astype(np.float32)


@libraries
@pytest.mark.parametrize("distance", [1, 2, 5])
def test_symmetric_convolution_by_hand(library: Library, distance: int) -> None:
    images = RNG.normal(size=(2, 21, 24, 3)).astype(np.float32)
    found = apply(
        library, lambda xp, images, kernel: xp.convolve_symmetric(images, kernel, distance), images, KERNEL
    )
    assert found.shape == (2, 21 - 2 * distance, 24 - 2 * distance, 4)
    square = KERNEL[np.array([[2, 1, 2], [1, 0, 1], [2, 1, 2]])]
    for y, x in ((0, 0), (3, 7), (found.shape[1] - 1, found.shape[2] - 1)):
        around = np.s_[:, y : y + 2 * distance + 1 : distance, x : x + 2 * distance + 1 : distance]
        expected = np.einsum("bijc,ijcd->bd", images[around], square)
        np.testing.assert_allclose(found[:, y, x], expected, rtol=1e-4, atol=1e-5)


@libraries
def test_symmetric_convolution_turns_with_what_it_sees(library: Library) -> None:
    images = RNG.normal(size=(1, 9, 12, 3)).astype(np.float32)

    def convolve(images: np.ndarray) -> Any:
        return apply(library, lambda xp, *arrays: xp.convolve_symmetric(*arrays, 2), images.copy(), KERNEL)

    found = convolve(images)
    np.testing.assert_allclose(convolve(images[:, ::-1]), found[:, ::-1], rtol=1e-5, atol=1e-5)
    turned = convolve(images.transpose(0, 2, 1, 3))
    np.testing.assert_allclose(turned, found.transpose(0, 2, 1, 3), rtol=1e-5, atol=1e-5)


@libraries
@pytest.mark.parametrize("width", [5, PIXELS_AT_A_TIME // 3])
def test_strips_see_what_is_around_them(library: Library, width: int) -> None:
    images = RNG.normal(size=(2, 13, width, 1)).astype(np.float32)

    def add(images: Any, other: Any) -> Any:
        return images[:, 4:, 2:-2] + images[:, :-4, 2:-2] + other

    found = apply(library, lambda xp, *arrays: xp.by_strips(add, 2, *arrays), images, 3.0 * images)
    padded = np.pad(images, [(0, 0), (2, 2), (0, 0), (0, 0)])
    np.testing.assert_allclose(found, padded[:, 4:] + padded[:, :-4] + 3.0 * images, rtol=1e-5, atol=1e-6)
