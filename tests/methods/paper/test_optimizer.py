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

"""The learning rate while the paper's network is trained."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from lsst.acn import RestorationConfig
from lsst.acn.methods.paper.optimizer import make_optimizer

N_STEPS = 40


def rates(cool_down: float) -> np.ndarray:
    """Return the learning rate of each step, in units of that at the start."""
    config = RestorationConfig()
    config.paper.training.cool_down = cool_down
    optimizer = make_optimizer(config, n_steps=N_STEPS)
    result = []
    for step in range(N_STEPS + 1):
        optimizer.iterations.assign(step)
        result.append(float(optimizer.learning_rate) / config.paper.training.learning_rate)
    return np.array(result)


def test_rate_stays_as_it_is_unless_it_is_to_cool_down() -> None:
    np.testing.assert_allclose(rates(0.0), 1.0, rtol=1e-6)


def test_rate_falls_to_zero_as_half_a_cosine_in_the_last_steps() -> None:
    found = rates(0.5)
    np.testing.assert_allclose(found[: N_STEPS // 2 + 1], 1.0, rtol=1e-6)
    np.testing.assert_allclose(found[[30, 35, 40]], [0.5, 0.5 * (1.0 - np.sqrt(0.5)), 0.0], atol=1e-6)
