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

"""Get along with the memory that a device has."""

from __future__ import annotations

__all__ = ("ShrinkingBatches", "TakeSteps", "UntilOutOfMemory", "grow_memory_on_demand", "is_out_of_memory")

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from .backend import backend_name

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "ResourceExhausted", "out of memory", "OutOfMemory")
"""What backends call it, in the names or messages of their errors."""


def grow_memory_on_demand() -> None:
    """Keep the Keras backend from taking all memory of a GPU at once.

    Has no effect without a GPU, or once the backend has begun to use it.
    """
    # JAX reads this when it first looks for devices.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if backend_name() != "tensorflow":
        return
    import tensorflow as tf

    for device in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(device, True)
        except RuntimeError:
            logging.getLogger(__name__).debug("%s is in use already.", device)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of a backend says that a device's memory is full.

    Parameters
    ----------
    error : `BaseException`
        Of TensorFlow, JAX or PyTorch, which have none in common.

    Returns
    -------
    is_full : `bool`
        Whether it does.
    """
    text = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(words in text for words in OUT_OF_MEMORY)


type TakeSteps = Callable[[Sequence[Sequence[Any]]], Sequence[float]]
"""Takes a step with the tiles of each batch and returns the losses."""


class ShrinkingBatches:
    """Takes steps of training, with smaller batches once memory runs out.

    Parameters
    ----------
    take_step : `~collections.abc.Callable`
        Takes tiles and returns the loss.
    log : `logging.Logger`
        Warned when batches become smaller.
    """

    def __init__(self, take_step: Callable[[Sequence[Any]], float], log: logging.Logger) -> None:
        self._take_step, self._log = take_step, log
        self._limit: int | None = None

    def __call__(self, tiles: Sequence[Any]) -> list[float]:
        """Take one step, or as many as it takes with smaller batches.

        Parameters
        ----------
        tiles : `~collections.abc.Sequence`
            A batch.

        Returns
        -------
        losses : `list` [`float`]
            Loss of each step.

        Raises
        ------
        MemoryError
            Raised if there is not even room for one tile.
        """
        size = min(len(tiles), self._limit or len(tiles))
        losses: list[float] = []
        for start in range(0, len(tiles), size):
            batch = tiles[start : start + size]
            try:
                losses.append(self._take_step(batch))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                return losses + self._retry(tiles[start:], len(batch), error)
        return losses

    def _retry(self, tiles: Sequence[Any], size: int, error: Exception) -> list[float]:
        if size == 1:
            raise MemoryError(
                "There is not enough memory for a training step on one tile; lower paper.tile_size."
            ) from error
        self._limit = size // 2
        self._log.warning("Out of memory with %d tiles in a batch: going on with %d.", size, self._limit)
        return self(tiles)


class UntilOutOfMemory:
    """Does something one way, and another way once memory runs out.

    Parameters
    ----------
    make_first, make_second : `~collections.abc.Callable`
        Return a function of batches of tiles; the second is called only if
        the first, or what it returns, runs out of memory.
    log : `logging.Logger`
        Warned when that happens.
    """

    def __init__(
        self,
        make_first: Callable[[], TakeSteps],
        make_second: Callable[[], TakeSteps],
        log: logging.Logger,
    ) -> None:
        self._make_first, self._make_second, self._log = make_first, make_second, log
        self._take: TakeSteps | None = None
        self._is_first = True

    def __call__(self, batches: Sequence[Sequence[Any]]) -> Sequence[float]:
        """Take the steps.

        Parameters
        ----------
        batches : `~collections.abc.Sequence`
            Tiles of each step.

        Returns
        -------
        losses : `~collections.abc.Sequence` [`float`]
            Loss of each step.
        """
        try:
            if self._take is None:
                self._take = self._make_first()
            return self._take(batches)
        except Exception as error:
            if not self._is_first or not is_out_of_memory(error):
                raise
        self._log.warning("The device has no room for the patch: each step is handed its tiles.")
        self._is_first = False
        self._take = self._make_second()
        return self._take(batches)
