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

"""Adam, and how its learning rate falls while a network is trained."""

from __future__ import annotations

__all__ = ("make_optimizer",)

import math
from typing import Any

from ...restoration_config import RestorationConfig


def make_optimizer(config: RestorationConfig, rate: float = 1.0, n_steps: int = 0) -> Any:
    """Return Adam with the learning rate that a config asks for.

    Parameters
    ----------
    config : `RestorationConfig`
        Uses ``paper.training``.
    rate : `float`, optional
        What the learning rate is multiplied by.
    n_steps : `int`, optional
        Number of steps of the whole training, at the end of which the rate
        cools down if it is to.

    Returns
    -------
    optimizer : `keras.Optimizer`
        Not built yet.
    """
    import keras

    training = config.paper.training
    schedule = keras.optimizers.schedules.ExponentialDecay(
        rate * training.learning_rate,
        training.learning_rate_steps,
        training.learning_rate_decay,
        staircase=True,
    )
    if training.cool_down and n_steps:
        schedule = _cooled_down(schedule, n_steps, training.cool_down * n_steps)
    return keras.optimizers.Adam(schedule)


def _cooled_down(schedule: Any, n_steps: int, n_last: float) -> Any:
    """Return a learning rate that falls to zero in the last steps, as half a cosine."""
    import keras

    class CooledDown(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            left = (n_steps - keras.ops.cast(step, "float32")) / n_last
            return schedule(step) * 0.5 * (1.0 - keras.ops.cos(math.pi * keras.ops.clip(left, 0.0, 1.0)))

        def get_config(self) -> dict[str, Any]:
            return {"n_steps": n_steps, "n_last": n_last}

    return CooledDown()
