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

"""Ordinary galaxies and stars: their counts, sizes and shapes."""

from __future__ import annotations

__all__ = ("draw_galaxies", "draw_stars", "sersic_profile", "sersic_truncation")

from typing import Any

import numpy as np
from astropy.table import Row, Table

from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from .number_counts import draw_magnitudes
from .photometry import flux_of
from .scene_config import SceneConfig
from .source_table import make_sources

HALF_LIGHT_RANGE = (0.05, 3.0)
SERSIC_RANGE = (1.0, 4.0)
LARGEST_SHEAR = 0.7


def sersic_truncation(index: float) -> float:
    """Return where a Sersic profile ends, in units of its half-light radius.

    Far enough out to leave no edge that could be seen: the profiles of high
    index fall off slowly.

    Parameters
    ----------
    index : `float`
        Sersic index.

    Returns
    -------
    radius : `float`
        4 for exponential discs, 8 for an index of 4.
    """
    return 4.0 + 4.0 * (index - 1.0) / 3.0


def sersic_profile(row: Row) -> Any:
    """Return a galaxy with a Sersic profile as GalSim draws it.

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

    # A unit profile made larger, so that GalSim's tables for one index are made only once.
    index = float(row["sersic_index"])
    unit = galsim.Sersic(n=index, half_light_radius=1.0, trunc=sersic_truncation(index))
    round_profile = unit.dilate(float(row["half_light_radius"])).withFlux(float(row["flux"]))
    return round_profile.shear(g1=float(row["g1"]), g2=float(row["g2"]))


def draw_galaxies(config: SceneConfig, seed: int, mean_count: float, field: Box) -> Table:
    """Draw galaxies.

    Parameters
    ----------
    config : `SceneConfig`
        Magnitudes and shapes.
    seed : `int`
        Seed of the simulation.
    mean_count : `float`
        Mean number of them.
    field : `Box`
        Where they lie, in tract pixels.

    Returns
    -------
    galaxies : `~astropy.table.Table`
        Brightest first.
    """
    rng = random_stream(seed, "scene", "galaxies")
    x, y, mag = _draw_sources(
        rng, mean_count, field, config.galaxy_bright_limit, config.faint_limit, config.galaxy_slope
    )
    count = len(mag)
    median_size = config.size_at_24 * 10.0 ** (-config.size_slope * (mag - 24.0))
    size = median_size * np.exp(rng.normal(0.0, config.size_scatter, count))
    is_early = rng.random(count) < config.early_share
    index = np.where(is_early, rng.normal(3.3, 0.6, count), rng.normal(1.2, 0.3, count))
    g1, g2 = _draw_shapes(rng, config.shear_scatter, count)
    return make_sources(
        x,
        y,
        flux_of(mag),
        mag=mag,
        half_light_radius=np.clip(size, *HALF_LIGHT_RANGE),
        # Tenths, for GalSim makes a table for every index that it meets.
        sersic_index=np.round(np.clip(index, *SERSIC_RANGE), 1),
        g1=g1,
        g2=g2,
    )


def draw_stars(config: SceneConfig, seed: int, mean_count: float, field: Box) -> Table:
    """Draw stars.

    Parameters
    ----------
    config : `SceneConfig`
        Magnitudes.
    seed : `int`
        Seed of the simulation.
    mean_count : `float`
        Mean number of them.
    field : `Box`
        Where they lie, in tract pixels.

    Returns
    -------
    stars : `~astropy.table.Table`
        Brightest first.
    """
    rng = random_stream(seed, "scene", "stars")
    x, y, mag = _draw_sources(
        rng, mean_count, field, config.star_bright_limit, config.faint_limit, config.star_slope
    )
    return make_sources(x, y, flux_of(mag), mag=mag, is_star=True, kind="star")


def _draw_sources(
    rng: np.random.Generator, mean_count: float, field: Box, bright: float, faint: float, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw positions (x, y) and magnitudes."""
    count = int(rng.poisson(mean_count))
    x = rng.uniform(field.x_start - 0.5, field.x_stop - 0.5, count)
    y = rng.uniform(field.y_start - 0.5, field.y_stop - 0.5, count)
    return x, y, draw_magnitudes(rng, count, bright, faint, slope)


def _draw_shapes(rng: np.random.Generator, scatter: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw reduced shears of any direction, Rayleigh up to the largest."""
    share_below_largest = -np.expm1(-0.5 * (LARGEST_SHEAR / max(scatter, 1e-9)) ** 2)
    shear = scatter * np.sqrt(-2.0 * np.log1p(-rng.random(count) * share_below_largest))
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    return shear * np.cos(angle), shear * np.sin(angle)
