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

"""Galaxies of late types: arms, bars and knots, and discs seen edge-on."""

from __future__ import annotations

__all__ = (
    "LateTypesConfig",
    "become_late_types",
    "edge_on_profile",
    "edge_on_reach",
    "late_type_profile",
)

import dataclasses
from typing import Any

import numpy as np
from astropy.table import Row, Table

from ...exposures.random_streams import random_stream

DISC_END = 4.0
"""Where discs end, in half-light radii (`float`)."""

KNOTS = 25
"""Knots of a galaxy, all of one flux (`int`)."""

CLUMPS_OF_ARM = 12
"""Gaussians that make up an arm (`int`)."""

CLUMP_SIZE, BAR_SIZE = 0.11, 0.35
"""Standard deviation of a clump and half-light radius of a bar, in those of the disc."""

BAR_SHEAR = 0.5
"""Shape of bars (reduced shear): three times as long as wide (`float`)."""

THICKNESS = 0.12
"""Scale height of edge-on discs in scale lengths (`float`)."""

EDGE_ON_END = 6.0
"""Radius in half-light radii beyond which an edge-on disc is not drawn (`float`)."""


@dataclasses.dataclass(frozen=True)
class LateTypesConfig:
    """Which galaxies are not smooth; by default all are.

    Parameters
    ----------
    share : `float`, optional
        Share of the galaxies that have arms and knots, and perhaps a bar.
    edge_on_share : `float`, optional
        Share of the galaxies that are thin discs seen edge-on.
    bar_probability : `float`, optional
        Probability that a galaxy with arms has a bar.
    bar_share, arm_share, knot_share : `tuple` [`float`, `float`], optional
        Least and largest share of its light in each.
    faint_limit : `float`, optional
        AB magnitude beyond which galaxies are smooth: nobody could tell.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    share: float = 0.0
    edge_on_share: float = 0.0
    bar_probability: float = 0.4
    bar_share: tuple[float, float] = (0.1, 0.25)
    arm_share: tuple[float, float] = (0.15, 0.35)
    knot_share: tuple[float, float] = (0.05, 0.25)
    faint_limit: float = 25.0

    def __post_init__(self) -> None:
        if min(self.share, self.edge_on_share) < 0 or self.share + self.edge_on_share > 1:
            raise ValueError(
                "share and edge_on_share must not be negative nor exceed 1 together; got "
                f"{self.share} and {self.edge_on_share}."
            )
        if not 0 <= self.bar_probability <= 1:
            raise ValueError(f"bar_probability must lie from 0 to 1; got {self.bar_probability}.")
        parts = (self.bar_share, self.arm_share, self.knot_share)
        if any(not 0 <= low <= high for low, high in parts) or sum(high for _, high in parts) > 1:
            raise ValueError(
                "bar_share, arm_share and knot_share must be ranges that leave light for the disc; got "
                f"{parts}."
            )


def become_late_types(galaxies: Table, config: LateTypesConfig, seed: int) -> Table:
    """Return galaxies, some of them late types of the same size, flux and place.

    Parameters
    ----------
    galaxies : `~astropy.table.Table`
        Smooth ones.
    config : `LateTypesConfig`
        How many change.
    seed : `int`
        Seed of the simulation.

    Returns
    -------
    galaxies : `~astropy.table.Table`
        The table, changed.
    """
    rng, count = random_stream(seed, "scene", "late types"), len(galaxies)
    chance = rng.random(count)
    is_bright = np.asarray(galaxies["mag"]) <= config.faint_limit
    is_late = is_bright & (chance < config.share)
    is_edge_on = is_bright & ~is_late & (chance < config.share + config.edge_on_share)
    has_bar = rng.random(count) < config.bar_probability
    galaxies["kind"][is_late], galaxies["kind"][is_edge_on] = "late_type", "edge_on"
    galaxies["sersic_index"][is_late | is_edge_on] = 1.0
    for name, where in (("bar_share", is_late & has_bar), ("arm_share", is_late), ("knot_share", is_late)):
        low, high = getattr(config, name)
        galaxies[name][where] = rng.uniform(low, high, count)[where]
    galaxies["shape_seed"][is_late] = rng.integers(1, 2**31, count)[is_late]
    # Along the direction that the galaxy has, as flat as its thickness allows.
    shear = np.hypot(galaxies["g1"], galaxies["g2"])
    flat = (1.0 - THICKNESS) / (1.0 + THICKNESS)
    for name in ("g1", "g2"):
        galaxies[name][is_edge_on] *= (flat / np.maximum(shear, 1e-9))[is_edge_on]
    return galaxies


def late_type_profile(row: Row) -> Any:
    """Return a disc with two arms, knots and perhaps a bar.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The galaxy.

    Returns
    -------
    profile : `galsim.GSObject`
        Of its flux, sizes in arcsec.
    """
    import galsim

    rng = random_stream(int(row["shape_seed"]), "late type")
    disc = galsim.Sersic(n=1.0, half_light_radius=1.0, trunc=DISC_END)
    bar, arms, knots = (float(row[name]) for name in ("bar_share", "arm_share", "knot_share"))
    parts = [disc.withFlux(1.0 - bar - arms - knots), *_arms(arms, rng)]
    if knots > 0:
        deviate = galsim.BaseDeviate(int(row["shape_seed"]))
        parts.append(galsim.RandomKnots(KNOTS, profile=disc, rng=deviate).withFlux(knots))
    if bar > 0:
        parts.append(galsim.Gaussian(half_light_radius=BAR_SIZE, flux=bar).shear(g1=BAR_SHEAR, g2=0.0))
    face_on = galsim.Add(parts).rotate(rng.uniform(0.0, 360.0) * galsim.degrees)
    scaled = face_on.dilate(float(row["half_light_radius"])).withFlux(float(row["flux"]))
    return scaled.shear(g1=float(row["g1"]), g2=float(row["g2"]))


def _arms(flux: float, rng: np.random.Generator) -> list[Any]:
    """Return the clumps of two logarithmic arms around a disc of unit size."""
    import galsim

    winding = np.tan(np.deg2rad(rng.uniform(15.0, 30.0))) * rng.choice([-1.0, 1.0])
    radius = np.geomspace(0.45, 2.2, CLUMPS_OF_ARM)
    # As bright as the disc is there, for the length of arm that each clump stands for.
    light = radius * np.exp(-1.678 * radius)
    light *= 0.5 * flux / light.sum()
    clump = galsim.Gaussian(sigma=CLUMP_SIZE)
    return [
        clump.withFlux(float(f)).shift(float(r * np.cos(phase)), float(r * np.sin(phase)))
        for start in (0.0, np.pi)
        for r, f, phase in zip(radius, light, start + np.log(radius / radius[0]) / winding, strict=True)
    ]


def edge_on_profile(row: Row) -> Any:
    """Return a thin disc seen edge-on.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The galaxy, along the direction of ``g1`` and ``g2``.

    Returns
    -------
    profile : `galsim.GSObject`
        Of its flux, sizes in arcsec.
    """
    import galsim

    disc = galsim.InclinedExponential(
        90 * galsim.degrees,
        half_light_radius=float(row["half_light_radius"]),
        scale_h_over_r=THICKNESS,
        flux=float(row["flux"]),
    )
    angle = 0.5 * np.arctan2(float(row["g2"]), float(row["g1"]))
    return disc.rotate(float(angle) * galsim.radians)


def edge_on_reach(row: Row) -> float:
    """Return how far an edge-on disc is drawn.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The galaxy.

    Returns
    -------
    radius : `float`
        In arcsec.
    """
    return EDGE_ON_END * float(row["half_light_radius"])
