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
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ....errors import InvalidExposureError
from ....exposures.random_streams import random_stream
from ....machine.devices import Devices
from ....machine.training_step import make_training_step
from ....restoration_config import CrossExposureConfig
from ...history import TrainingHistory
from .samples import CrossExposureSample, stack_samples
from .trainable import TrainableNetwork


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
    InvalidExposureError
        Raised if there are no samples.
    TrainingDivergedError
        Raised if the loss stops being finite.
    """
    if not samples:
        raise InvalidExposureError("No tile is reached by enough exposures to train a network on.")
    batches = _batches(samples, options, random_stream(seed, "mixing network", "order"))
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
    history = TrainingHistory(optimizer, "step", options.steps, log)
    for _ in range(options.steps):
        batch, ends_epoch = next(batches)
        history.add(step(batch), ends_epoch=ends_epoch)
    return history.columns()


def _batches(
    samples: Sequence[CrossExposureSample], options: CrossExposureConfig, rng: np.random.Generator
) -> Iterator[tuple[list[int], bool]]:
    """Yield batches of equal shapes, at least one for each step, and whether an epoch ends with them."""
    size = options.batch_size
    alike: dict[Any, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        alike[sample.members.shape, sample.data.shape].append(index)
    for _ in range(options.steps):
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
