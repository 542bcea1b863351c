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

from .backend import backend_name


def compile_inference(function: Callable[..., Any], *, model: Any = None) -> Callable[..., Any]:
    """Return a function of arrays that takes no gradients.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes tensors and returns a tensor or a tuple of them.
    model : `keras.Model`, optional
        What it computes with, if that may be trained afterwards: JAX keeps
        the weights of any other model as they are at the first call.

    Returns
    -------
    compiled : `~collections.abc.Callable`
        Takes arrays and returns an array, or a tuple of them.  JAX and
        TensorFlow compile it anew for each shape.
    """
    from keras import ops

    if backend_name() == "jax":
        return _jax_inference(function, model)
    run = compile_function(function)
    return lambda *arrays: _to_arrays(run(*(ops.convert_to_tensor(array) for array in arrays)))


def compile_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors that takes no gradients, in the way of the backend.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes and returns tensors, or tuples of them.

    Returns
    -------
    compiled : `~collections.abc.Callable`
        The same.
    """
    match backend_name():
        case "tensorflow":
            import tensorflow as tf

            return tf.function(function, autograph=False)
        case "jax":
            import jax

            return jax.jit(function)
        case "torch":
            import torch

            return torch.no_grad()(function)
        case _:
            return function


def _jax_inference(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """Return the function compiled by JAX; the weights of a model are arguments."""
    import jax
    import keras

    variables = [] if model is None else model.variables

    @jax.jit
    def run(values: Sequence[Any], *arrays: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    return lambda *arrays: _to_arrays(run([variable.value for variable in variables], *arrays))


def _to_arrays(outputs: Any) -> Any:
    from keras import ops

    if isinstance(outputs, tuple):
        return tuple(_to_arrays(output) for output in outputs)
    return np.asarray(ops.convert_to_numpy(outputs))
