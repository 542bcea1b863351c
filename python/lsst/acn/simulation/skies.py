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

"""Skies by name: what there is besides smooth galaxies and stars."""

from __future__ import annotations

__all__ = ("SKIES", "Sky", "under_sky")

import dataclasses
from typing import Any

from .simulation_config import SimulationConfig


@dataclasses.dataclass(frozen=True)
class Sky:
    """A kind of sky.

    Parameters
    ----------
    label : `str`
        What it shows, in words.
    scene : `dict`, optional
        Fields of `SceneConfig` that it changes.
    parts : `dict`, optional
        Fields of the parts of `SceneConfig` that it changes, by part.
    """

    label: str
    scene: dict[str, Any] = dataclasses.field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


SKIES = {
    "ordinary": Sky("smooth galaxies and stars"),
    "late-types": Sky(
        "large galaxies with arms, bars and knots",
        # Fewer, larger and brighter galaxies: there is structure to see.
        scene={"size_at_24": 0.7, "galaxy_slope": 0.2, "early_share": 0.1},
        parts={"late_types": {"share": 0.8}},
    ),
    "edge-on": Sky(
        "thin discs seen edge-on",
        scene={"size_at_24": 0.6, "galaxy_slope": 0.2},
        parts={"late_types": {"edge_on_share": 0.7}},
    ),
    "low-surface-brightness": Sky(
        "low-surface-brightness galaxies, 26.5–27.5 mag/arcsec²",
        parts={"diffuse_light": {"discs": 3, "disc_brightness": (26.5, 27.5)}},
    ),
    "nebula": Sky("a smooth nebula everywhere", parts={"diffuse_light": {"nebula_brightness": 26.0}}),
    "intracluster-light": Sky(
        "intracluster light", parts={"diffuse_light": {"intracluster_brightness": 26.0}}
    ),
    "globular-cluster": Sky("a globular cluster", parts={"star_cluster": {"stars": 1500}}),
    "real-galaxies": Sky("images of real galaxies", scene={"galaxy_slope": 0.2}),
}
"""The skies by name (`dict` [`str`, `Sky`])."""


def under_sky(config: SimulationConfig, name: str, *, real_galaxies: str | None = None) -> SimulationConfig:
    """Return a configuration with another sky.

    Parameters
    ----------
    config : `SimulationConfig`
        What to simulate.
    name : `str`
        One of `SKIES`.
    real_galaxies : `str`, optional
        File of a catalogue of real galaxies, for the sky that shows them.

    Returns
    -------
    config : `SimulationConfig`
        With that sky.

    Raises
    ------
    ValueError
        Raised if there is no such sky, or the file is missing.
    """
    if name not in SKIES:
        raise ValueError(f"Skies are {', '.join(SKIES)}; got {name!r}.")
    if name == "real-galaxies" and real_galaxies is None:
        raise ValueError("The sky real-galaxies needs the file of a catalogue of real galaxies.")
    sky = SKIES[name]
    parts = {
        part: dataclasses.replace(getattr(config.scene, part), **fields) for part, fields in sky.parts.items()
    }
    if name == "real-galaxies":
        parts["real_galaxies"] = dataclasses.replace(config.scene.real_galaxies, catalog=real_galaxies)
    return dataclasses.replace(config, scene=dataclasses.replace(config.scene, **sky.scene, **parts))
