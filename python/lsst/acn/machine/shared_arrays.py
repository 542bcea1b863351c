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

"""Arrays that TensorFlow can compute with where they are."""

from __future__ import annotations

__all__ = ("shared_tensor", "stack_aligned")

from collections.abc import Sequence
from typing import Any

import numpy as np

ALIGNMENT = 64
"""Bytes; TensorFlow aborts on memory of others that is not aligned."""


def stack_aligned(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays as `numpy.stack` does, in aligned memory.

    Parameters
    ----------
    arrays : `~collections.abc.Sequence` [`numpy.ndarray`]
        Equal in shape and type.

    Returns
    -------
    stack : `numpy.ndarray`
        C-contiguous, for `shared_tensor`.
    """
    first = np.asarray(arrays[0])
    n_bytes = len(arrays) * first.nbytes
    memory = np.empty(n_bytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    stack = memory[start : start + n_bytes].view(first.dtype).reshape((len(arrays), *first.shape))
    return np.stack(arrays, out=stack)


def shared_tensor(array: Any) -> Any:
    """Return a TensorFlow tensor, without a copy if the memory allows it.

    Parameters
    ----------
    array : `numpy.ndarray` or tensor
        Must not be changed as long as the tensor is in use.

    Returns
    -------
    tensor : `tensorflow.Tensor`
        On the CPU if it is shared.
    """
    import tensorflow as tf

    if isinstance(array, np.ndarray) and _can_be_shared(array):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)


def _can_be_shared(array: np.ndarray) -> bool:
    flags = array.flags
    return bool(array.size and flags.c_contiguous and flags.writeable and array.ctypes.data % ALIGNMENT == 0)
