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

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from patches_in_a_row import VISITS, pairs_that_overlap, patch, sync

from lsst.acn import Box, RepositoryConflictError
from lsst.acn.repository.dimension_records import VisitDescription, patch_index, stored_patch_box
from lsst.acn.repository.store import open_repository


def test_regions_grow_with_patches_that_come_later(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        assert (1, 3) not in pairs_that_overlap(butler)
        sync(butler, [patch(3)], visits=VISITS[:1])
        assert (1, 3) in pairs_that_overlap(butler)
        assert (2, 3) not in pairs_that_overlap(butler)
        (tract,) = butler.query_dimension_records("tract", skymap="test")
        (last,) = butler.query_dimension_records("patch", skymap="test", tract=0, patch=3)
        assert tract.region.contains(last.region.getCentroid())


def test_registering_again_changes_nothing(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0), patch(1)])
        elements = ("instrument", "skymap", "tract", "patch", "visit", "physical_filter", "day_obs")
        before = [butler.query_dimension_records(name) for name in elements]
        sync(butler, [patch(1)])
        assert [butler.query_dimension_records(name) for name in elements] == before


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"visits": [VisitDescription(1, "g", "r_01", 20260131)]}, "'r_01' of TestCam is of band 'r'"),
        ({"visits": [VisitDescription(1, "r", "r_02", 20260131)]}, "Visit 1 .* physical_filter 'r_01'"),
        ({"visits": [VisitDescription(1, "r", "r_01", 20260201)]}, "Visit 1 .* day_obs 20260131"),
        ({"patches": [patch(0, ra=30.1)]}, "Patch 0 .* elsewhere on the sky"),
        ({"patches": [patch(10)]}, "row 0, column 10.* not among the 10 rows"),
    ],
)
def test_conflict_is_told_and_changes_nothing(tmp_path: Path, keywords: dict[str, Any], message: str) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        with pytest.raises(RepositoryConflictError, match=message):
            sync(butler, **({"patches": [patch(0)]} | keywords))
        for name, count in {"visit": 2, "physical_filter": 1, "day_obs": 1, "patch": 1}.items():
            assert len(butler.query_dimension_records(name)) == count


def test_patch_in_another_place_of_its_tract_is_a_conflict(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        butler.registry.insertDimensionData(
            "patch", {"skymap": "test", "tract": 0, "patch": 1, "cell_x": 5, "cell_y": 6}
        )
        with pytest.raises(RepositoryConflictError, match="row 6, column 5"):
            sync(butler, [patch(1)])


def test_visit_of_another_origin_is_left_alone(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        (record,) = butler.query_dimension_records("visit", instrument="TestCam", visit=1)
        row = record.toDict() | {"id": 5, "name": "5", "observation_reason": "survey"}
        butler.registry.insertDimensionData("visit", row)
        visits = [VisitDescription(5, "r", "r_01", 20260131)]
        sync(butler, [patch(0)], visits=visits)
        with pytest.raises(RepositoryConflictError, match="Visit 5 .* elsewhere"):
            sync(butler, [patch(3)], visits=visits)
        (after,) = butler.query_dimension_records("visit", instrument="TestCam", visit=5)
        assert after.region == record.region


def test_patch_is_found_again(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        assert stored_patch_box(butler, patch(3)) is None
        assert patch_index(butler, patch(3), (2, 2)) == (1, 1)
        sync(butler, [patch(3)], patch_grid=(1, 7))
        assert stored_patch_box(butler, patch(3)) == Box(0, 32, 96, 128)
        assert patch_index(butler, patch(3), (2, 2)) == (0, 3)
        # The skymap is known by now, even where the patch is not.
        assert patch_index(butler, patch(8), (2, 2)) == (1, 1)
