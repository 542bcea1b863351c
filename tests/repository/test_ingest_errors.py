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

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.table
import numpy as np
import pytest
from fake_warps import FakeWarp, Ingest, write_table

import lsst.acn.repository.ingest
from lsst.acn import InvalidWarpFileError, gaussian_kernel
from lsst.daf.butler import Butler


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Return the command, with a repository that is not there yet."""
    return Ingest(tmp_path / "repo")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder for files to ingest."""
    return tmp_path / "source"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size - 4000])


def truncate_compressed(path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[: len(packed) // 2])


def fill_with_nan(path: Path) -> None:
    with astropy.io.fits.open(path, mode="update") as hdus:
        hdus["PSF"].data[3, 3] = np.nan


NORMAL = gaussian_kernel(3.0, 11)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (FakeWarp(psf=None), "has no extension PSF and no psf_path is given"),
        (FakeWarp(psf=np.full((10, 10), 0.01)), "square with odd sides; its shape is (10, 10)"),
        (FakeWarp(psf=np.full((9, 11), 1 / 99)), "square with odd sides; its shape is (9, 11)"),
        (FakeWarp(psf=NORMAL[None]), "two-dimensional PSF"),
        (FakeWarp(psf=NORMAL[0]), "two-dimensional PSF"),
        (FakeWarp(psf=2 * NORMAL), "not of unit sum; its sum is 2"),
        (FakeWarp(psf=np.full((11, 11), np.nan)), "not finite"),
        (FakeWarp(without="VARIANCE"), "has no extension VARIANCE; it has PRIMARY, IMAGE, MASK, PSF"),
        (FakeWarp(variance_shape=(24, 30)), "IMAGE of shape (24, 32), but a VARIANCE of (24, 30)"),
        (FakeWarp(planes={}), "no MP_ keywords"),
        (FakeWarp(unit="adu"), "'adu', but"),
        (FakeWarp(unit="furlong"), "BUNIT is 'furlong'"),
        (FakeWarp(ra=30.0001), "not on the pixel grid"),
        (FakeWarp(wcs=False), "no WCS in its image that leads to the sky; --pixel-scale ARCSEC makes one"),
        (FakeWarp(start=None, shape=(24, 30)), "no LTV1 and LTV2"),
    ],
)
def test_bad_file_is_named_and_nothing_is_made(
    ingest: Ingest, source: Path, bad: FakeWarp, message: str
) -> None:
    output = ingest.fail(write_table(source, [FakeWarp(), bad, FakeWarp()]))
    assert message in output
    assert "Visit 2" in output
    assert str(source / "warp-2.fits") in output
    assert not ingest.root.exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "does not exist"),
        (truncate, "cannot be read as FITS"),
        (truncate_compressed, "cannot be read as FITS"),
        (fill_with_nan, "not finite"),
        (lambda path: path.write_text("not FITS"), "cannot be read as FITS"),
    ],
)
def test_damaged_file_is_named(
    ingest: Ingest, source: Path, damage: Callable[[Path], Any], message: str
) -> None:
    table = write_table(source, [FakeWarp(), FakeWarp()])
    damage(source / "warp-2.fits")
    output = ingest.fail(table)
    assert message in output
    assert f"Visit 2: {source / 'warp-2.fits'}" in output
    assert not ingest.root.exists()


def test_repository_stays_as_it_was(ingest: Ingest, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(write_table(source, [FakeWarp()]))
    more = write_table(source / "more", [FakeWarp(), FakeWarp()], visit=[7, 8], day_obs=[20260201] * 2)
    read, calls = lsst.acn.repository.ingest.read_warp_file, []

    def read_until_the_disk_fails(path: Path, **keywords: Any) -> Any:
        calls.append(path)
        if len(calls) == 4:
            raise InvalidWarpFileError(f"{path} is gone by now.")
        return read(path, **keywords)

    monkeypatch.setattr(lsst.acn.repository.ingest, "read_warp_file", read_until_the_disk_fails)
    assert "gone by now" in ingest.fail(more, run="again")
    with Butler.from_config(str(ingest.root)) as butler:
        assert butler.collections.query("*") == ["warps"]
        assert [record.id for record in butler.query_dimension_records("day_obs")] == [20260131]
        assert [record.id for record in butler.query_dimension_records("visit")] == [1]
    assert len(list(ingest.root.rglob("*.fits"))) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"visit": [1, 1]}, "lists visit 1 more than once"),
        ({"visit": ["one", "two"]}, "visit must be a whole number"),
        ({"visit": [np.inf, 1.0]}, "of no use in row 1: visit must be a whole number"),
        ({"visit": [1.0, 7.9]}, "of no use in row 2: visit must be a whole number"),
        ({"visit": [1e30, 1.0]}, "visit must be a whole number"),
        ({"visit": [-1, 1]}, "visit must be a whole number"),
        ({"visit": [[1, 2], [3, 4]]}, "visit must be a whole number"),
        ({"day_obs": [2**63 - 1, 20260131]}, "day_obs must be a date such as 20260131"),
        ({"day_obs": [20260131, 20260231]}, "of no use in row 2: day_obs must be a date"),
        ({"exposure_time": [30.0, -1.0]}, "exposure_time must be a number of seconds"),
        ({"exposure_time": [[30.0, 2.0], [30.0, 2.0]]}, "exposure_time must be a number of seconds"),
        ({"psf_oversampling": [1, 0]}, "psf_oversampling must be from 1 to 20; it is 0"),
        ({"psf_oversampling": [1.5, 1.0]}, "psf_oversampling must be a whole number"),
        ({"band": [1, 2]}, "band must be text"),
        ({"path": [1.5, 2.5]}, "path must be text"),
        ({"band": ["r" * 33, "r"]}, "it has 33 characters, and the registry has room for 32"),
        ({"physical_filter": ["r\x07", "r"]}, "characters that cannot be printed"),
        ({"band": None}, "has no column band; it has visit, physical_filter"),
        ({"band": ["", "r"]}, "no band in row 1"),
        ({"psf_path": ["", "psf.fits"]}, "psf.fits does not exist"),
        ({"unit": ["", "adu"]}, "has BUNIT 'nJy', but the unit given for it is 'adu'"),
    ],
)
def test_bad_table_is_told(ingest: Ingest, source: Path, columns: dict[str, list[Any]], message: str) -> None:
    assert message in ingest.fail(write_table(source, [FakeWarp(), FakeWarp()], **columns))
    assert not ingest.root.exists()


def test_table_must_be_there_and_have_rows(ingest: Ingest, source: Path) -> None:
    assert "does not exist" in ingest.fail(source / "visits.ecsv")
    assert "has no rows" in ingest.fail(write_table(source, []))
    (source / "visits.ecsv").write_text("visit path\n1 a.fits\n")
    assert "cannot be read as ECSV" in ingest.fail(source / "visits.ecsv")


def test_table_must_be_a_file(ingest: Ingest, source: Path) -> None:
    source.mkdir()
    os.mkfifo(source / "pipe.ecsv")
    assert "is not a regular file" in ingest.fail(source / "pipe.ecsv")
    (source / "zero.ecsv").symlink_to("/dev/zero")
    assert "is not a regular file" in ingest.fail(source / "zero.ecsv")
    with (source / "large.ecsv").open("wb") as stream:
        stream.truncate(10**11)
    assert "more than the limit" in ingest.fail(source / "large.ecsv")


@pytest.mark.parametrize("run", ["../../..", "/tmp/x", "a/../../b", "a//b", ".", "", "x" * 65, "a\nb"])
def test_runs_stay_inside_of_the_repository(ingest: Ingest, source: Path, run: str) -> None:
    before = sorted(source.parent.rglob("*"))
    assert "can" in ingest.fail(source / "visits.ecsv", run=run)
    assert sorted(source.parent.rglob("*")) == before


@pytest.mark.parametrize("meta", [["HSC"], 7, {"name": "HSC"}])
def test_instrument_of_a_table_must_be_text(ingest: Ingest, source: Path, meta: Any) -> None:
    table = astropy.table.Table.read(write_table(source, [FakeWarp()]))
    table.meta["instrument"] = meta
    table.write(source / "visits.ecsv", overwrite=True)
    assert "No instrument can have the name" in ingest.fail(source / "visits.ecsv", "--instrument", "")
    assert not ingest.root.exists()


def test_limit_of_files_can_be_set(ingest: Ingest, source: Path) -> None:
    table = write_table(source, [FakeWarp()])
    assert "more than the limit of 10485" in ingest.fail(table, "--max-file-size", "0.01")
    ingest(table, "--max-file-size", "0.1")


@pytest.mark.parametrize("option", ["--max-file-size", "--pixel-scale"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_limit_and_scale_are_finite(ingest: Ingest, source: Path, option: str, value: str) -> None:
    result = ingest.invoke(write_table(source, [FakeWarp()]), option, value, run="warps", patch=12)
    assert result.exit_code == 2
    assert f"{value} is no finite number" in result.output


@pytest.mark.parametrize("option", ["--tract", "--patch"])
def test_registry_has_room_for_identifiers(ingest: Ingest, source: Path, option: str) -> None:
    result = ingest.invoke(write_table(source, [FakeWarp()]), option, str(2**63), run="warps", patch=12)
    assert result.exit_code == 2
    assert "is not in the range 0<=x<=9223372036854775807" in result.output


def test_files_that_a_killed_command_left_are_removed(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp()]))
    (stored,) = (ingest.root / "warps").rglob("*.fits")
    (stored.with_name(f"tmp7x{stored.stem}.tmp.fits")).write_bytes(b"half")
    ingest(write_table(source / "more", [FakeWarp()], visit=[2]))
    assert len(list((ingest.root / "warps").rglob("*.fits"))) == 2


def test_instrument_must_be_named(ingest: Ingest, source: Path) -> None:
    assert "instrument" in ingest.fail(write_table(source, [FakeWarp()]), "--instrument", "")


def test_warps_are_not_ingested_twice_into_one_run(ingest: Ingest, source: Path) -> None:
    table = write_table(source, [FakeWarp()])
    ingest(table)
    assert "Run warps already has warps of visits [1]" in ingest.fail(table)
    ingest(table, run="warps2")
    assert ingest.stack("warps2").visits == (1,)


@pytest.mark.parametrize(
    ("columns", "warp", "message"),
    [
        ({"physical_filter": ["r_02"]}, FakeWarp(), "Visit 1 of TestCam has physical_filter 'r_01'"),
        ({"visit": [2], "band": ["g"]}, FakeWarp(), "'r_01' of TestCam is of band 'r'"),
        ({}, FakeWarp(start=(500, 701)), "not inside patch 12"),
        ({}, FakeWarp(ra=30.1), "not inside patch 12"),
    ],
)
def test_conflict_with_the_repository_changes_nothing(
    ingest: Ingest, source: Path, columns: dict[str, list[Any]], warp: FakeWarp, message: str
) -> None:
    ingest(write_table(source, [FakeWarp()]))
    assert message in ingest.fail(write_table(source / "more", [warp], **columns), run="more")
    with Butler.from_config(str(ingest.root)) as butler:
        assert butler.collections.query("*") == ["warps"]
        assert len(butler.query_dimension_records("visit")) == 1
