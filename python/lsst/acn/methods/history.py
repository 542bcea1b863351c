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


"""The story of a training: a row for each epoch, and a word in the log now and then."""

from __future__ import annotations

__all__ = ("HISTORY_DTYPES", "TrainingHistory", "empty_history")

import logging
import time
from typing import Any, Literal

import numpy as np

from lsst.utils.logging import PeriodicLogger

from ..errors import TrainingDivergedError

STEPS_TO_JUDGE_BY = 5
LONG_SECONDS = 300.0
"""Trainings that take longer say so at the beginning."""

LOG_SECONDS = 10.0

HISTORY_DTYPES = {
    "epoch": np.int64,
    "loss": np.float64,
    "learning_rate": np.float64,
    "seconds": np.float64,
}
"""Columns of a training history."""


class TrainingHistory:
    """Mean loss, learning rate and time of each epoch.

    Parameters
    ----------
    optimizer : `keras.Optimizer`
        Knows the learning rate.
    unit : `str`
        What the losses are told for: an ``epoch`` or a ``step``.
    number : `int`
        How many there will be.
    log : `logging.Logger`
        Told, now and then and at the end, the loss and the time that is left.
    """

    def __init__(
        self, optimizer: Any, unit: Literal["epoch", "step"], number: int, log: logging.Logger
    ) -> None:
        self._optimizer, self._unit, self._number, self._log = optimizer, unit, number, log
        self._periodic = PeriodicLogger(log, interval=LOG_SECONDS)
        self._start = time.monotonic()
        self._done = 0
        self._losses: list[float] = []
        self._rows: list[tuple[float, ...]] = []

    def add(self, loss: float, *, ends_epoch: bool) -> None:
        """Take down the loss of one more epoch or step.

        Parameters
        ----------
        loss : `float`
            Mean over the valid pixels.
        ends_epoch : `bool`
            Whether an epoch ends with it; it does with the last one.

        Raises
        ------
        TrainingDivergedError
            Raised if the loss is not finite.
        """
        self._done += 1
        if not np.isfinite(loss):
            raise TrainingDivergedError(
                f"The loss is {loss} in {self._unit} {self._done}.", **{self._unit: self._done}
            )
        self._losses.append(loss)
        if ends_epoch or self._done == self._number:
            self._close_epoch()
        self._report(loss)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the rows so far.

        Returns
        -------
        history : `dict` [`str`, `numpy.ndarray`]
            A column for each of `HISTORY_DTYPES`.
        """
        values = np.array(self._rows, np.float64).reshape(-1, len(HISTORY_DTYPES)).T
        return {
            name: column.astype(dtype)
            for (name, dtype), column in zip(HISTORY_DTYPES.items(), values, strict=True)
        }

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._start

    def _close_epoch(self) -> None:
        from keras import ops

        rate = float(ops.convert_to_numpy(self._optimizer.learning_rate))
        self._rows.append((len(self._rows) + 1, float(np.mean(self._losses)), rate, self._seconds))
        self._losses = []

    def _report(self, loss: float) -> None:
        tell = self._log.info if self._done == self._number else self._periodic.log
        left = self._seconds * (self._number - self._done) / self._done
        if self._done == STEPS_TO_JUDGE_BY and left > LONG_SECONDS:
            self._log.warning("Training will take about %.0f minutes.", left / 60)
        message = "Training: %s %d of %d, loss %.5f, %.0f s gone, %.0f s left."
        tell(message, self._unit, self._done, self._number, loss, self._seconds, left)


def empty_history() -> dict[str, np.ndarray]:
    """Return the history of a restoration that trained nothing.

    Returns
    -------
    history : `dict` [`str`, `numpy.ndarray`]
        All columns, without rows.
    """
    return {name: np.zeros(0, dtype) for name, dtype in HISTORY_DTYPES.items()}
