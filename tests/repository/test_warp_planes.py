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


"""Planes under the names of those who write them: afw, JWST, HST, amateurs."""

from __future__ import annotations

from pathlib import Path

import astropy.io.fits
import numpy as np
import pytest
from astropy.io.fits import HDUList, ImageHDU, PrimaryHDU
from fake_warps import FakeWarp, Ingest, write_table

from lsst.acn.repository.warp_files import read_warp_file
from lsst.acn.repository.warp_planes import read_planes

IMAGE = np.ones((5, 6), np.float32)
ERROR = np.full((5, 6), 3.0, np.float32)
DQ = np.zeros((5, 6), np.int32)
DQ[0, 0], DQ[1, 1], DQ[2, 2], DQ[3, 3] = 1, 2, 4, 1 << 20


def content(telescope: str | None = None, **planes: np.ndarray) -> HDUList:
    primary = PrimaryHDU()
    if telescope:
        primary.header["TELESCOP"] = telescope
    return HDUList([primary, *(ImageHDU(pixels, name=name) for name, pixels in planes.items())])


def test_err_is_a_standard_deviation() -> None:
    planes = read_planes(Path("a.fits"), content(SCI=IMAGE, ERR=ERROR))
    np.testing.assert_array_equal(planes.variance, 9.0)
    np.testing.assert_array_equal(planes.image, IMAGE)
    assert not planes.mask.any()


def test_dq_of_jwst_keeps_what_is_bad_and_why() -> None:
    planes = read_planes(Path("a.fits"), content("JWST", SCI=IMAGE, ERR=ERROR, DQ=DQ))
    assert planes.mask_planes == {"BAD": 0, "SAT": 1, "CR": 2}
    np.testing.assert_array_equal(planes.mask, DQ)


def test_any_bit_of_another_dq_is_bad() -> None:
    planes = read_planes(Path("a.fits"), content("HST", SCI=IMAGE, ERR=ERROR, DQ=DQ))
    assert planes.mask_planes == {"BAD": 0}
    np.testing.assert_array_equal(planes.mask, DQ != 0)


def rename(path: Path, names: dict[str, str]) -> None:
    with astropy.io.fits.open(path, mode="update") as hdus:
        for hdu in hdus:
            hdu.name = names.get(hdu.name, hdu.name)


def test_file_without_mask_and_wcs_is_ingested_with_a_pixel_scale(tmp_path: Path) -> None:
    table = write_table(tmp_path / "source", [FakeWarp(wcs=False, start=None, without="MASK")] * 2)
    for path in (tmp_path / "source").glob("*.fits"):
        rename(path, {"IMAGE": "SCI", "VARIANCE": "VAR"})
    ingest = Ingest(tmp_path / "repo")
    assert "Ingested 2 warps" in ingest(table, "--pixel-scale", "0.5")
    warp = read_warp_file(tmp_path / "source" / "warp-1.fits", pixel_scale=0.5)
    corner = warp.wcs.pixel_to_world(0, 0)
    assert corner.separation(warp.wcs.pixel_to_world(1, 0)).arcsec == pytest.approx(0.5)


def test_plain_csv_is_a_table(tmp_path: Path) -> None:
    write_table(tmp_path / "source", [FakeWarp()])
    table = tmp_path / "source" / "visits.csv"
    table.write_text("visit,band,physical_filter,day_obs,path\n1,r,r_01,20260131,warp-1.fits\n")
    assert "Ingested 1 warps" in Ingest(tmp_path / "repo")(table)


def test_missing_unit_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = write_table(tmp_path / "source", [FakeWarp(unit=None)] * 3)
    Ingest(tmp_path / "repo")(table)
    told = [record.message for record in caplog.records if "states the unit" in record.message]
    assert len(told) == 1
    assert "3 of 3 files, such as" in told[0]
