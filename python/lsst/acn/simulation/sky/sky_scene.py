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

"""The sky of a simulation: all its sources, and how each is drawn."""

from __future__ import annotations

__all__ = ("SkyScene", "draw_scene")

import dataclasses
from typing import Any

import numpy as np
from astropy.table import Table

from ...exposures.boxes import Box
from .diffuse_light import cloud_profile, cloud_reach, draw_diffuse_light
from .late_types import become_late_types, edge_on_profile, edge_on_reach, late_type_profile
from .ordinary_sources import draw_galaxies, draw_stars, sersic_profile, sersic_truncation
from .real_galaxies import become_real, real_profile
from .scene_config import SceneConfig
from .source_table import join_sources, kind_of
from .star_cluster import draw_star_cluster


@dataclasses.dataclass(frozen=True, eq=False)
class SkyScene:
    """Sources, and the profile of each as GalSim draws it.

    Parameters
    ----------
    catalog : `~astropy.table.Table`
        One row for each source, with the columns ``id``, ``x``, ``y``
        (tract pixels), ``flux`` (nJy), ``mag`` (AB), ``is_star``,
        ``half_light_radius`` (arcsec, of the circular profile; 0 for stars
        and where it is not known), ``sersic_index`` (0 for stars), ``g1``,
        ``g2`` (reduced shear with respect to the pixel axes), and ``kind``:
        "star", "sersic", "late_type", "edge_on", "low_surface_brightness",
        "cloud", "intracluster_light" or "real".  Of late types,
        ``bar_share``, ``arm_share`` and ``knot_share`` tell the light of each
        part; ``shape_seed`` is that of their draws, ``real_index`` the row of
        a real galaxy in its own catalogue.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    real_galaxies : `str` or `None`, optional
        File of the catalogue of real galaxies.
    """

    catalog: Table
    pixel_scale: float
    real_galaxies: str | None = None

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
            Centred on (0, 0); a delta function for a star.
        """
        import galsim

        row = self.catalog[number]
        match kind_of(row):
            case "star":
                return galsim.DeltaFunction(flux=float(row["flux"]))
            case "late_type":
                return late_type_profile(row)
            case "edge_on":
                return edge_on_profile(row)
            case "cloud":
                return cloud_profile(row)
            case "real":
                return real_profile(row, self.real_galaxies)
        return sersic_profile(row)

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
        row, kind = self.catalog[number], kind_of(self.catalog[number])
        if kind == "star":
            return 0.0
        shear = np.hypot(row["g1"], row["g2"])
        stretch = np.sqrt((1.0 + shear) / (1.0 - shear))
        match kind:
            case "edge_on":
                edge = edge_on_reach(row)
            case "cloud":
                edge = cloud_reach(row) * stretch
            case "real":
                return 0.5 * float(self.profile(number).getGoodImageSize(self.pixel_scale))
            case _:
                edge = sersic_truncation(row["sersic_index"]) * row["half_light_radius"] * stretch
        return float(edge / self.pixel_scale)


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
        Galaxies and stars, each brightest first, then what else there is.
    """
    field = box.grown_by(config.edge_margin)
    square_arcmin = field.shape[0] * field.shape[1] * (pixel_scale / 60.0) ** 2
    mean_count = config.crowding * square_arcmin
    galaxies = draw_galaxies(config, seed, mean_count * (1.0 - config.star_share), field)
    galaxies = become_late_types(galaxies, config.late_types, seed)
    galaxies = become_real(galaxies, config.real_galaxies, seed)
    stars = draw_stars(config, seed, mean_count * config.star_share, field)
    diffuse = draw_diffuse_light(config.diffuse_light, seed, box, pixel_scale)
    cluster = draw_star_cluster(config.star_cluster, seed, box, pixel_scale, config.faint_limit)
    catalog = join_sources([galaxies, stars, *diffuse, cluster])
    return SkyScene(catalog, pixel_scale, config.real_galaxies.catalog)
