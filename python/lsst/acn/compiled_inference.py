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

__all__ = ("compile_inference",)

from collections.abc import Callable
from typing import Any

import numpy as np


def compile_inference(function: Callable[..., Any], n_images: int) -> Callable[..., np.ndarray]:
    """Return a function of arrays that takes no gradients.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes tensors of shape ``(b, height, width, channels)`` and returns a
        tensor.
    n_images : `int`
        How many of them it takes.

    Returns
    -------
    compiled : `~collections.abc.Callable`
        Takes arrays of any heights and widths and returns an array; JAX, if
        it is told a ``device``, works there.  JAX compiles anew for each
        shape, and keeps the weights that a model in ``function`` has at its
        first call.

    Notes
    -----
    TensorFlow fuses the activations of a graph with its convolutions: on a
    CPU the mixing network takes half as long as op by op.
    """
    import keras
    from keras import ops

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            signature = [tf.TensorSpec([None] * 4, tf.float32)] * n_images
            run = tf.function(function, input_signature=signature, autograph=False)
        case "jax":
            import jax

            run = jax.jit(function)
        case "torch":
            import torch

            run = torch.no_grad()(function)
        case _:
            run = function

    def infer(*arrays: np.ndarray, device: Any = None) -> np.ndarray:
        if device is not None:
            import jax

            with jax.default_device(device):
                return np.asarray(run(*arrays))
        return np.asarray(ops.convert_to_numpy(run(*(ops.convert_to_tensor(array) for array in arrays))))

    return infer
