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

"""One gradient step, compiled by whichever backend Keras runs on."""

from __future__ import annotations

__all__ = ("make_training_step", "make_training_steps")

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backend import supported_backend
from .devices import Devices
from .shared_arrays import shared_tensor

type Step = Callable[[Sequence[np.ndarray]], float]
"""Takes the arrays of a batch, changes the model, returns the loss."""

type Steps = Callable[[Sequence[np.ndarray], Sequence[Any]], list[float]]
"""Takes the arrays of many batches and what these have in common, changes the
model, returns the losses."""


def make_training_step(
    model: Any,
    optimizer: Any,
    loss: Callable[[Sequence[Any]], Any],
    *,
    jit_compile: bool = False,
    devices: Devices | None = None,
) -> Step:
    """Return a function that takes one step of training.

    Parameters
    ----------
    model : `keras.Model`
        Its variables are changed by each step.
    optimizer : `keras.Optimizer`
        Built here for the model's trainable variables.
    loss : `~collections.abc.Callable`
        Takes the tensors of a batch and returns a scalar tensor; calls
        ``model``.
    jit_compile : `bool`
        Whether TensorFlow compiles the step with XLA.
    devices : `Devices`, optional
        What the tiles of a batch are shared out to.

    Returns
    -------
    step : `~collections.abc.Callable`
        Takes the arrays of a batch, whose shapes should not change from step
        to step, and returns the loss before the step.

    Raises
    ------
    MissingFrameworkError, RuntimeError
        Raised as by `~lsst.acn.machine.backend.supported_backend`.
    """
    backend = supported_backend()
    optimizer.build(model.trainable_variables)
    match backend:
        case "tensorflow":
            return _tensorflow_step(model, optimizer, loss, jit_compile)
        case "jax":
            return _jax_step(model, optimizer, loss, devices or Devices())
        case "torch":
            return _torch_step(model, optimizer, loss)


def make_training_steps(
    model: Any, optimizer: Any, loss: Callable[[Sequence[Any]], Any], *, jit_compile: bool = False
) -> Steps:
    """Return a function that takes many steps of training at once.

    JAX compiles them as one loop, for a step by itself costs it some
    milliseconds on the host: more than the work of a GPU.

    Parameters
    ----------
    model : `keras.Model`
        As `make_training_step` takes it.
    optimizer : `keras.Optimizer`
        As `make_training_step` takes it.
    loss : `~collections.abc.Callable`
        As `make_training_step` takes it.
    jit_compile : `bool`
        As `make_training_step` takes it.

    Returns
    -------
    steps : `~collections.abc.Callable`
        Takes arrays whose first axis counts the steps, and tensors that all
        steps share; hands ``loss`` a part of the former and all of the
        latter, and returns the losses before each step.  If it raises, the
        model is as it was, with JAX.
    """
    if supported_backend() == "jax":
        optimizer.build(model.trainable_variables)
        return _jax_steps(model, optimizer, loss)
    step = make_training_step(model, optimizer, loss, jit_compile=jit_compile)

    def run(parts: Sequence[np.ndarray], common: Sequence[Any]) -> list[float]:
        return [step([*part, *common]) for part in zip(*parts, strict=True)]

    return run


def _tensorflow_step(model: Any, optimizer: Any, loss: Callable[..., Any], jit_compile: bool) -> Step:
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(*batch: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(batch)
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    return lambda batch: float(step(*(shared_tensor(array) for array in batch)))


def _jax_step(model: Any, optimizer: Any, loss: Callable[..., Any], devices: Devices) -> Step:
    import jax

    step, variables = jax.jit(_jax_update(model, optimizer, loss)), _jax_variables(model, optimizer)

    def run(batch: Sequence[np.ndarray]) -> float:
        state = [devices.share_values([variable.value for variable in group]) for group in variables]
        # JAX divides the work as the data are divided.
        state, value = step(state, devices.share_batch(batch))
        _assign(variables, state)
        return float(value)

    return run


def _jax_steps(model: Any, optimizer: Any, loss: Callable[..., Any]) -> Steps:
    import jax

    update, variables = _jax_update(model, optimizer, loss), _jax_variables(model, optimizer)

    @jax.jit
    def steps(state: Any, parts: Any, common: Any) -> Any:
        return jax.lax.scan(lambda state, part: update(state, [*part, *common]), state, parts)

    def run(parts: Sequence[np.ndarray], common: Sequence[Any]) -> list[float]:
        state = [[variable.value for variable in group] for group in variables]
        state, values = steps(state, list(parts), list(common))
        losses = np.asarray(values).tolist()
        _assign(variables, state)
        return losses

    return run


def _jax_variables(model: Any, optimizer: Any) -> list[list[Any]]:
    return [model.trainable_variables, model.non_trainable_variables, optimizer.variables]


def _assign(variables: Sequence[Sequence[Any]], values: Sequence[Sequence[Any]]) -> None:
    for group, changed in zip(variables, values, strict=True):
        for variable, value in zip(group, changed, strict=True):
            variable.assign(value)


def _jax_update(model: Any, optimizer: Any, loss: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Return a step that changes nothing, from values of all variables and a
    batch to new values and the loss.
    """
    import jax
    import keras

    trainable, fixed = model.trainable_variables, model.non_trainable_variables

    def compute(values: Any, fixed_values: Any, batch: Any) -> Any:
        mapping = list(zip(trainable, values, strict=True)) + list(zip(fixed, fixed_values, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            value = loss(batch)
        return value, [scope.get_current_value(variable) for variable in fixed]

    def update(state: Any, batch: Any) -> Any:
        values, fixed_values, optimizer_values = state
        (value, fixed_values), gradients = jax.value_and_grad(compute, has_aux=True)(
            values, fixed_values, batch
        )
        values, optimizer_values = optimizer.stateless_apply(optimizer_values, gradients, values)
        return [values, fixed_values, optimizer_values], value

    return update


def _torch_step(model: Any, optimizer: Any, loss: Callable[..., Any]) -> Step:
    import keras
    import torch

    def run(batch: Sequence[np.ndarray]) -> float:
        device = keras.src.backend.torch.core.get_device()
        model.zero_grad()
        value = loss([torch.as_tensor(array, device=device) for array in batch])
        value.backward()
        gradients = [variable.value.grad for variable in model.trainable_variables]
        with torch.no_grad():
            optimizer.apply(gradients, model.trainable_variables)
        return float(value.detach())

    return run
