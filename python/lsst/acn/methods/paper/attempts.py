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

"""Trainings that are tried again, from other weights, if they come to nothing."""

from __future__ import annotations

__all__ = ("train_until_sound",)

import logging

import numpy as np

from ...errors import TrainingDivergedError
from ...restoration_config import RestorationConfig
from .attempt import Attempt
from .inputs import PatchInputs
from .network import PaperNetwork
from .training import train


def train_until_sound(
    network: PaperNetwork, inputs: PatchInputs, config: RestorationConfig, log: logging.Logger
) -> tuple[dict[str, np.ndarray], int]:
    """Train a network, and again from other weights if it comes to nothing.

    Parameters
    ----------
    network : `PaperNetwork`
        Changed in place.
    inputs : `PatchInputs`
        The patch.
    config : `RestorationConfig`
        Uses ``paper``, ``devices`` and ``seed``.
    log : `logging.Logger`
        Told of the progress, and of each attempt that failed.

    Returns
    -------
    history : `dict` [`str`, `numpy.ndarray`]
        Of the attempt that succeeded, as `train` returns it.
    n_attempts : `int`
        How many it took.

    Raises
    ------
    MemoryError
        Raised as by `train`.
    TrainingDivergedError
        Raised if the last attempt fails, too; its metadata have the number of
        attempts, the seed, and what was wrong with the last one.
    """
    number = 1 + config.paper.training.retries
    for attempt in map(Attempt, range(number)):
        try:
            return train(network, inputs, config, log, attempt), attempt.number + 1
        except TrainingDivergedError as error:
            log.warning("Attempt %d of %d to train the network failed: %s", attempt.number + 1, number, error)
            last = error
    raise TrainingDivergedError(
        f"No attempt of {number} to train the network from seed {config.seed} came to anything. "
        f"Of the last one: {last}",
        **(last.metadata | {"n_attempts": number, "seed": config.seed}),
    ) from last
