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


"""A tract of small patches in several bands, whose quanta are cheap."""

from __future__ import annotations

__all__ = ("INSTRUMENT", "SKYMAP", "WARPS", "TractGrid", "fill_repository")

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsst.acn import Box, gaussian_kernel
from lsst.acn.exposures.random_streams import random_stream
from lsst.acn.image_io import PatchGeometry, make_patch_geometry, make_warp, tangent_plane_wcs
from lsst.acn.repository.store import VisitDescription, open_repository, put_warps, sync_dimensions

SKYMAP, INSTRUMENT, WARPS = "tract_of_patches", "SimCam", "simulated/warps"
SEED = 960_001
STAR_FLUX = 500.0
VISITS_OF_A_BAND = 100
"""Visits of a band are numbered from so many times the number of the band."""


@dataclasses.dataclass(frozen=True)
class TractGrid:
    """Patches in rows and columns, and the exposures of each.

    Parameters
    ----------
    side : `int`, optional
        Patches in a row, and rows.
    bands : `tuple` [`str`, ...], optional
        Names of the bands.
    size : `int`, optional
        Side of a patch in pixels.
    visits : `int`, optional
        Exposures of a band.
    """

    side: int = 9
    bands: tuple[str, ...] = ("g", "r", "i")
    size: int = 28
    visits: int = 3

    @property
    def patches(self) -> int:
        """Number of patches (`int`)."""
        return self.side**2

    @property
    def quanta(self) -> int:
        """Number of restorations (`int`)."""
        return self.patches * len(self.bands)

    def visits_of(self, band: str) -> range:
        """Return the visits of a band."""
        first = VISITS_OF_A_BAND * (self.bands.index(band) + 1)
        return range(first, first + self.visits)

    def geometries(self) -> list[PatchGeometry]:
        """Return the patches, row by row from the south."""
        wcs = tangent_plane_wcs(30.0, -5.0, 0.2)
        return [
            make_patch_geometry(
                wcs,
                skymap=SKYMAP,
                tract=0,
                patch=patch,
                outer_box=Box.from_shape((self.size, self.size), (self.size * row, self.size * column)),
                index=(row, column),
                cell_size=self.size,
            )
            for patch, (row, column) in enumerate(np.ndindex(self.side, self.side))
        ]


def fill_repository(root: str, grid: TractGrid) -> None:
    """Make a repository with the warps of a tract.

    Parameters
    ----------
    root : `str`
        Where it is made.
    grid : `TractGrid`
        The tract.
    """
    patches = grid.geometries()
    visits = [
        VisitDescription(visit, band, f"{band}_01", 20260131)
        for band in grid.bands
        for visit in grid.visits_of(band)
    ]
    with open_repository(root) as butler:
        sync_dimensions(butler, instrument=INSTRUMENT, visits=visits, patches=patches)
        for band in grid.bands:
            for patch in patches:
                warps = _warps(grid, patch, band)
                put_warps(butler, warps, instrument=INSTRUMENT, run=WARPS)


def _warps(grid: TractGrid, patch: PatchGeometry, band: str) -> Iterator[tuple[int, Any]]:
    """Yield visits and their warps: a star in noise."""
    rng, kernel = random_stream(SEED, band, str(patch.patch.id)), gaussian_kernel(3.0, 9)
    start = grid.size // 2 - len(kernel) // 2
    star = slice(start, start + len(kernel))
    for visit in grid.visits_of(band):
        image = rng.normal(size=(grid.size, grid.size))
        image[star, star] += STAR_FLUX * kernel
        yield visit, make_warp(image, np.ones_like(image), kernel, geometry=patch, band=band)
