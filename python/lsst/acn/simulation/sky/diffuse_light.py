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

"""Faint light without edges: dim discs, a nebula, light between galaxies."""

from __future__ import annotations

__all__ = ("DiffuseLightConfig", "cloud_profile", "cloud_reach", "draw_diffuse_light", "flux_of_disc")

import dataclasses
from typing import Any

import numpy as np
from astropy.table import Row, Table

from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from .photometry import flux_of
from .source_table import make_sources

CLOUD_END = 3.2
"""Radius of a cloud in half-light radii, where a Gaussian has 1e-3 of its peak."""

CLOUD_SIGMAS = 1.1774
"""Half-light radius of a round Gaussian in standard deviations (`float`)."""

CLOUDS_PER_AREA = 1.5
"""Clouds for each square of their mean half-light radius (`float`)."""


@dataclasses.dataclass(frozen=True)
class DiffuseLightConfig:
    """What shines faintly in the field; by default nothing does.

    Parameters
    ----------
    discs : `int`, optional
        Number of galaxies of low surface brightness, all inside the field.
    disc_brightness : `tuple` [`float`, `float`], optional
        AB magnitude per square arcsec, mean within the half-light radius, of
        the brightest and the faintest; the others lie evenly between.
    disc_radius : `tuple` [`float`, `float`], optional
        Least and largest half-light radius in arcsec.
    nebula_brightness : `float` or `None`, optional
        AB magnitude per square arcsec of a nebula, mean over the field.
    nebula_radius : `tuple` [`float`, `float`], optional
        Least and largest half-light radius of its clouds in arcsec.
    intracluster_brightness : `float` or `None`, optional
        AB magnitude per square arcsec of intracluster light, mean within its
        half-light radius.
    intracluster_radius : `float`, optional
        That radius in arcsec.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    discs: int = 0
    disc_brightness: tuple[float, float] = (26.0, 27.5)
    disc_radius: tuple[float, float] = (2.0, 4.0)
    nebula_brightness: float | None = None
    nebula_radius: tuple[float, float] = (2.0, 6.0)
    intracluster_brightness: float | None = None
    intracluster_radius: float = 10.0

    def __post_init__(self) -> None:
        if self.discs < 0 or self.intracluster_radius <= 0:
            raise ValueError(
                "discs must not be negative and intracluster_radius be positive; got "
                f"{self.discs} and {self.intracluster_radius}."
            )
        for name in ("disc_radius", "nebula_radius", "disc_brightness"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} must be a range of positive values; got {(low, high)}.")


def flux_of_disc(brightness: Any, half_light_radius: Any) -> Any:
    """Return the flux of a source of some mean surface brightness.

    Parameters
    ----------
    brightness : `float` or `numpy.ndarray`
        AB magnitude per square arcsec, mean within the half-light radius.
    half_light_radius : `float` or `numpy.ndarray`
        In arcsec.

    Returns
    -------
    flux : `float` or `numpy.ndarray`
        In nJy.
    """
    return flux_of(brightness) * 2.0 * np.pi * half_light_radius**2


def draw_diffuse_light(config: DiffuseLightConfig, seed: int, box: Box, pixel_scale: float) -> list[Table]:
    """Draw what shines faintly in a field.

    Parameters
    ----------
    config : `DiffuseLightConfig`
        What there is.
    seed : `int`
        Seed of the simulation.
    box : `Box`
        The field in tract pixels.
    pixel_scale : `float`
        Side of a pixel in arcsec.

    Returns
    -------
    sources : `list` [`~astropy.table.Table`]
        One table of each sort that there is.
    """
    tables = []
    if config.discs:
        tables.append(_draw_discs(config, random_stream(seed, "scene", "dim discs"), box))
    if config.nebula_brightness is not None:
        tables.append(_draw_clouds(config, random_stream(seed, "scene", "nebula"), box, pixel_scale))
    if config.intracluster_brightness is not None:
        y, x = box.center
        radius = config.intracluster_radius
        flux = flux_of_disc(config.intracluster_brightness, radius)
        tables.append(
            make_sources(
                np.array([x]), np.array([y]), np.array([flux]), half_light_radius=radius, sersic_index=1.0,
                g1=0.15, g2=0.1, kind="intracluster_light",
            )
        )  # fmt: skip
    return tables


def _draw_discs(config: DiffuseLightConfig, rng: np.random.Generator, box: Box) -> Table:
    count = config.discs
    # In the middle of cells of a grid, moved a little: apart from each other and off the edges.
    columns = int(np.ceil(np.sqrt(count)))
    rows = int(np.ceil(count / columns))
    cell = np.arange(count)
    v = (cell // columns + 0.5 + rng.uniform(-0.15, 0.15, count)) / rows
    u = (cell % columns + 0.5 + rng.uniform(-0.15, 0.15, count)) / columns
    brightness = rng.permutation(np.linspace(*config.disc_brightness, count))
    radius = rng.uniform(*config.disc_radius, count)
    angle, shear = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(0.0, 0.3, count)
    return make_sources(
        box.x_start - 0.5 + u * box.shape[1],
        box.y_start - 0.5 + v * box.shape[0],
        flux_of_disc(brightness, radius),
        half_light_radius=radius,
        sersic_index=1.0,
        g1=shear * np.cos(angle),
        g2=shear * np.sin(angle),
        kind="low_surface_brightness",
    )


def _draw_clouds(config: DiffuseLightConfig, rng: np.random.Generator, box: Box, pixel_scale: float) -> Table:
    """Draw overlapping Gaussians that make up a nebula."""
    low, high = config.nebula_radius
    field = box.grown_by(int(np.ceil(2.0 * high / pixel_scale)))
    area = field.shape[0] * field.shape[1] * pixel_scale**2
    count = max(int(CLOUDS_PER_AREA * area / (0.5 * (low + high)) ** 2), 1)
    radius = np.exp(rng.uniform(np.log(low), np.log(high), count))
    # Large clouds have most of the light, and a few have more than their share of it.
    flux = radius**2 * rng.lognormal(0.0, 0.7, count)
    flux *= flux_of(config.nebula_brightness) * area / flux.sum()
    angle, shear = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(0.0, 0.5, count)
    return make_sources(
        rng.uniform(field.x_start - 0.5, field.x_stop - 0.5, count),
        rng.uniform(field.y_start - 0.5, field.y_stop - 0.5, count),
        flux,
        half_light_radius=radius,
        g1=shear * np.cos(angle),
        g2=shear * np.sin(angle),
        kind="cloud",
    )


def cloud_profile(row: Row) -> Any:
    """Return a cloud of a nebula.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The cloud.

    Returns
    -------
    profile : `galsim.GSObject`
        A sheared Gaussian of its flux, sizes in arcsec.
    """
    import galsim

    cloud = galsim.Gaussian(half_light_radius=float(row["half_light_radius"]), flux=float(row["flux"]))
    return cloud.shear(g1=float(row["g1"]), g2=float(row["g2"]))


def cloud_reach(row: Row) -> float:
    """Return how far a round cloud is drawn.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The cloud.

    Returns
    -------
    radius : `float`
        In arcsec.
    """
    return CLOUD_END * float(row["half_light_radius"])
