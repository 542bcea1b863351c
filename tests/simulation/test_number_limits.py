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

"""Simulations that would not end, or not fit into memory, are refused."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from lsst.acn import Box
from lsst.acn.simulation import ConditionsConfig, SceneConfig, SimulationConfig, imperfect
from lsst.acn.simulation.faults.sky_residual import SkyConfig

CONFIG = SimulationConfig()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixel_scale": math.nan}, "pixel_scale must be a finite number"),
        ({"pixel_scale": 1e300}, "pixel_scale must be a finite number, of at most 1e\\+12"),
        ({"center": (math.inf, 0.0)}, "center must be a finite number"),
        ({"center": (0.0, 91.0)}, "must be a right ascension and declination"),
        ({"seed": 2**63}, "seed must be a number of at most"),
        ({"first_visit": 2**63 - 2}, "12 visits from .* have too large identifiers"),
        ({"visits": 10**9}, "more than the 4.29e\\+09 that a simulation may have"),
        ({"box": Box(0, 10**6, 0, 10**6)}, "exposures of 1000000 x 1000000 pixels"),
        ({"scene": SceneConfig(crowding=1e11)}, "A crowding of 1e\\+11 .* sources"),
        ({"sky": SkyConfig(level=math.nan)}, "sky.level must be a finite number"),
        ({"conditions": ConditionsConfig(sky_offset=math.inf)}, "conditions.sky_offset must be a finite"),
    ],
)
def test_numbers_beyond_all_bounds_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CONFIG, **changes)


@pytest.mark.parametrize("depth", [math.nan, math.inf, 0.0, -25.0, 41.0])
def test_depths_are_magnitudes(depth: float) -> None:
    with pytest.raises(ValueError, match="depth must be a magnitude from 10 to 40"):
        ConditionsConfig(depth=depth)


@pytest.mark.parametrize("strength", [math.nan, math.inf, 0.0, -1.0, 1e300])
def test_strengths_of_imperfections_have_a_limit(strength: float) -> None:
    with pytest.raises(ValueError, match="must be positive, and at most 100"):
        imperfect(CONFIG, "warped", strength)
