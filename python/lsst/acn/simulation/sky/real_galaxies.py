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

"""Images of real galaxies, from a catalogue that GalSim reads."""

from __future__ import annotations

__all__ = ("RealGalaxiesConfig", "become_real", "real_profile")

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Row, Table

from ...exposures.random_streams import random_stream

CANDIDATES = 20
"""Real galaxies of nearest magnitude of which one is taken (`int`)."""


@dataclasses.dataclass(frozen=True)
class RealGalaxiesConfig:
    """Which galaxies are real ones.

    Parameters
    ----------
    catalog : `str` or `None`, optional
        FITS file of a catalogue as `galsim.RealGalaxyCatalog` reads it, such
        as that of the COSMOS field; by default all galaxies are models.
    share : `float`, optional
        Share of the galaxies that are real, if there is a catalogue.
    faint_limit : `float`, optional
        AB magnitude beyond which galaxies are models.

    Raises
    ------
    ValueError
        Raised if there is no such file, or a value has no meaning.
    """

    catalog: str | None = None
    share: float = 1.0
    faint_limit: float = 25.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie from 0 to 1; got {self.share}.")
        if self.catalog is not None and not Path(self.catalog).is_file():
            raise ValueError(
                f"There is no catalogue of real galaxies at {self.catalog}; galsim_download_cosmos, which "
                "comes with GalSim, fetches one."
            )


def become_real(galaxies: Table, config: RealGalaxiesConfig, seed: int) -> Table:
    """Return galaxies, some of them images of real ones of much the same magnitude.

    Parameters
    ----------
    galaxies : `~astropy.table.Table`
        Models.
    config : `RealGalaxiesConfig`
        How many become real.
    seed : `int`
        Seed of the simulation.

    Returns
    -------
    galaxies : `~astropy.table.Table`
        The table, changed; places and fluxes are as they were.

    Raises
    ------
    ValueError
        Raised if the catalogue cannot be read.
    """
    if config.catalog is None:
        return galaxies
    magnitudes = np.asarray(_opened(config.catalog).cat["MAG"], float)
    rng, count = random_stream(seed, "scene", "real galaxies"), len(galaxies)
    is_real = (rng.random(count) < config.share) & (np.asarray(galaxies["mag"]) <= config.faint_limit)
    choice, angle = rng.random(count), rng.uniform(0.0, 2.0 * np.pi, count)
    for row in np.flatnonzero(is_real):
        nearest = np.argsort(np.abs(magnitudes - galaxies["mag"][row]))[:CANDIDATES]
        galaxies["real_index"][row] = nearest[int(choice[row] * len(nearest))]
    galaxies["kind"][is_real] = "real"
    # What is known of a real galaxy is its image; its direction is that of a shear it does not have.
    for name, value in (("g1", np.cos(2.0 * angle)), ("g2", np.sin(2.0 * angle))):
        galaxies[name][is_real] = 0.1 * value[is_real]
    for name in ("half_light_radius", "sersic_index", "bar_share", "arm_share", "knot_share"):
        galaxies[name][is_real] = 0.0
    return galaxies


def real_profile(row: Row, catalog: str | None) -> Any:
    """Return a real galaxy, without the PSF of its own telescope.

    Parameters
    ----------
    row : `~astropy.table.Row`
        The galaxy.
    catalog : `str` or `None`
        File of the catalogue.

    Returns
    -------
    profile : `galsim.GSObject`
        Of its flux, sizes in arcsec, turned to the direction of ``g1`` and
        ``g2``.

    Raises
    ------
    ValueError
        Raised if there is no catalogue.
    """
    import galsim

    if catalog is None:
        raise ValueError("A scene with real galaxies needs the file of their catalogue.")
    angle = 0.5 * np.arctan2(float(row["g2"]), float(row["g1"]))
    galaxy = galsim.RealGalaxy(_opened(catalog), index=int(row["real_index"]), flux=float(row["flux"]))
    return galaxy.rotate(float(angle) * galsim.radians)


@functools.lru_cache(maxsize=2)
def _opened(path: str) -> Any:
    import galsim

    try:
        return galsim.RealGalaxyCatalog(path)
    except (OSError, galsim.GalSimError, KeyError) as error:
        raise ValueError(f"{path} is no catalogue of real galaxies: {error}") from error
