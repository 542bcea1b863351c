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

"""The sky of a simulation: galaxies and stars with realistic distributions."""

from __future__ import annotations

__all__ = ("SceneConfig", "SkyScene", "draw_scene")

import dataclasses
from typing import Any

import numpy as np
from astropy.table import Table, vstack

from ..exposures.boxes import Box
from ..exposures.random_streams import random_stream
from .photometry import flux_of

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


@dataclasses.dataclass(frozen=True)
class SceneConfig:
    """How many sources there are, how bright, and of what shape.

    Parameters
    ----------
    crowding : `float`, optional
        Mean number of sources per square arcminute down to ``faint_limit``.
    star_share : `float`, optional
        Share of the sources that are stars.
    faint_limit : `float`, optional
        AB magnitude of the faintest source.
    galaxy_bright_limit, star_bright_limit : `float`, optional
        AB magnitude of the brightest galaxy and star.
    galaxy_slope, star_slope : `float`, optional
        Slope of the number counts, ``d log10 N / d mag``.
    size_at_24 : `float`, optional
        Median half-light radius of galaxies of magnitude 24, in arcsec.
    size_slope : `float`, optional
        Fall of the logarithm (base 10) of the size per magnitude.
    size_scatter : `float`, optional
        Standard deviation of the natural logarithm of the size.
    early_share : `float`, optional
        Share of galaxies with a concentrated, early-type profile.
    shear_scatter : `float`, optional
        Standard deviation of either component of the shape (reduced shear)
        of galaxies, before it is cut off at 0.7.
    edge_margin : `int`, optional
        Sources lie up to so many pixels outside the simulated box, for their
        light reaches inside.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    crowding: float = 183.0
    star_share: float = 0.15
    faint_limit: float = 26.5
    galaxy_bright_limit: float = 18.5
    star_bright_limit: float = 16.5
    galaxy_slope: float = 0.3
    star_slope: float = 0.12
    size_at_24: float = 0.35
    size_slope: float = 0.1
    size_scatter: float = 0.4
    early_share: float = 0.25
    shear_scatter: float = 0.22
    edge_margin: int = 32

    def __post_init__(self) -> None:
        if self.crowding < 0 or not 0 <= self.star_share <= 1 or not 0 <= self.early_share <= 1:
            raise ValueError(
                "crowding must not be negative, star_share and early_share must lie from 0 to 1; got "
                f"{self.crowding}, {self.star_share} and {self.early_share}."
            )
        if self.faint_limit <= max(self.galaxy_bright_limit, self.star_bright_limit):
            raise ValueError(f"faint_limit={self.faint_limit} is not fainter than the bright limits.")
        if min(self.galaxy_slope, self.star_slope, self.size_at_24) <= 0 or self.edge_margin < 0:
            raise ValueError(
                "Slopes of the counts and size_at_24 must be positive, edge_margin not negative."
            )


@dataclasses.dataclass(frozen=True, eq=False)
class SkyScene:
    """Sources, and the profile of each as GalSim draws it.

    Parameters
    ----------
    catalog : `~astropy.table.Table`
        One row for each source, with the columns ``id``, ``x``, ``y``
        (tract pixels), ``flux`` (nJy), ``mag`` (AB), ``is_star``,
        ``half_light_radius`` (arcsec, of the circular profile; 0 for stars),
        ``sersic_index`` (0 for stars) and ``g1``, ``g2`` (reduced shear with
        respect to the pixel axes).
    pixel_scale : `float`
        Side of a pixel in arcsec.
    """

    catalog: Table
    pixel_scale: float

    def __len__(self) -> int:
        return len(self.catalog)

    def position(self, number: int) -> tuple[float, float]:
        """Return where a source is.

        Parameters
        ----------
        number : `int`
            Row of the catalogue.

        Returns
        -------
        position : `tuple` [`float`, `float`]
            The (y, x) in tract pixels.
        """
        return float(self.catalog["y"][number]), float(self.catalog["x"][number])

    def profile(self, number: int) -> Any:
        """Return a source as GalSim draws it, of its flux and in arcsec.

        Parameters
        ----------
        number : `int`
            Row of the catalogue.

        Returns
        -------
        profile : `galsim.GSObject`
            A delta function or a sheared Sersic profile, centred on (0, 0).
        """
        import galsim

        row = self.catalog[number]
        if row["is_star"]:
            return galsim.DeltaFunction(flux=float(row["flux"]))
        # A unit profile made larger, so that GalSim's tables for one index are made only once.
        index = float(row["sersic_index"])
        unit = galsim.Sersic(n=index, half_light_radius=1.0, trunc=sersic_truncation(index))
        round_profile = unit.dilate(float(row["half_light_radius"])).withFlux(float(row["flux"]))
        return round_profile.shear(g1=float(row["g1"]), g2=float(row["g2"]))

    def reach(self, number: int) -> float:
        """Return how far from its position a source has light.

        Parameters
        ----------
        number : `int`
            Row of the catalogue.

        Returns
        -------
        radius : `float`
            In pixels, along the major axis.
        """
        row = self.catalog[number]
        if row["is_star"]:
            return 0.0
        shear = np.hypot(row["g1"], row["g2"])
        stretch = np.sqrt((1.0 + shear) / (1.0 - shear))
        edge = sersic_truncation(row["sersic_index"]) * row["half_light_radius"]
        return float(edge * stretch / self.pixel_scale)


def draw_scene(config: SceneConfig, seed: int, box: Box, pixel_scale: float) -> SkyScene:
    """Draw the sources in and around a box.

    Parameters
    ----------
    config : `SceneConfig`
        Numbers, magnitudes and shapes.
    seed : `int`
        Seed of the simulation.
    box : `Box`
        Pixels to be simulated.
    pixel_scale : `float`
        Side of a pixel in arcsec.

    Returns
    -------
    scene : `SkyScene`
        Galaxies and stars, each kind brightest first.
    """
    field = box.grown_by(config.edge_margin)
    square_arcmin = field.shape[0] * field.shape[1] * (pixel_scale / 60.0) ** 2
    mean_count = config.crowding * square_arcmin
    galaxies = _draw_galaxies(config, seed, mean_count * (1.0 - config.star_share), field)
    stars = _draw_stars(config, seed, mean_count * config.star_share, field)
    catalog = vstack([galaxies, stars], metadata_conflicts="silent")
    catalog.add_column(np.arange(len(catalog)), name="id", index=0)
    catalog["mag"].info.description = "AB magnitude"
    for name, unit in {
        "x": "pix",
        "y": "pix",
        "flux": "nJy",
        "mag": "mag",
        "half_light_radius": "arcsec",
    }.items():
        catalog[name].unit = unit
    return SkyScene(catalog, pixel_scale)


def _draw_galaxies(config: SceneConfig, seed: int, mean_count: float, field: Box) -> Table:
    rng = random_stream(seed, "scene", "galaxies")
    table = _draw_sources(
        rng, mean_count, field, config.galaxy_bright_limit, config.faint_limit, config.galaxy_slope
    )
    count = len(table)
    median_size = config.size_at_24 * 10.0 ** (-config.size_slope * (table["mag"] - 24.0))
    size = median_size * np.exp(rng.normal(0.0, config.size_scatter, count))
    is_early = rng.random(count) < config.early_share
    index = np.where(is_early, rng.normal(3.3, 0.6, count), rng.normal(1.2, 0.3, count))
    g1, g2 = _draw_shapes(rng, config.shear_scatter, count)
    table["is_star"] = np.zeros(count, bool)
    table["half_light_radius"] = np.clip(size, *HALF_LIGHT_RANGE)
    # Tenths, for GalSim makes a table for every index that it meets.
    table["sersic_index"] = np.round(np.clip(index, *SERSIC_RANGE), 1)
    table["g1"], table["g2"] = g1, g2
    return table


def _draw_stars(config: SceneConfig, seed: int, mean_count: float, field: Box) -> Table:
    rng = random_stream(seed, "scene", "stars")
    table = _draw_sources(
        rng, mean_count, field, config.star_bright_limit, config.faint_limit, config.star_slope
    )
    table["is_star"] = np.ones(len(table), bool)
    for name in ("half_light_radius", "sersic_index", "g1", "g2"):
        table[name] = np.zeros(len(table))
    return table


def _draw_sources(
    rng: np.random.Generator, mean_count: float, field: Box, bright: float, faint: float, slope: float
) -> Table:
    """Draw positions and magnitudes from counts ``N ~ 10^(slope mag)``."""
    count = int(rng.poisson(mean_count))
    x = rng.uniform(field.x_start - 0.5, field.x_stop - 0.5, count)
    y = rng.uniform(field.y_start - 0.5, field.y_stop - 0.5, count)
    share_beyond_bright = 10.0 ** (-slope * (faint - bright))
    # The inverse of the cumulative counts between the two limits.
    mag = np.sort(faint + np.log10(rng.uniform(share_beyond_bright, 1.0, count)) / slope)
    return Table({"x": x, "y": y, "flux": flux_of(mag), "mag": mag})


def _draw_shapes(rng: np.random.Generator, scatter: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw reduced shears of any direction, Rayleigh up to the largest."""
    share_below_largest = -np.expm1(-0.5 * (LARGEST_SHEAR / max(scatter, 1e-9)) ** 2)
    shear = scatter * np.sqrt(-2.0 * np.log1p(-rng.random(count) * share_below_largest))
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    return shear * np.cos(angle), shear * np.sin(angle)
