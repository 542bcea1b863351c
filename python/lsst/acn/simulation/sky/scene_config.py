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

"""Everything that can be chosen about a simulated sky."""

from __future__ import annotations

__all__ = ("SceneConfig",)

import dataclasses

from .diffuse_light import DiffuseLightConfig
from .late_types import LateTypesConfig
from .real_galaxies import RealGalaxiesConfig
from .star_cluster import StarClusterConfig


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
    late_types : `LateTypesConfig`, optional
        Which galaxies have arms, bars and knots, or are seen edge-on.
    diffuse_light : `DiffuseLightConfig`, optional
        Galaxies of low surface brightness, a nebula, intracluster light.
    star_cluster : `StarClusterConfig`, optional
        A globular cluster in the middle of the field.
    real_galaxies : `RealGalaxiesConfig`, optional
        Which galaxies are images of real ones.

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
    late_types: LateTypesConfig = LateTypesConfig()
    diffuse_light: DiffuseLightConfig = DiffuseLightConfig()
    star_cluster: StarClusterConfig = StarClusterConfig()
    real_galaxies: RealGalaxiesConfig = RealGalaxiesConfig()

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
        if self.star_cluster.stars and self.star_cluster.bright_limit >= self.faint_limit:
            raise ValueError(
                f"bright_limit={self.star_cluster.bright_limit} of the star cluster is not brighter than "
                f"faint_limit={self.faint_limit}."
            )
