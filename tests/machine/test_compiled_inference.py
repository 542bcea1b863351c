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

"""Tests of functions that are compiled for restoring."""

from __future__ import annotations

import numpy as np
import pytest
from array_libraries import needs_keras

from lsst.acn.machine.compiled_inference import compile_inference


@needs_keras
def test_functions_take_and_return_arrays() -> None:
    compiled = compile_inference(lambda first, second: (first + second, first * second))
    one, two = np.arange(6, dtype=np.float32).reshape(2, 3), np.full((2, 3), 2.0, np.float32)
    total, product = compiled(one, two)
    assert isinstance(total, np.ndarray)
    np.testing.assert_array_equal(total, one + two)
    np.testing.assert_array_equal(product, one * two)


@needs_keras
@pytest.mark.parametrize("shape", [(1, 4, 5, 2), (2, 6, 3, 2)])
def test_one_function_serves_images_of_any_shape(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(1).random(shape, np.float32)
    compiled = compile_inference(lambda images: 2.0 * images, [2])
    np.testing.assert_array_equal(compiled(images), 2.0 * images)
