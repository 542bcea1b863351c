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

"""A globular cluster, with the profile of King (1962)."""

from __future__ import annotations

__all__ = ("StarClusterConfig", "draw_star_cluster", "king_counts")

import dataclasses

import numpy as np
from astropy.table import Table

from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from .number_counts import draw_magnitudes
from .photometry import flux_of
from .source_table import make_sources

RADII = 2000
"""Points at which the profile is tabulated (`int`)."""


@dataclasses.dataclass(frozen=True)
class StarClusterConfig:
    """Whether there is a cluster, and what it is like.

    Parameters
    ----------
    stars : `int`, optional
        Number of its stars; by default there is no cluster.
    core_radius, tidal_radius : `float`, optional
        Radii of the profile in arcsec.
    bright_limit : `float`, optional
        AB magnitude of the brightest star.
    slope : `float`, optional
        Slope of the number counts, ``d log10 N / d mag``.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    stars: int = 0
    core_radius: float = 4.0
    tidal_radius: float = 25.0
    bright_limit: float = 19.0
    slope: float = 0.25

    def __post_init__(self) -> None:
        if self.stars < 0:
            raise ValueError(f"stars must not be negative; got {self.stars}.")
        if not 0 < self.core_radius < self.tidal_radius:
            raise ValueError(
                "core_radius must be positive and smaller than tidal_radius; got "
                f"{self.core_radius} and {self.tidal_radius}."
            )
        if self.slope <= 0:
            raise ValueError(f"slope must be positive; got {self.slope}.")


def king_counts(radius: np.ndarray, core_radius: float, tidal_radius: float) -> np.ndarray:
    """Return the share of a cluster's stars inside some radii.

    Parameters
    ----------
    radius : `numpy.ndarray`
        At most the tidal radius.
    core_radius, tidal_radius : `float`
        Of the profile, in the same unit.

    Returns
    -------
    share : `numpy.ndarray`
        From 0 to 1: equation 18 of King (1962), AJ 67, 471, over its value at
        the tidal radius.
    """
    x, end = (np.asarray(radius) / core_radius) ** 2, (tidal_radius / core_radius) ** 2

    def counts(x: np.ndarray | float) -> np.ndarray:
        root = np.sqrt(1.0 + end)
        return np.log1p(x) - 4.0 * (np.sqrt(1.0 + x) - 1.0) / root + x / (1.0 + end)

    return counts(x) / counts(end)


def draw_star_cluster(
    config: StarClusterConfig, seed: int, box: Box, pixel_scale: float, faint_limit: float
) -> Table:
    """Draw the stars of a cluster in the middle of a field.

    Parameters
    ----------
    config : `StarClusterConfig`
        The cluster.
    seed : `int`
        Seed of the simulation.
    box : `Box`
        The field in tract pixels.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    faint_limit : `float`
        AB magnitude of the faintest star.

    Returns
    -------
    stars : `~astropy.table.Table`
        Brightest first.
    """
    rng, count = random_stream(seed, "scene", "star cluster"), config.stars
    radii = np.linspace(0.0, config.tidal_radius, RADII)
    shares = king_counts(radii, config.core_radius, config.tidal_radius)
    radius = np.interp(rng.random(count), shares, radii) / pixel_scale
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    y, x = box.center
    mag = draw_magnitudes(rng, count, config.bright_limit, faint_limit, config.slope)
    return make_sources(
        x + radius * np.cos(angle),
        y + radius * np.sin(angle),
        flux_of(mag),
        mag=mag,
        is_star=True,
        kind="star",
    )
