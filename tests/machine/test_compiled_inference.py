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
from other_backends import OTHERS, run_elsewhere

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
    compiled = compile_inference(lambda images: 2.0 * images)
    np.testing.assert_array_equal(compiled(images), 2.0 * images)


def trained_afterwards() -> list[list[float]]:
    """Return what a compiled model makes of an image before and after it learns, and what it should."""
    import keras

    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1)])
    compiled = compile_inference(lambda images: 2.0 * model(images), model=model)
    image = np.ones((1, 2, 2, 1), np.float32)
    found = []
    for weight in (1.0, 3.0):
        model.set_weights([np.full((1, 1, 1, 1), weight), np.zeros(1)])
        found.append(compiled(image).ravel().tolist())
    return found


@needs_keras
def test_a_model_may_be_trained_after_it_was_compiled() -> None:
    assert trained_afterwards() == [[2.0] * 4, [6.0] * 4]


@pytest.mark.parametrize("backend", OTHERS)
def test_other_backends_see_what_was_trained_too(backend: str) -> None:
    found = run_elsewhere(backend, "machine/test_compiled_inference.trained_afterwards")
    assert found == [[2.0] * 4, [6.0] * 4]
