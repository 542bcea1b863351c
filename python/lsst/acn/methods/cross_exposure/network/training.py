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

"""Training of the mixing network on samples of one or many patches."""

from __future__ import annotations

__all__ = ("take_training_steps", "train_mixing_network")

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lsst.utils.logging import PeriodicLogger

from ....errors import TrainingDivergedError
from ....machine.devices import Devices
from ....machine.training_step import make_training_step
from ....restoration_config import CrossExposureConfig
from ....restoration_result import HISTORY_DTYPES
from .samples import CrossExposureSample, stack_samples
from .trainable import TrainableNetwork

LOG_SECONDS = 10.0


def train_mixing_network(
    network: TrainableNetwork,
    samples: Sequence[CrossExposureSample],
    options: CrossExposureConfig,
    *,
    seed: int,
    log: logging.Logger,
    devices: Devices | None = None,
) -> dict[str, np.ndarray]:
    """Train a network to predict exposures that its input does not hold.

    Parameters
    ----------
    network : `TrainableNetwork`
        Changed in place.
    samples : `~collections.abc.Sequence` [`CrossExposureSample`]
        Samples of one or many patches; only those of equal shapes share a
        step.
    options : `CrossExposureConfig`
        Steps, batch size and learning rate.
    seed : `int`
        Seed of the order of the samples.
    log : `logging.Logger`
        Told, now and then, the loss and the time that is left.
    devices : `Devices`, optional
        What the samples of a batch are shared out to.

    Returns
    -------
    history : `dict` [`str`, `numpy.ndarray`]
        Columns ``epoch``, ``loss``, ``learning_rate`` and ``seconds``, a row
        for each pass over the samples.

    Raises
    ------
    TrainingDivergedError
        Raised if the loss stops being finite.
    """
    batches = _endless_batches(samples, options.batch_size, np.random.default_rng([seed, 5]))
    stacked = ((stack_samples([samples[index] for index in chosen]), end) for chosen, end in batches)
    return take_training_steps(network, stacked, network.loss, options, log, devices)


def take_training_steps(
    network: TrainableNetwork,
    batches: Iterator[tuple[tuple[np.ndarray, ...], bool]],
    loss: Callable[[Sequence[Any]], Any],
    options: CrossExposureConfig,
    log: logging.Logger,
    devices: Devices | None = None,
) -> dict[str, np.ndarray]:
    """Train a network on batches as they come.

    Parameters
    ----------
    network : `TrainableNetwork`
        Changed in place.
    batches : `~collections.abc.Iterator`
        Arrays of each step, and whether an epoch ends with them.
    loss : `~collections.abc.Callable`
        Takes the tensors of a batch and returns a scalar.
    options : `CrossExposureConfig`
        Steps and learning rate.
    log : `logging.Logger`
        Told, now and then, the loss and the time that is left.
    devices : `Devices`, optional
        What the tiles of a batch are shared out to.

    Returns
    -------
    history : `dict` [`str`, `numpy.ndarray`]
        Columns ``epoch``, ``loss``, ``learning_rate`` and ``seconds``.

    Raises
    ------
    TrainingDivergedError
        Raised if the loss stops being finite.
    """
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(options.learning_rate, max(options.steps, 1))
    optimizer = keras.optimizers.Adam(schedule)
    step = make_training_step(network.model, optimizer, loss, devices=devices)
    history = _History(optimizer)
    progress = PeriodicLogger(log, interval=LOG_SECONDS)
    for number in range(1, options.steps + 1):
        batch, end_of_epoch = next(batches)
        value = step(batch)
        if not np.isfinite(value):
            raise TrainingDivergedError(f"The loss is {value} in step {number}.", step=number)
        history.add(value)
        if end_of_epoch or number == options.steps:
            history.close_epoch()
        left = history.seconds * (options.steps - number) / number
        message = "Training: step %d of %d, loss %.5f, %.0f s gone, %.0f s left."
        progress.log(message, number, options.steps, value, history.seconds, left)
    return history.columns()


def _endless_batches(
    samples: Sequence[CrossExposureSample], size: int, rng: np.random.Generator
) -> Iterator[tuple[list[int], bool]]:
    """Yield batches of equal shapes, and whether an epoch ends with them."""
    alike: dict[Any, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        alike[sample.members.shape, sample.data.shape].append(index)
    while True:
        batches = []
        for group in alike.values():
            order = rng.permutation(group).tolist()
            full = min(size, len(order))
            # A short last batch would compile a step of its own.
            order += order[: -len(order) % full]
            batches += [order[start : start + full] for start in range(0, len(order), full)]
        shuffled = rng.permutation(len(batches)).tolist()
        for position, index in enumerate(shuffled):
            yield batches[index], position == len(shuffled) - 1


class _History:
    """Mean loss of each epoch, with learning rate and time."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._start = time.monotonic()
        self._losses: list[float] = []
        self._rows: list[tuple[float, ...]] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def add(self, loss: float) -> None:
        self._losses.append(loss)

    def close_epoch(self) -> None:
        from keras import ops

        rate = float(ops.convert_to_numpy(self._optimizer.learning_rate))
        self._rows.append((len(self._rows) + 1, float(np.mean(self._losses)), rate, self.seconds))
        self._losses = []

    def columns(self) -> dict[str, np.ndarray]:
        values = np.array(self._rows, np.float64).reshape(-1, len(HISTORY_DTYPES)).T
        return {
            name: column.astype(dtype)
            for (name, dtype), column in zip(HISTORY_DTYPES.items(), values, strict=True)
        }
