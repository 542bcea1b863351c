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

"""A repository with the warps of two adjacent patches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lsst.acn import Box, gaussian_kernel
from lsst.acn.image_io import make_patch_geometry, make_warp, tangent_plane_wcs
from lsst.acn.repository.store import VisitDescription, open_repository, put_warps, sync_dimensions

VISITS, PATCHES, SIZE = (1, 2, 3), (0, 1), 40


def fill_repository(root: str, *, skymap: str, instrument: str, band: str, run: str) -> None:
    """Store warps of two patches, in a repository that is made if there is none."""
    patches = [
        make_patch_geometry(
            tangent_plane_wcs(30.0, -5.0, 0.2),
            skymap=skymap,
            tract=0,
            patch=patch,
            outer_box=Box.from_shape((SIZE, SIZE), (0, SIZE * patch)),
            cell_size=20,
        )
        for patch in PATCHES
    ]
    visits = [VisitDescription(visit, band, f"{band}_01", 20260131) for visit in VISITS]
    with open_repository(root) as butler:
        sync_dimensions(butler, instrument=instrument, visits=visits, patches=patches)
        for patch in patches:
            put_warps(butler, _warps(patch, band), instrument=instrument, run=run)


def _warps(patch: Any, band: str) -> Iterator[tuple[int, Any]]:
    rng = np.random.default_rng(patch.patch.id)
    kernel = gaussian_kernel(3.0, 9)
    for visit in VISITS:
        image = rng.normal(size=(SIZE, SIZE))
        image[15:24, 15:24] += 500 * kernel
        yield visit, make_warp(image, np.ones_like(image), kernel, geometry=patch, band=band)
