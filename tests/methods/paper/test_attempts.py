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

"""Trainings that fail, and are tried again."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from small_fields import make_config, make_stack
from small_networks import make_case

from lsst.acn import TrainingDivergedError
from lsst.acn.methods.paper.attempt import Attempt
from lsst.acn.methods.paper.attempts import train_until_sound
from lsst.acn.methods.paper.method import PaperMethod
from lsst.acn.methods.paper.training import make_optimizer

pytestmark = needs_keras

LOG = logging.getLogger(__name__)


def fail_first(monkeypatch: pytest.MonkeyPatch, n_failures: int) -> list[Attempt]:
    """Let the first attempts fail, and return a list of those that are made."""
    made: list[Attempt] = []

    def train(network: Any, inputs: Any, config: Any, log: Any, attempt: Attempt) -> dict[str, Any]:
        made.append(attempt)
        if len(made) <= n_failures:
            raise TrainingDivergedError(f"No luck {len(made)}.", epoch=len(made))
        return {"loss": np.array([2.0, 1.0])}

    monkeypatch.setattr("lsst.acn.methods.paper.attempts.train", train)
    return made


def test_what_fails_is_tried_again_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    network, inputs, *_ = make_case()
    made = fail_first(monkeypatch, 2)
    history, n_attempts = train_until_sound(network, inputs, make_config(), LOG)
    assert n_attempts == 3
    assert made == [Attempt(0), Attempt(1), Attempt(2)]
    np.testing.assert_array_equal(history["loss"], [2.0, 1.0])
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert caplog.messages[1] == "Attempt 2 of 3 to train the network failed: No luck 2."


@pytest.mark.parametrize("retries", [0, 2, 3])
def test_attempts_come_to_an_end(monkeypatch: pytest.MonkeyPatch, retries: int) -> None:
    network, inputs, *_ = make_case()
    made = fail_first(monkeypatch, 100)
    config = make_config(paper__training__retries=retries, seed=5)
    with pytest.raises(TrainingDivergedError, match=rf"seed 5 .* No luck {retries + 1}\.") as caught:
        train_until_sound(network, inputs, config, LOG)
    assert len(made) == retries + 1
    assert caught.value.metadata == {"epoch": retries + 1, "n_attempts": retries + 1, "seed": 5}


def test_each_attempt_has_weights_tiles_and_a_rate_of_its_own() -> None:
    network, *_ = make_case()
    first = network.model.get_weights()
    network.draw_weights(Attempt(1))
    second = network.model.get_weights()
    network.draw_weights(Attempt(0))
    assert (first[0] != second[0]).any()
    np.testing.assert_array_equal(network.model.get_weights()[0], first[0])
    draws = {Attempt(number).stream(1, "tiles").integers(2**60) for number in range(3)}
    assert len(draws) == 3
    rates = [float(make_optimizer(make_config(), Attempt(n).rate).learning_rate) for n in range(3)]
    np.testing.assert_allclose(rates, [0.002, 0.001, 0.0005], rtol=1e-6)


def test_the_summary_tells_the_number_of_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_first(monkeypatch, 1)
    method = PaperMethod(make_stack()[0], make_config())
    method.fit(LOG)
    assert method.summary()["n_attempts"] == 2
