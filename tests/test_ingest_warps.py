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

import dataclasses
import gzip
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.table
import numpy as np
import pytest

from lsst.acn import Box, gaussian_kernel
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.image_io import read_exposure_stack, tangent_plane_wcs
from lsst.daf.butler import Butler
from lsst.daf.butler.cli.butler import cli
from lsst.daf.butler.cli.utils import LogCliRunner
from lsst.pipe.base import NoWorkFound
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor

SHAPE = (24, 32)
PLANES = {"BAD": 0, "SAT": 1, "CR": 3, "NO_DATA": 8, "SENSOR_EDGE": 11}


@dataclasses.dataclass
class FakeWarp:
    """What to write into a FITS file."""

    seed: int = 0
    shape: tuple[int, int] = SHAPE
    start: tuple[int, int] | None = (500, 700)
    ra: float = 30.0
    psf: np.ndarray | None = dataclasses.field(default_factory=lambda: gaussian_kernel(3.0, 11))
    unit: str | None = "nJy"
    fully_masked: bool = False
    without: str | None = None
    planes: dict[str, int] = dataclasses.field(default_factory=lambda: dict(PLANES))
    variance_shape: tuple[int, int] | None = None
    wcs: bool = True

    def pixels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return image, mask and variance."""
        rng = np.random.default_rng(self.seed)
        mask = np.zeros(self.shape, np.int32)
        mask[2, 3], mask[4, 5] = 1 << 3, 1 << 11
        if self.fully_masked:
            mask[:] = 1 << 8
        image = rng.normal(size=self.shape).astype(np.float32)
        variance = rng.uniform(1, 2, self.variance_shape or self.shape).astype(np.float32)
        return image, mask, variance

    def header(self) -> astropy.io.fits.Header:
        """Return the header of the image, as afw writes it."""
        start = self.start or (0, 0)
        wcs = tangent_plane_wcs(self.ra, -5.0, 0.2, y=512.0 - start[0], x=712.0 - start[1])
        header = wcs.to_header() if self.wcs else astropy.io.fits.Header()
        if self.start is not None:
            header["LTV1"], header["LTV2"] = -float(start[1]), -float(start[0])
        if self.unit:
            header["BUNIT"] = self.unit
        return header

    def write(self, path: Path) -> None:
        """Write the file."""
        image, mask, variance = self.pixels()
        marks = astropy.io.fits.Header()
        for name, bit in self.planes.items():
            marks[f"HIERARCH MP_{name}"] = bit
        hdus = [
            astropy.io.fits.ImageHDU(image, self.header(), name="IMAGE"),
            astropy.io.fits.ImageHDU(mask, marks, name="MASK"),
            astropy.io.fits.ImageHDU(variance, name="VARIANCE"),
        ]
        if self.psf is not None:
            hdus.append(astropy.io.fits.ImageHDU(self.psf, name="PSF"))
        hdus = [hdu for hdu in hdus if hdu.name != self.without]
        astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), *hdus]).writeto(path)


def write_table(folder: Path, warps: list[FakeWarp], **columns: list[Any]) -> Path:
    """Write warps and the table that lists them as visits 1, 2, and so on."""
    folder.mkdir(exist_ok=True)
    numbers = range(1, len(warps) + 1)
    for number, warp in zip(numbers, warps, strict=True):
        warp.write(folder / f"warp-{number}.fits")
    values: dict[str, Any] = {
        "visit": list(numbers),
        "band": ["r"] * len(warps),
        "physical_filter": ["r_01"] * len(warps),
        "day_obs": [20260131] * len(warps),
        "path": [f"warp-{number}.fits" for number in numbers],
    }
    values |= columns
    table = astropy.table.Table({name: value for name, value in values.items() if value is not None})
    table.write(folder / "visits.ecsv", overwrite=True)
    return folder / "visits.ecsv"


class Ingest:
    """Run ``butler ingest-warps`` on a repository in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, table: Path, *arguments: str, run: str = "warps", patch: int = 12) -> str:
        result = self.invoke(table, *arguments, run=run, patch=patch)
        assert result.exit_code == 0, f"{result.output} {result.exception}"
        return result.output

    def fail(self, table: Path, *arguments: str, run: str = "warps", patch: int = 12) -> str:
        """Run the command, and return the message with which it fails."""
        result = self.invoke(table, *arguments, run=run, patch=patch)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert result.output.startswith("Error: ")
        return result.output

    def invoke(self, table: Path, *arguments: str, run: str, patch: int) -> Any:
        """Run the command, come what may."""
        command = ["ingest-warps", str(self.root), str(table), "--skymap", "test", "--tract", "4"]
        command += ["--patch", str(patch), "--output-run", run, *arguments]
        if "--instrument" not in arguments:
            command += ["--instrument", "TestCam"]
        return LogCliRunner().invoke(cli, command)

    def stack(self, run: str = "warps", **keywords: Any) -> Any:
        """Return the exposures that a run holds."""
        with Butler.from_config(str(self.root), collections=run) as butler:
            found = butler.query_datasets("direct_warp")
            return read_exposure_stack([butler.getDeferred(reference) for reference in found], **keywords)


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Return the command, with a repository that is not there yet."""
    return Ingest(tmp_path / "repo")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder for files to ingest."""
    return tmp_path / "source"


def test_pixels_and_planes_arrive(ingest: Ingest, source: Path) -> None:
    warps = [FakeWarp(seed) for seed in range(2)]
    output = ingest(write_table(source, warps))
    assert "visit=2 band=r" in output
    assert "Ingested 2 warps into run warps" in output
    stack = ingest.stack(bad_mask_planes=["CR"])
    assert (stack.visits, stack.unit, stack.band) == ((1, 2), "nJy", "r")
    assert stack.box == Box.from_shape(SHAPE, (500, 700))
    for index, warp in enumerate(warps):
        image, _, variance = warp.pixels()
        np.testing.assert_array_equal(np.argwhere(~stack.valid[index]), [[2, 3]])
        np.testing.assert_array_equal(stack.image[index][stack.valid[index]], image[stack.valid[index]])
        np.testing.assert_array_equal(stack.variance[index][stack.valid[index]], variance[stack.valid[index]])
    assert stack.mask[0, 2, 3] == 1 << stack.mask_planes["COSMIC_RAY"]
    assert stack.mask[0, 4, 5] == 1 << stack.mask_planes["SENSOR_EDGE"]
    np.testing.assert_array_equal(stack.psf.kernels[0, 0, 0], gaussian_kernel(3.0, 11))


def test_position_on_the_sky_is_kept(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp()]))
    sky = ingest.stack().geometry.sky_projection.pixel_to_sky(x=712.0, y=512.0)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0), abs=1e-9)


def test_warps_of_parts_of_a_patch_are_put_in_place(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp(0), FakeWarp(1, shape=(10, 12), start=(510, 716))]))
    stack = ingest.stack(bad_mask_planes=[])
    assert stack.box == Box.from_shape(SHAPE, (500, 700))
    np.testing.assert_array_equal(np.flatnonzero(stack.valid[1].any(axis=1)), range(10, 20))
    np.testing.assert_array_equal(np.flatnonzero(stack.valid[1].any(axis=0)), range(16, 28))


def test_repository_can_be_queried(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp()]))
    with Butler.from_config(str(ingest.root)) as butler:
        where = "skymap = 'test' AND tract = 4 AND patch = 12 AND band = 'r' AND instrument = 'TestCam'"
        assert len(butler.query_datasets("direct_warp", collections="warps", where=where)) == 1
        assert len(butler.query_data_ids(["visit", "patch"], where=where)) == 1
        (patch,) = butler.query_dimension_records("patch")
        assert (patch.cell_y, patch.cell_x) == (1, 2)
    output = (
        LogCliRunner()
        .invoke(cli, ["query-datasets", str(ingest.root), "direct_warp", "--collections", "*"])
        .output
    )
    assert "direct_warp" in output
    assert "TestCam" in output


def test_quantum_graph_finds_the_warps(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp(seed) for seed in range(3)]))
    butler = SimplePipelineExecutor.prep_butler(str(ingest.root), inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(
            AssembleReferenceCoaddTask, butler=butler, where="skymap = 'test' AND tract = 4 AND patch = 12"
        )
        (quantum,) = executor.run(register_dataset_types=True)
        assert sorted(warp.dataId["visit"] for warp in quantum.inputs["direct_warp"]) == [1, 2, 3]
        (found,) = butler.query_datasets("reference_coadd")
        assert butler.get(found).provenance.inputs["visit"].tolist() == [1, 2, 3]
    finally:
        butler.close()


def test_second_band_goes_into_the_same_patch(ingest: Ingest, source: Path) -> None:
    first = write_table(source, [FakeWarp()])
    ingest(first)
    # Smaller than the patch, which is known by now.
    part = FakeWarp(1, shape=(8, 8), start=(504, 704))
    ingest(
        write_table(source / "g", [part], visit=[9], band=["g"], physical_filter=["g_01"]),
        run="g",
    )
    with Butler.from_config(str(ingest.root), collections="g") as butler:
        (found,) = butler.query_datasets("direct_warp")
        warp = butler.get(found)
    assert (warp.bbox.y.start, warp.bbox.shape) == (504, (8, 8))
    assert warp.patch.outer_bbox.shape == SHAPE


def test_neighbouring_patch_shares_the_visits(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp()]))
    ingest(write_table(source / "next", [FakeWarp(start=(500, 732))]), patch=13)
    with Butler.from_config(str(ingest.root), collections="warps") as butler:
        where = "skymap = 'test' AND tract = 4 AND instrument = 'TestCam'"
        found = butler.query_data_ids(["visit", "patch"], where=where)
        assert {(identity["visit"], identity["patch"]) for identity in found} == {(1, 12), (1, 13)}
        assert len(butler.query_datasets("direct_warp")) == 2


def test_psf_may_have_a_file_of_its_own(ingest: Ingest, source: Path) -> None:
    table = write_table(source, [FakeWarp(psf=None)], psf_path=["psf.fits"])
    astropy.io.fits.PrimaryHDU(gaussian_kernel(2.0, 9)).writeto(source / "psf.fits")
    ingest(table)
    np.testing.assert_array_equal(ingest.stack().psf.kernels[0, 0, 0], gaussian_kernel(2.0, 9))


def test_instrument_and_unit_may_stand_in_the_table(ingest: Ingest, source: Path) -> None:
    path = write_table(source, [FakeWarp(unit=None)])
    table = astropy.table.Table.read(path)
    table.meta |= {"instrument": "MyCam", "unit": "uJy"}
    table.write(path, overwrite=True)
    ingest(path, "--instrument", "")
    stack = ingest.stack(bad_mask_planes=[])
    np.testing.assert_allclose(stack.image[0], 1e3 * FakeWarp().pixels()[0], rtol=1e-6)
    with Butler.from_config(str(ingest.root)) as butler:
        assert [record.name for record in butler.query_dimension_records("instrument")] == ["MyCam"]


@pytest.mark.parametrize(
    ("arguments", "columns", "unit"),
    [((), {}, "adu"), (("--unit", "electron"), {}, "electron"), ((), {"unit": ["count"]}, "ct")],
)
def test_unit_that_is_not_in_the_file(
    ingest: Ingest,
    source: Path,
    arguments: tuple[str, ...],
    columns: dict[str, list[str]],
    unit: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        ingest(write_table(source, [FakeWarp(unit=None)], **columns), *arguments)
    assert ingest.stack().unit == unit
    assert ("Nothing states the unit" in caplog.text) == (unit == "adu")


def photo_calib(mean: float, constant: bool) -> astropy.io.fits.BinTableHDU:
    """Return the table in which afw's archive has a calibration."""
    columns = [
        astropy.io.fits.Column("flags", "1X", array=np.array([[constant]])),
        astropy.io.fits.Column("calibrationMean", "1D", array=np.array([mean])),
    ]
    return astropy.io.fits.BinTableHDU.from_columns(columns, name="PhotoCalib")


def test_calibration_of_afw_is_applied(ingest: Ingest, source: Path) -> None:
    table = write_table(source, [FakeWarp(unit=None)])
    with astropy.io.fits.open(source / "warp-1.fits", mode="append") as hdus:
        hdus.append(photo_calib(57.5, constant=True))
    ingest(table)
    stack = ingest.stack(bad_mask_planes=[])
    image, _, variance = FakeWarp().pixels()
    assert stack.unit == "nJy"
    np.testing.assert_allclose(stack.image[0], 57.5 * image, rtol=1e-5)
    np.testing.assert_allclose(stack.variance[0], 57.5**2 * variance, rtol=1e-5)


def test_calibration_that_varies_is_refused(ingest: Ingest, source: Path) -> None:
    table = write_table(source, [FakeWarp(unit=None)])
    with astropy.io.fits.open(source / "warp-1.fits", mode="append") as hdus:
        hdus.append(photo_calib(57.5, constant=False))
    assert "PhotoCalib that varies" in ingest.fail(table)
    ingest(table, "--unit", "adu")
    assert ingest.stack().unit == "adu"


def test_masked_warp_is_ingested_with_a_warning(
    ingest: Ingest, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        ingest(write_table(source, [FakeWarp(fully_masked=True)]))
    assert "Visit 1 has no valid pixel" in caplog.text
    with pytest.raises(NoWorkFound):
        ingest.stack()


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
        (FakeWarp(wcs=False), "no WCS"),
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
def test_damaged_file_is_named_and_the_repository_stays_as_it_was(
    ingest: Ingest, source: Path, damage: Callable[[Path], Any], message: str
) -> None:
    table = write_table(source, [FakeWarp(), FakeWarp()])
    ingest(table)
    damage(source / "warp-2.fits")
    output = ingest.fail(table, run="again")
    assert message in output
    assert str(source / "warp-2.fits") in output
    with Butler.from_config(str(ingest.root)) as butler:
        assert butler.collections.query("*") == ["warps"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"visit": [1, 1]}, "lists visit 1 more than once"),
        ({"visit": ["one", "two"]}, "no number in row 1"),
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


def test_help_explains_every_option() -> None:
    output = LogCliRunner().invoke(cli, ["ingest-warps", "--help"]).output
    for option in ("REPO", "TABLE", "--skymap", "--patch-grid", "--unit", "--output-run", "psf_path"):
        assert option in output


def real_data(name: str, visits: list[int], source: Path) -> tuple[Path, Path]:
    """Return a folder of optional test data and a table of some visits in it.

    Skip the test where there is none.
    """
    root = Path(os.environ.get("ACN_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / name / "visits.ecsv").exists():
        pytest.skip(f"There is no {name} among the test data.")
    table = astropy.table.Table.read(root / name / "visits.ecsv")
    table = table[np.isin(table["visit"], visits)]
    for column in {"path", "psf_path"}.intersection(table.colnames):
        table[column] = [str(root / name / path) for path in table[column]]
    source.mkdir()
    table.write(source / "visits.ecsv")
    return root / name, source / "visits.ecsv"


def test_real_visits_of_decam(ingest: Ingest, source: Path) -> None:
    folder, table = real_data("decam", [1, 3], source)
    ingest(table, "--instrument", "DECam")
    stack = ingest.stack()
    assert (stack.visits, stack.shape, stack.unit) == ((1, 3), (256, 256), "adu")
    with astropy.io.fits.open(folder / "decam_i_visit03.fits.gz") as hdus:
        valid = stack.valid[1]
        np.testing.assert_array_equal(stack.image[1][valid], hdus["IMAGE"].data[valid])
        np.testing.assert_array_equal(stack.variance[1][valid], hdus["VARIANCE"].data[valid])
        # BAD, SAT, CR, EDGE and NO_DATA have bits 0, 1, 3, 4 and 8.
        np.testing.assert_array_equal(~valid, hdus["MASK"].data & 0b1_0001_1011 != 0)
        np.testing.assert_allclose(stack.psf.kernels[1, 0, 0], hdus["PSF"].data, rtol=1e-5, atol=1e-9)


def test_warps_that_afw_wrote(ingest: Ingest, source: Path) -> None:
    folder, table = real_data("afw", [1, 2], source)
    ingest(table, "--instrument", "HSC")
    stack = ingest.stack()
    assert (stack.box, stack.unit) == (Box.from_shape((96, 96), (5800, 14800)), "nJy")
    with astropy.io.fits.open(folder / "warp-2.fits.gz") as hdus:
        mask, valid = hdus["MASK"].data, stack.valid[1]
        calibration = hdus["PhotoCalib"].data["calibrationMean"][0]
        for name, bit in {"COSMIC_RAY": 3, "NO_DATA": 8, "SENSOR_EDGE": 11}.items():
            pixels = stack.mask[1] >> np.uint32(stack.mask_planes[name]) & np.uint32(1)
            np.testing.assert_array_equal(pixels, mask >> bit & 1)
        np.testing.assert_array_equal(~valid, mask & 0b1001_1001_1011 != 0)
        expected = hdus["IMAGE"].data[valid] * calibration
        np.testing.assert_allclose(stack.image[1][valid], expected, rtol=1e-6)
        sky = stack.geometry.sky_projection.pixel_to_sky(x=16000.0, y=7000.0)
        assert (sky.ra.deg, sky.dec.deg) == pytest.approx((150.1, 2.2), abs=1e-9)
    np.testing.assert_allclose(
        stack.psf.kernels[1, 0, 0], astropy.io.fits.getdata(folder / "psf-2.fits"), rtol=1e-5, atol=1e-9
    )
