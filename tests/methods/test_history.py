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


"""Tests of the story that a training leaves behind."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from array_libraries import needs_keras

from lsst.acn import TrainingDivergedError
from lsst.acn.methods.history import HISTORY_DTYPES, TrainingHistory, empty_history

pytestmark = needs_keras

LOG = logging.getLogger("test_history")


@pytest.fixture
def optimizer() -> SimpleNamespace:
    """An optimizer that tells its learning rate, as those of Keras do."""
    return SimpleNamespace(learning_rate=np.float32(0.5))


def test_a_row_is_the_mean_of_an_epoch(optimizer: SimpleNamespace) -> None:
    history = TrainingHistory(optimizer, "step", 5, LOG)
    for number, loss in enumerate([1.0, 3.0, 5.0, 7.0, 8.0], start=1):
        history.add(loss, ends_epoch=number in (2, 4))
    columns = history.columns()
    assert columns["epoch"].tolist() == [1, 2, 3]
    # The last epoch ends with the training, although it is not over.
    assert columns["loss"].tolist() == [2.0, 6.0, 8.0]
    assert columns["learning_rate"].tolist() == [0.5] * 3
    assert np.all(np.diff(columns["seconds"]) >= 0.0)
    assert {name: column.dtype for name, column in columns.items()} == HISTORY_DTYPES


@pytest.mark.parametrize("unit", ["epoch", "step"])
def test_the_log_hears_of_the_end(
    optimizer: SimpleNamespace, caplog: pytest.LogCaptureFixture, unit: str
) -> None:
    with caplog.at_level(logging.INFO, "test_history"):
        history = TrainingHistory(optimizer, unit, 2, LOG)
        history.add(2.0, ends_epoch=True)
        history.add(1.25, ends_epoch=True)
    last = caplog.messages[-1]
    assert last.startswith(f"Training: {unit} 2 of 2, loss 1.25000, ")
    assert last.endswith(" s gone, 0 s left.")


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_ends_the_training(optimizer: SimpleNamespace, loss: float) -> None:
    history = TrainingHistory(optimizer, "step", 3, LOG)
    history.add(1.0, ends_epoch=False)
    with pytest.raises(TrainingDivergedError, match=f"The loss is {loss} in step 2") as caught:
        history.add(loss, ends_epoch=False)
    assert caught.value.metadata == {"step": 2}


def test_no_training_has_all_columns_and_no_rows(optimizer: SimpleNamespace) -> None:
    for history in (empty_history(), TrainingHistory(optimizer, "epoch", 0, LOG).columns()):
        assert {name: (column.dtype, len(column)) for name, column in history.items()} == {
            name: (dtype, 0) for name, dtype in HISTORY_DTYPES.items()
        }


def test_a_long_training_says_at_its_start_how_long_it_takes(
    optimizer: SimpleNamespace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 12))
    monkeypatch.setattr("lsst.acn.methods.history.time.monotonic", lambda: next(clock))
    history = TrainingHistory(optimizer, "step", 1000, LOG)
    with caplog.at_level(logging.WARNING, "test_history"):
        for _ in range(6):
            history.add(1.0, ends_epoch=False)
    (told,) = (text for text in caplog.messages if "will take" in text)
    assert float(told.split()[4]) > 60
