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

"""Exposures of a real ``lsst.afw``; without the LSST Science Pipelines, all of this is skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from afw_butler import handle_of
from afw_stand_ins import BOX, DATA_ID, restored_coadd

from lsst.acn import Box, InvalidExposureError, gaussian_kernel
from lsst.acn.image_io import make_deconvolved_coadd, make_exposure, read_exposure_stack
from lsst.pipe.base import InMemoryDatasetHandle


def real_exposure() -> Any:
    """Return an exposure with all that a warp has."""
    afw_image = pytest.importorskip("lsst.afw.image")
    algorithms = pytest.importorskip("lsst.meas.algorithms")
    from lsst.afw.geom import makeCdMatrix, makeSkyWcs
    from lsst.afw.math import FixedKernel
    from lsst.geom import Box2I, Extent2I, Point2D, Point2I, SpherePoint, arcseconds, degrees

    exposure = afw_image.ExposureF(Box2I(Point2I(200, 100), Extent2I(30, 20)))
    exposure.image.array[:] = np.arange(600.0).reshape(20, 30)
    exposure.variance.array[:] = 4.0
    exposure.mask.array[2, 3] = exposure.mask.getPlaneBitMask("CR")
    exposure.setWcs(
        makeSkyWcs(Point2D(0, 0), SpherePoint(30 * degrees, -5 * degrees), makeCdMatrix(0.2 * arcseconds))
    )
    exposure.setFilter(afw_image.FilterLabel(band="r", physical="r_01"))
    exposure.setPhotoCalib(afw_image.PhotoCalib(10.0))
    kernel = afw_image.ImageD(np.asarray(gaussian_kernel(3.0, 11), np.float64))
    exposure.setPsf(algorithms.KernelPsf(FixedKernel(kernel)))
    exposure.getInfo().setVisitInfo(afw_image.VisitInfo(exposureTime=30.0))
    exposure.getInfo().setCoaddInputs(real_coadd_inputs(3))
    return exposure


def real_coadd_inputs(*visits: int) -> Any:
    """Return a list of inputs with two detectors for each visit."""
    afw_image = pytest.importorskip("lsst.afw.image")
    from lsst.afw.table import ExposureTable

    visit_schema, ccd_schema = ExposureTable.makeMinimalSchema(), ExposureTable.makeMinimalSchema()
    ccd_schema.addField("ccd", type=np.int32, doc="Detector.")
    ccd_schema.addField("visit", type=np.int64, doc="Visit.")
    inputs = afw_image.CoaddInputs(visit_schema, ccd_schema)
    for visit in visits:
        inputs.visits.addNew().setId(visit)
        for detector in (1, 2):
            record = inputs.ccds.addNew()
            record["ccd"], record["visit"] = detector, visit
    return inputs


def test_real_exposure() -> None:
    stack = read_exposure_stack({3: real_exposure()})
    assert (stack.unit, stack.band, stack.box) == ("nJy", "r", BOX)
    assert np.argwhere(~stack.valid[0]).tolist() == [[2, 3]]
    assert stack.image[0, 0, 1] == pytest.approx(10.0)
    assert stack.variance[0, 0, 1] == pytest.approx(400.0)
    np.testing.assert_allclose(stack.psf.kernels[0, 0, 0], gaussian_kernel(3.0, 11), rtol=1e-5)


def test_part_of_a_real_exposure() -> None:
    part = Box(105, 112, 210, 221)
    piece = read_exposure_stack({3: real_exposure()}, box=part)
    np.testing.assert_array_equal(piece.image, read_exposure_stack({3: real_exposure()}).cutout(part).image)


def test_psf_of_a_real_exposure_is_that_of_the_place() -> None:
    algorithms = pytest.importorskip("lsst.meas.algorithms")
    from lsst.afw.image import ImageD
    from lsst.afw.math import FixedKernel, LinearCombinationKernel, PolynomialFunction2D

    # Ever wider towards the right.
    narrow, wide = (FixedKernel(ImageD(gaussian_kernel(fwhm, 15).astype(np.float64))) for fwhm in (3.0, 5.0))
    kernel = LinearCombinationKernel([narrow, wide], PolynomialFunction2D(1))
    kernel.setSpatialParameters([[1.0 + 200 / 30, -1 / 30, 0.0], [-200 / 30, 1 / 30, 0.0]])
    exposure = real_exposure()
    exposure.setPsf(algorithms.KernelPsf(kernel))
    stack = read_exposure_stack({3: exposure}, psf_cell_size=10)
    peaks = [stack.psf.at(110, x)[0].max() for x in (205, 215, 225)]
    assert peaks == sorted(peaks, reverse=True)
    expected = exposure.getPsf().computeKernelImage(point(214.5, 109.5)).array
    np.testing.assert_allclose(stack.psf.at(109.5, 214.5)[0], expected, atol=1e-6)


def point(x: float, y: float) -> Any:
    from lsst.geom import Point2D

    return Point2D(x, y)


def test_real_exposure_of_another_visit_is_named() -> None:
    exposure = real_exposure()
    exposure.getInfo().setCoaddInputs(real_coadd_inputs(4))
    handle = InMemoryDatasetHandle(exposure, **DATA_ID)
    with pytest.raises(InvalidExposureError, match=r"visits \[4\]"):
        read_exposure_stack([handle])


@pytest.mark.parametrize(("part", "message"), [("PhotoCalib", "no PhotoCalib"), ("Psf", "no PSF")])
def test_real_exposure_that_lacks_a_part_is_named(part: str, message: str) -> None:
    exposure = real_exposure()
    getattr(exposure, f"set{part}")(None)
    with pytest.raises(InvalidExposureError, match=f"Visit 3: .*{message}"):
        read_exposure_stack({3: exposure})


def test_real_artifact_mask_is_added() -> None:
    exposure = real_exposure()
    mask = exposure.mask.clone()
    mask.addMaskPlane("CLIPPED")
    mask.array[7, 8] |= mask.getPlaneBitMask("CLIPPED")
    stack = read_exposure_stack({3: exposure}, artifact_masks={3: mask})
    assert np.argwhere(~stack.valid[0]).tolist() == [[2, 3], [7, 8]]
    assert stack.mask[0, 7, 8] == 1 << stack.mask_planes["CLIPPED"]


def test_restored_coadd_becomes_a_real_exposure() -> None:
    pytest.importorskip("lsst.afw.image")
    pytest.importorskip("lsst.cell_coadds")
    exposure = make_exposure(restored_coadd(), real_coadd_inputs(1, 2), None)
    assert (exposure.image.array == 3).all()
    assert (exposure.variance.array == 4).all()
    for name, pixel in (("NO_DATA", [2, 3]), ("SAT", [4, 5])):
        marked = exposure.mask.array & exposure.mask.getPlaneBitMask(name)
        assert np.argwhere(marked).tolist() == [pixel]
    corner = exposure.getBBox().getMin()
    assert (corner.x, corner.y) == (200, 100)
    sky = exposure.getWcs().pixelToSky(0.0, 0.0)
    assert (sky.getRa().asDegrees(), sky.getDec().asDegrees()) == pytest.approx((30.0, -5.0))
    kernel = exposure.getPsf().computeKernelImage(point(215.0, 110.0)).array
    np.testing.assert_allclose(kernel, gaussian_kernel(2.5, 11), atol=1e-6)
    assert exposure.getFilter().bandLabel == "r"
    assert exposure.getPhotoCalib().instFluxToNanojansky(1.0) == pytest.approx(1.0)
    info = exposure.getInfo()
    assert sorted(record.getId() for record in info.getCoaddInputs().visits) == [1, 2]
    assert len(info.getCoaddInputs().ccds) == 4


def test_sources_are_detected_on_a_real_exposure() -> None:
    pytest.importorskip("lsst.meas.algorithms")
    pytest.importorskip("lsst.cell_coadds")
    from lsst.afw.table import SourceTable
    from lsst.meas.algorithms import SourceDetectionTask

    coadd = restored_coadd()
    coadd.image.array[:] = 0.0
    coadd.image.array[5:16, 10:21] += 1e4 * gaussian_kernel(2.5, 11)
    coadd.mask.clear()
    exposure = make_exposure(coadd, real_coadd_inputs(1), None)
    config = SourceDetectionTask.ConfigClass()
    config.reEstimateBackground = False
    schema = SourceTable.makeMinimalSchema()
    task = SourceDetectionTask(schema=schema, config=config)
    sources = task.run(SourceTable.make(schema), exposure).sources
    assert len(sources) == 1
    peak = sources[0].getFootprint().peaks[0]
    assert (peak.getIx(), peak.getIy()) == (215, 110)


def test_real_exposure_knows_its_patch() -> None:
    handle = InMemoryDatasetHandle(real_exposure(), **DATA_ID)
    geometry = read_exposure_stack([handle]).geometry
    sky = geometry.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (geometry.tract, geometry.patch.id) == (7, 2)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))


def test_afw_and_ingest_give_the_same_arrays() -> None:
    afw_image = pytest.importorskip("lsst.afw.image")
    from lsst.acn.repository.warp_files import read_warp_file

    root = Path(os.environ.get("ACN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "afw"
    if not root.exists():
        pytest.skip("There are no warps of afw among the test data.")
    stack = read_exposure_stack({1: afw_image.ExposureF(str(root / "warp-1.fits.gz"))})
    warp = read_warp_file(root / "warp-1.fits.gz", psf_path=root / "psf-1.fits")
    valid = stack.valid[0]
    assert (stack.box, stack.unit) == (warp.box, warp.unit)
    np.testing.assert_allclose(stack.image[0][valid], warp.image[valid], rtol=1e-5)
    np.testing.assert_allclose(stack.psf.kernels[0, 0, 0], warp.psf, rtol=1e-4, atol=1e-8)


def test_real_mask_of_artifacts_from_a_butler() -> None:
    exposure = real_exposure()
    mask = pytest.importorskip("lsst.afw.image").Mask(exposure.getBBox())
    mask.array[7, 8] = mask.getPlaneBitMask("SAT")
    warp, _ = handle_of(exposure, "ExposureF")
    handle, _ = handle_of(mask, "Mask")
    stack = read_exposure_stack([warp], box=Box(105, 112, 205, 212), artifact_masks={3: handle})
    assert np.argwhere(~stack.valid[0]).tolist() == [[2, 3]]


def test_real_coadd_gives_all_but_pixels_and_psf() -> None:
    coadd = real_exposure()
    image = np.full(BOX.grown_by(5).shape, 50.0, np.float32)
    kernel = gaussian_kernel(2.0, 9)
    made = make_deconvolved_coadd(image, BOX.grown_by(5), psf=kernel, coadd=coadd)
    # The calibration is 10 nanojansky a count.
    np.testing.assert_allclose(made.image.array, 5.0)
    np.testing.assert_array_equal(made.mask.array, coadd.mask.array)
    np.testing.assert_array_equal(made.variance.array, coadd.variance.array)
    np.testing.assert_allclose(made.getPsf().computeKernelImage(made.getBBox().getCenter()).array, kernel)
    assert made.getBBox() == coadd.getBBox()
    assert made.getInfo().getCoaddInputs() is not None
    assert coadd.getPsf().computeKernelImage(coadd.getBBox().getCenter()).array.shape == (11, 11)
