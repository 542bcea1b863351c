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

"""A function of tensors, compiled for restoring by whichever backend Keras runs on."""

from __future__ import annotations

__all__ = ("compile_function", "compile_inference")

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def compile_inference(
    function: Callable[..., Any], channels: Sequence[int] | None = None
) -> Callable[..., Any]:
    """Return a function of arrays that takes no gradients.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes tensors and returns a tensor or a tuple of them.
    channels : `~collections.abc.Sequence` [`int`], optional
        Channels of each tensor that it takes, if all are of shape ``(b,
        height, width, channels)``: TensorFlow then compiles it once for all
        heights and widths.

    Returns
    -------
    compiled : `~collections.abc.Callable`
        Takes arrays and returns an array, or a tuple of them; JAX, if it is
        told a ``device``, works there.  It is compiled anew for each shape by
        JAX, and by TensorFlow if ``channels`` are not given; JAX keeps the
        weights that a model in ``function`` has at its first call.

    Notes
    -----
    TensorFlow fuses the activations of a graph with its convolutions: on a
    CPU the mixing network takes half as long as op by op.  Were the number of
    channels unknown, Keras would leave convolutions to XLA, which is slow
    there.
    """
    from keras import ops

    run = compile_function(function, channels)

    def infer(*arrays: np.ndarray, device: Any = None) -> Any:
        if device is not None:
            import jax

            with jax.default_device(device):
                return _to_arrays(run(*arrays))
        return _to_arrays(run(*(ops.convert_to_tensor(array) for array in arrays)))

    return infer


def compile_function(
    function: Callable[..., Any], channels: Sequence[int] | None = None
) -> Callable[..., Any]:
    """Return the function in the way of the backend."""
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            signature = None
            if channels is not None:
                signature = [tf.TensorSpec([None, None, None, number], tf.float32) for number in channels]
            return tf.function(function, input_signature=signature, autograph=False)
        case "jax":
            import jax

            return jax.jit(function)
        case "torch":
            import torch

            return torch.no_grad()(function)
        case _:
            return function


def _to_arrays(outputs: Any) -> Any:
    from keras import ops

    if isinstance(outputs, tuple):
        return tuple(_to_arrays(output) for output in outputs)
    return np.asarray(ops.convert_to_numpy(outputs))
