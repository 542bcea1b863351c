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

"""Tests of arrays that TensorFlow computes with where they are."""

from __future__ import annotations

import numpy as np
import pytest
from array_libraries import needs_keras

from lsst.acn.machine.shared_arrays import shared_tensor, stack_aligned

pytestmark = needs_keras


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_aligned_stack_is_shared(dtype: type) -> None:
    arrays = [np.arange(33, dtype=dtype).reshape(3, 11), np.ones((3, 11), dtype)]
    stack = stack_aligned(arrays)
    np.testing.assert_array_equal(stack, np.stack(arrays))
    tensor = shared_tensor(stack)
    np.testing.assert_array_equal(tensor.numpy(), stack)
    stack[1, 2, 3] = 7
    assert tensor.numpy()[1, 2, 3] == 7


def test_other_arrays_are_copied() -> None:
    aligned = stack_aligned([np.arange(64, dtype=np.float32).reshape(8, 8)])
    moved = stack_aligned([np.arange(65, dtype=np.float32)])[0, 1:]
    assert moved.ctypes.data % 64
    for array in (moved, aligned[:, ::2]):
        tensor = shared_tensor(array)
        before = array.copy()
        array.flat[0] = -5
        np.testing.assert_array_equal(tensor.numpy(), before)


def test_nothing_and_what_must_not_change_can_be_handed_over() -> None:
    stack = stack_aligned([np.ones((2, 3), np.float32)])
    assert shared_tensor(stack[:, :0]).shape == (1, 0, 3)
    stack.flags.writeable = False
    np.testing.assert_array_equal(shared_tensor(stack).numpy(), stack)
