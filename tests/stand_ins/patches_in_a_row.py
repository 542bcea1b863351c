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

"""Patches side by side, and their records in a Butler repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsst.acn import Box
from lsst.acn.image_io import PatchGeometry, make_patch_geometry, tangent_plane_wcs
from lsst.acn.repository.dimension_records import VisitDescription, sync_dimensions
from lsst.daf.butler import Butler

VISITS = [VisitDescription(visit, "r", "r_01", 20260131, 30.0) for visit in (1, 2)]


def patch(number: int, *, ra: float = 30.0, skymap: str = "test") -> PatchGeometry:
    """Return one of the patches that lie side by side in a row."""
    return make_patch_geometry(
        tangent_plane_wcs(ra, -5.0, 0.2),
        skymap=skymap,
        tract=0,
        patch=number,
        index=(0, number),
        outer_box=Box(0, 32, 32 * number, 32 * number + 32),
        cell_size=16,
    )


def sync(butler: Butler, patches: Sequence[PatchGeometry], **keywords: Any) -> None:
    sync_dimensions(butler, **({"instrument": "TestCam", "visits": VISITS, "patches": patches} | keywords))


def pairs_that_overlap(butler: Butler) -> set[tuple[int, int]]:
    where = "instrument = 'TestCam' AND skymap = 'test' AND tract = 0"
    found = butler.query_data_ids(["visit", "patch"], where=where, explain=False)
    return {(identity["visit"], identity["patch"]) for identity in found}
