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

import logging
import os
from pathlib import Path

import astropy.io.fits
import astropy.table
import numpy as np
import pytest
from fake_warps import SHAPE, FakeWarp, Ingest, write_table

from lsst.acn import Box, gaussian_kernel
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.errors import InvalidExposureError
from lsst.daf.butler import Butler
from lsst.daf.butler.cli.butler import cli
from lsst.daf.butler.cli.utils import LogCliRunner
from lsst.pipe.base import NoWorkFound
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor


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


def test_oversampled_psfs_are_what_pixels_see_of_them(ingest: Ingest, source: Path) -> None:
    kernel = gaussian_kernel(6.0, 33)
    ingest(write_table(source, [FakeWarp(0, psf=kernel), FakeWarp(1, psf=kernel)], psf_oversampling=[3, 3]))
    psf = ingest.stack().psf
    assert psf.finer is not None
    assert psf.finer.oversampling == 3
    np.testing.assert_array_equal(psf.finer.at(0, 0)[1], kernel)
    # The integral over the nine squares of a pixel.
    np.testing.assert_allclose(psf.at(0, 0)[1], kernel.reshape(11, 3, 11, 3).sum(axis=(1, 3)), atol=1e-5)


def test_psfs_of_a_patch_have_as_many_samples(ingest: Ingest, source: Path) -> None:
    ingest(write_table(source, [FakeWarp(0), FakeWarp(1)], psf_oversampling=[1, 3]))
    with pytest.raises(InvalidExposureError, match="has 3 samples per pixel, but those of others have 1"):
        ingest.stack()


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


def test_help_explains_every_option() -> None:
    output = LogCliRunner().invoke(cli, ["ingest-warps", "--help"]).output
    for option in ("REPO", "TABLE", "--skymap", "--patch-grid", "--unit", "--output-run", "psf_path"):
        assert option in output


def real_data(name: str, visits: list[int], source: Path) -> tuple[Path, Path]:
    """Return a folder of optional test data and a table of some visits in it.

    Skip the test where there is none.
    """
    root = Path(os.environ.get("ACN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
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
