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


"""The simulated fields of this benchmark: crowded ones, and a globular cluster."""

from __future__ import annotations

__all__ = ("FIRST_SEED", "GLOBULAR_SEED", "crowded_fields", "globular_field")

import dataclasses

from lsst.acn.simulation import StarClusterConfig

from ..scoreboard.fields import FIELDS, BenchmarkField

FIRST_SEED = 900_001
"""Seed of the first crowded field.  No network, error model or choice has
seen these fields; nor have the other benchmarks."""

GLOBULAR_SEED = 950_001
"""Seed of the globular cluster."""

CLUSTER_STARS = 600
"""Stars of the cluster, down to the limit of the field."""


def crowded_fields(number: int) -> tuple[BenchmarkField, ...]:
    """Return fields in the conditions of the crowded ones of the scoreboard, by turns.

    Parameters
    ----------
    number : `int`
        How many.

    Returns
    -------
    fields : `tuple` [`~benchmarks.scoreboard.fields.BenchmarkField`]
        Each with a seed of its own.
    """
    kinds = [each for each in FIELDS if each.is_crowded]
    return tuple(
        _with_seed(kinds[index % len(kinds)], FIRST_SEED + index, f"{index + 1}: ") for index in range(number)
    )


def globular_field() -> BenchmarkField:
    """Return the first of the crowded conditions, with a globular cluster and fewer sources around it."""
    crowded = next(each for each in FIELDS if each.is_crowded)
    field = _with_seed(crowded, GLOBULAR_SEED, "globular cluster, ")
    scene = dataclasses.replace(
        field.config.scene,
        crowding=field.config.scene.crowding / 3.0,
        star_cluster=StarClusterConfig(stars=CLUSTER_STARS, tidal_radius=15.0),
    )
    config = dataclasses.replace(field.config, scene=scene)
    return BenchmarkField("globular cluster", config, is_crowded=True)


def _with_seed(field: BenchmarkField, seed: int, prefix: str) -> BenchmarkField:
    config = dataclasses.replace(field.config, seed=seed)
    return dataclasses.replace(field, name=prefix + field.name, config=config)
