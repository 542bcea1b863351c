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

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from patches_in_a_row import VISITS, pairs_that_overlap, patch, sync

from lsst.acn import RepositoryConflictError, RepositoryUnavailableError, gaussian_kernel
from lsst.acn.image_io import PatchGeometry, make_warp
from lsst.acn.repository.store import (
    check_not_stored,
    open_repository,
    put_warps,
    register_warp_type,
)
from lsst.daf.butler import Butler, DatasetType


def warp(geometry: PatchGeometry) -> Any:
    ones = np.ones((32, 32))
    return make_warp(ones, ones, gaussian_kernel(2.0, 7), geometry=geometry, band="r")


def test_several_patches_share_visits(tmp_path: Path) -> None:
    patches = [patch(0), patch(1)]
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, patches)
        for geometry in patches:
            put_warps(
                butler, [(visit.visit, warp(geometry)) for visit in VISITS], instrument="TestCam", run="warps"
            )
    with Butler.from_config(str(tmp_path / "repo"), collections="warps") as butler:
        found = butler.query_datasets("direct_warp", where="patch = 1 AND band = 'r' AND skymap = 'test'")
        assert sorted(reference.dataId["visit"] for reference in found) == [1, 2]
        assert butler.get(found[0]).bbox.x.start == 32
        assert pairs_that_overlap(butler) == {(1, 0), (1, 1), (2, 0), (2, 1)}
        (record,) = butler.query_dimension_records("visit", instrument="TestCam", visit=2)
        assert (record.day_obs, record.physical_filter, record.exposure_time) == (20260131, "r_01", 30.0)


def test_stored_warps_are_found(tmp_path: Path) -> None:
    identity = {"run": "warps", "instrument": "TestCam", "skymap": "test", "tract": 0, "patch": 0}
    with open_repository(str(tmp_path / "repo")) as butler:
        check_not_stored(butler, [1, 2], **identity)
        sync(butler, [patch(0)])
        put_warps(butler, [(2, warp(patch(0)))], instrument="TestCam", run="warps")
        check_not_stored(butler, [1], **identity)
        check_not_stored(butler, [2], **(identity | {"patch": 1}))
        check_not_stored(butler, [2], **(identity | {"run": "other"}))
        with pytest.raises(RepositoryConflictError, match=r"warps of visits \[2\]"):
            check_not_stored(butler, [1, 2], **identity)


def test_warps_are_stored_all_or_none(tmp_path: Path) -> None:
    def warps() -> Any:
        yield 1, warp(patch(0))
        raise OSError("disk is full")

    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        with pytest.raises(OSError, match="disk is full"):
            put_warps(butler, warps(), instrument="TestCam", run="warps")
        assert not butler.collections.query("*")
        assert not butler.query_datasets("direct_warp", collections="*", find_first=False, explain=False)
        assert not list((tmp_path / "repo").rglob("*.fits"))


def test_type_of_warps_that_is_there_is_kept(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        dimensions = ("instrument", "visit", "skymap", "tract", "patch")
        there = DatasetType("direct_warp", dimensions, "MaskedImageV2", universe=butler.dimensions)
        butler.registry.registerDatasetType(there)
        assert register_warp_type(butler) == there


def test_repository_made_in_vain_is_removed(tmp_path: Path) -> None:
    root = tmp_path / "new" / "repo"
    with pytest.raises(RuntimeError, match="in vain"), open_repository(str(root)):
        raise RuntimeError("in vain")
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_that_was_there_stays(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="in vain"), open_repository(str(tmp_path)):
        raise RuntimeError("in vain")
    assert list(tmp_path.iterdir()) == []


def test_repository_that_was_there_stays(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
    with pytest.raises(RuntimeError, match="in vain"), open_repository(str(tmp_path / "repo")):
        raise RuntimeError("in vain")
    with Butler.from_config(str(tmp_path / "repo")) as butler:
        assert len(butler.query_dimension_records("visit")) == 2


def test_other_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")
    with (
        pytest.raises(RepositoryConflictError, match="neither empty nor a Butler"),
        open_repository(str(tmp_path)),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_repository_that_somebody_uses_by_now_stays(tmp_path: Path) -> None:
    root = str(tmp_path / "repo")

    def fail_while_somebody_registers() -> None:
        with open_repository(root):
            with Butler.from_config(root, writeable=True) as butler:
                butler.collections.register("u/somebody")
            raise RuntimeError("in vain")

    with pytest.raises(RuntimeError, match="in vain"):
        fail_while_somebody_registers()
    with Butler.from_config(root) as butler:
        assert butler.collections.query("*") == ["u/somebody"]


def test_many_may_begin_a_repository_at_once(tmp_path: Path) -> None:
    root = str(tmp_path / "new" / "repo")

    def store(number: int) -> None:
        with open_repository(root) as butler:
            sync(butler, [patch(number)])
            put_warps(butler, [(1, warp(patch(number)))], instrument="TestCam", run=f"run{number}")
            if number == 0:
                raise OSError("disk is full")

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(store, number) for number in range(4)]
    assert [type(future.exception()) for future in done] == [RepositoryUnavailableError] + 3 * [type(None)]
    with Butler.from_config(root) as butler:
        found = butler.query_datasets("direct_warp", collections="*", find_first=False)
        assert sorted((each.run, each.dataId["patch"]) for each in found) == [
            *(("run0", 0),) * ("run0" in butler.collections.query("*")),
            ("run1", 1),
            ("run2", 2),
            ("run3", 3),
        ]
        assert all(butler.get(each).bbox.shape == (32, 32) for each in found)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "denied")])
def test_what_the_disk_says_is_told_with_the_repository(tmp_path: Path, error: OSError) -> None:
    with (
        pytest.raises(RepositoryUnavailableError, match="could not be written to") as caught,
        open_repository(str(tmp_path / "repo")),
    ):
        raise error
    assert str(tmp_path / "repo") in str(caught.value)
    assert str(error.strerror) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_repository_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "butler.yaml").write_text("datastore: [1, 2]")
    with (
        pytest.raises(RepositoryUnavailableError, match="cannot be opened as a Butler repository"),
        open_repository(str(tmp_path)),
    ):
        pass
    assert (tmp_path / "butler.yaml").exists()


def test_address_that_is_none_is_named() -> None:
    with (
        pytest.raises(RepositoryUnavailableError, match="foo://nowhere/x is no address of a Butler"),
        open_repository("foo://nowhere/x"),
    ):
        pass


def test_the_psf_of_a_cell_is_compressed_as_one(tmp_path: Path) -> None:
    with open_repository(str(tmp_path / "repo")) as butler:
        sync(butler, [patch(0)])
        [reference] = put_warps(butler, [(1, warp(patch(0)))], instrument="TestCam", run="warps")
        path = butler.getURI(reference).ospath
        stored = butler.get(reference)
    with fits.open(path, disable_image_compression=True) as hdus:
        assert len(hdus["PSF"].data) == (32 // 16) ** 2
    np.testing.assert_array_equal(stored.psf.compute_kernel_image(x=8, y=8).array, gaussian_kernel(2.0, 7))
