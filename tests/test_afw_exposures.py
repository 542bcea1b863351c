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

"""Exposures of ``lsst.afw``: by stand-ins everywhere, by the real ones where they are."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsst.acn import Box, InvalidExposureError, gaussian_kernel
from lsst.acn.image_io import (
    default_warp_storage_class,
    make_patch_geometry,
    read_exposure_stack,
    tangent_plane_wcs,
)
from lsst.pipe.base import InMemoryDatasetHandle

BOX = Box.from_shape((20, 30), (100, 200))
PLANES = {"BAD": 0, "SAT": 1, "CR": 3, "NO_DATA": 8}
DATA_ID = {"instrument": "TestCam", "visit": 3, "skymap": "test", "tract": 7, "patch": 2}
IS_INSTALLED = importlib.util.find_spec("lsst.afw") is not None


def test_storage_class_follows_what_is_installed() -> None:
    assert default_warp_storage_class() == ("ExposureF" if IS_INSTALLED else "CellCoadd")


# Stand-ins that have of afw what the package uses, and nothing more.


@dataclasses.dataclass
class Interval:
    """`lsst.geom.IntervalI`."""

    min: int
    max: int


@dataclasses.dataclass
class Box2I:
    """`lsst.geom.Box2I`."""

    x: Interval
    y: Interval

    def getMinX(self) -> int:
        return self.x.min

    def getMaxX(self) -> int:
        return self.x.max

    def getMinY(self) -> int:
        return self.y.min

    def getMaxY(self) -> int:
        return self.y.max


def box2i(box: Box) -> Box2I:
    return Box2I(Interval(box.x_start, box.x_stop - 1), Interval(box.y_start, box.y_stop - 1))


@dataclasses.dataclass
class Point2D:
    """`lsst.geom.Point2D`."""

    x: float
    y: float


class PexError(Exception):
    """`lsst.pex.exceptions.Exception`."""


@dataclasses.dataclass
class Plane:
    """`lsst.afw.image.ImageF` or `lsst.afw.image.Mask`."""

    array: np.ndarray
    box: Box

    def getBBox(self) -> Box2I:
        return box2i(self.box)

    def getMaskPlaneDict(self) -> dict[str, int]:
        return PLANES


class Psf:
    """`lsst.afw.detection.Psf` that reaches as far as column 214, as the pixels do."""

    def __init__(self, kernel: np.ndarray) -> None:
        self.kernel = kernel

    def computeKernelImage(self, point: Point2D) -> Plane:
        if point.x > 214:
            raise PexError("no input images at that point")
        height, width = self.kernel.shape
        return Plane(self.kernel, Box.from_shape((height, width), (-(height // 2), -(width // 2))))


class PhotoCalib:
    """`lsst.afw.image.PhotoCalib` of 10 nJy a count."""

    def calibrateImage(self, masked: Any) -> Any:
        image = Plane(10 * masked.image.array, masked.image.box)
        variance = Plane(100 * masked.variance.array, masked.image.box)
        return types.SimpleNamespace(image=image, variance=variance, mask=masked.mask)


class FilterLabel:
    """`lsst.afw.image.FilterLabel`."""

    bandLabel = "r"

    def hasBandLabel(self) -> bool:
        return True


class SkyWcs:
    """`lsst.afw.geom.SkyWcs`."""

    def getFitsApproximation(self) -> None:
        return None

    def getFrameDict(self) -> Any:
        geometry = make_patch_geometry(
            tangent_plane_wcs(30.0, -5.0, 0.2), skymap="test", tract=7, patch=2, outer_box=BOX
        )
        return geometry.sky_projection.pixel_to_sky_transform._ast_mapping


class ExposureF:
    """`lsst.afw.image.ExposureF`."""

    __module__ = "lsst.afw.image._exposure"

    def __init__(self, kernel: np.ndarray | None = None) -> None:
        rng = np.random.default_rng(1)
        self.box = BOX
        self.image = rng.normal(size=BOX.shape).astype(np.float32)
        self.variance = rng.uniform(1, 2, BOX.shape).astype(np.float32)
        self.mask = np.zeros(BOX.shape, np.int32)
        self.mask[2, 3] = 1 << 3
        self.mask[:, 15:] = 1 << 8
        self.photo_calib: PhotoCalib | None = PhotoCalib()
        self.psf: Psf | None = Psf(gaussian_kernel(3.0, 11) if kernel is None else kernel)

    def __getitem__(self, box: Box2I) -> ExposureF:
        part = ExposureF()
        part.box = Box(box.y.min, box.y.max + 1, box.x.min, box.x.max + 1)
        here = part.box.slices_within(self.box)
        part.image, part.variance, part.mask = self.image[here], self.variance[here], self.mask[here]
        return part

    def getMaskedImage(self) -> Any:
        planes = {name: Plane(getattr(self, name), self.box) for name in ("image", "variance", "mask")}
        return types.SimpleNamespace(**planes)

    def getBBox(self) -> Box2I:
        return box2i(self.box)

    def getPhotoCalib(self) -> PhotoCalib | None:
        return self.photo_calib

    def getPsf(self) -> Psf | None:
        return self.psf

    def getFilter(self) -> FilterLabel:
        return FilterLabel()

    def getWcs(self) -> SkyWcs:
        return SkyWcs()


class TractInfo:
    """`lsst.skymap.TractInfo` with one patch."""

    def __getitem__(self, number: int) -> Any:
        assert number == DATA_ID["patch"]
        return types.SimpleNamespace(
            getOuterBBox=lambda: box2i(BOX.grown_by(5)),
            getInnerBBox=lambda: box2i(BOX),
            getIndex=lambda: Point2D(x=4, y=6),
        )

    def getBBox(self) -> Box2I:
        return box2i(BOX.grown_by(50))


@pytest.fixture
def afw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of the packages that afw brings along."""
    geom = types.SimpleNamespace(Point2D=Point2D, Box2I=Box2I, IntervalI=Interval)
    monkeypatch.setitem(sys.modules, "lsst.geom", geom)
    monkeypatch.setitem(sys.modules, "lsst.pex.exceptions", types.SimpleNamespace(Exception=PexError))


@pytest.mark.usefixtures("afw")
def test_exposure_is_calibrated() -> None:
    exposure = ExposureF()
    stack = read_exposure_stack({3: exposure})
    valid = stack.valid[0]
    assert not valid[:, 15:].any()
    assert np.argwhere(~valid[:, :15]).tolist() == [[2, 3]]
    assert (stack.unit, stack.band, stack.box) == ("nJy", "r", BOX)
    np.testing.assert_array_equal(stack.image[0][valid], 10 * exposure.image[valid])
    np.testing.assert_array_equal(stack.variance[0][valid], 100 * exposure.variance[valid])
    assert stack.mask[0, 2, 3] == 1 << stack.mask_planes["COSMIC_RAY"]


@pytest.mark.usefixtures("afw")
def test_part_of_an_exposure_is_read() -> None:
    part = Box(105, 112, 210, 221)
    piece = read_exposure_stack({3: ExposureF()}, box=part)
    np.testing.assert_array_equal(piece.image, read_exposure_stack({3: ExposureF()}).cutout(part).image)


@pytest.mark.usefixtures("afw")
def test_kernel_that_is_not_square_is_padded() -> None:
    tall = gaussian_kernel(3.0, 11)[:, 2:-2]
    tall = tall / tall.sum()
    kernel = read_exposure_stack({3: ExposureF(tall)}).psf.kernels[0, 0, 0]
    assert kernel.shape == (11, 11)
    np.testing.assert_allclose(kernel[:, 2:-2], tall, rtol=1e-6)
    assert not kernel[:, :2].any()


@pytest.mark.usefixtures("afw")
def test_cells_that_the_psf_does_not_reach_take_their_neighbours() -> None:
    stack = read_exposure_stack({3: ExposureF()}, psf_cell_size=10)
    np.testing.assert_array_equal(stack.psf.at(105, 229)[0], gaussian_kernel(3.0, 11))


@pytest.mark.usefixtures("afw")
def test_psf_is_sampled_where_the_exposure_has_pixels() -> None:
    # The centre of the only cell is out of reach.
    stack = read_exposure_stack({3: ExposureF()}, psf_cell_size=30)
    np.testing.assert_array_equal(stack.psf.at(105, 201)[0], gaussian_kernel(3.0, 11))


@pytest.mark.usefixtures("afw")
def test_patch_comes_from_the_skymap() -> None:
    handle = InMemoryDatasetHandle(ExposureF(), **DATA_ID)
    stack = read_exposure_stack([handle], sky_map={7: TractInfo()}, psf_cell_size=10)
    geometry = stack.geometry
    assert stack.box == geometry.outer_box == BOX.grown_by(5)
    assert geometry.inner_box == BOX
    assert (geometry.skymap, geometry.tract, geometry.patch.id) == ("test", 7, 2)
    assert (geometry.patch.index.y, geometry.patch.index.x) == (6, 4)
    sky = geometry.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))
    assert read_exposure_stack([handle]).geometry.outer_box == BOX


@pytest.mark.usefixtures("afw")
@pytest.mark.parametrize(("part", "message"), [("photo_calib", "no PhotoCalib"), ("psf", "no PSF")])
def test_exposure_that_lacks_a_part_is_named(part: str, message: str) -> None:
    exposure = ExposureF()
    setattr(exposure, part, None)
    with pytest.raises(InvalidExposureError, match=f"Visit 3: .*{message}"):
        read_exposure_stack({3: exposure})


# The real thing.


def real_exposure() -> Any:
    """Return an exposure with all that a warp has."""
    afw_image = pytest.importorskip("lsst.afw.image")
    from lsst.afw.detection import KernelPsf
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
    exposure.setPsf(KernelPsf(FixedKernel(kernel)))
    return exposure


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


def test_real_exposure_knows_its_patch() -> None:
    handle = InMemoryDatasetHandle(real_exposure(), **DATA_ID)
    geometry = read_exposure_stack([handle]).geometry
    sky = geometry.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (geometry.tract, geometry.patch.id) == (7, 2)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))


def test_afw_and_ingest_give_the_same_arrays() -> None:
    afw_image = pytest.importorskip("lsst.afw.image")
    from lsst.acn.warp_files import read_warp_file

    root = Path(os.environ.get("ACN_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "afw"
    if not root.exists():
        pytest.skip("There are no warps of afw among the test data.")
    stack = read_exposure_stack({1: afw_image.ExposureF(str(root / "warp-1.fits.gz"))})
    warp = read_warp_file(root / "warp-1.fits.gz", psf_path=root / "psf-1.fits")
    valid = stack.valid[0]
    assert (stack.box, stack.unit) == (warp.box, warp.unit)
    np.testing.assert_allclose(stack.image[0][valid], warp.image[valid], rtol=1e-5)
    np.testing.assert_allclose(stack.psf.kernels[0, 0, 0], warp.psf, rtol=1e-4, atol=1e-8)
