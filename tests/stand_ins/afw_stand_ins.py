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

"""Stand-ins that have of ``lsst.afw`` what the package uses, and nothing more."""

from __future__ import annotations

import dataclasses
import sys
import types
from typing import Any

import numpy as np
import pytest

from lsst.acn import Box, PsfKernels, gaussian_kernel
from lsst.acn.image_io import (
    CoaddInput,
    make_cell_coadd,
    make_patch_geometry,
    make_provenance,
    make_warp,
    read_exposure_stack,
    tangent_plane_wcs,
)
from lsst.images.cells import CellCoadd

BOX = Box.from_shape((20, 30), (100, 200))
PLANES = {"BAD": 0, "SAT": 1, "CR": 3, "NO_DATA": 8}
DATA_ID = {"instrument": "TestCam", "visit": 3, "skymap": "test", "tract": 7, "patch": 2}


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

    def __getitem__(self, box: Box2I) -> Plane:
        part = Box(box.y.min, box.y.max + 1, box.x.min, box.x.max + 1)
        return type(self)(self.array[part.slices_within(self.box)], part)

    def getBBox(self) -> Box2I:
        return box2i(self.box)

    def getMaskPlaneDict(self) -> dict[str, int]:
        return PLANES


class Mask(Plane):
    """`lsst.afw.image.Mask`."""

    __module__ = "lsst.afw.image._mask"


class ExposureInfo:
    """`lsst.afw.image.ExposureInfo`."""

    coadd_inputs: Any = None
    ap_corr_map: Any = None

    def getCoaddInputs(self) -> Any:
        return self.coadd_inputs

    def setCoaddInputs(self, coadd_inputs: Any) -> None:
        self.coadd_inputs = coadd_inputs

    def getApCorrMap(self) -> Any:
        return self.ap_corr_map

    def setApCorrMap(self, ap_corr_map: Any) -> None:
        self.ap_corr_map = ap_corr_map


def coadd_inputs(*visits: int) -> Any:
    """Return the list of inputs of a warp: `lsst.afw.image.CoaddInputs`."""
    records = [types.SimpleNamespace(getId=lambda visit=visit: visit) for visit in visits]
    return types.SimpleNamespace(visits=records, ccds=[])


class Psf:
    """`lsst.afw.detection.Psf` that reaches as far as column 214, as the pixels do."""

    def __init__(self, kernel: np.ndarray) -> None:
        self.kernel = kernel

    def computeKernelImage(self, point: Point2D) -> Plane:
        if point.x > 214:
            raise PexError("no input images at that point")
        height, width = self.kernel.shape
        return Plane(self.kernel, Box.from_shape((height, width), (-(height // 2), -(width // 2))))


class SubPixelPsf(Psf):
    """`lsst.afw.detection.Psf` of a Moffat profile that is drawn wherever a star is, as PIFF and PSFEx do."""

    def __init__(self, profile: Any, side: int = 25) -> None:
        super().__init__(self._drawn(profile, side, 0.0, 0.0))
        self.profile = profile

    @staticmethod
    def _drawn(profile: Any, side: int, dy: float, dx: float) -> np.ndarray:
        image = profile.drawImage(nx=side, ny=side, scale=1.0, offset=(dx, dy), dtype=float).array
        return image / image.sum()

    def computeImage(self, point: Point2D) -> Plane:
        (y, dy), (x, dx) = _pixel(point.y), _pixel(point.x)
        side = len(self.kernel)
        box = Box.from_shape((side, side), (y - side // 2, x - side // 2))
        return Plane(self._drawn(self.profile, side, dy, dx), box)


class InterpolatedPsf(Psf):
    """`lsst.afw.detection.Psf` whose kernel is moved by Lanczos interpolation, as those of warps are."""

    def computeImage(self, point: Point2D) -> Plane:
        (y, dy), (x, dx) = _pixel(point.y), _pixel(point.x)
        kernel = self.computeKernelImage(point)
        moved = (
            _lanczos_weights(len(kernel.array), dy) @ kernel.array @ _lanczos_weights(len(kernel.array), dx).T
        )
        return Plane(
            moved / moved.sum(), Box.from_shape(moved.shape, (kernel.box.y_start + y, kernel.box.x_start + x))
        )


def _pixel(place: float) -> tuple[int, float]:
    """Return the pixel of a place, and how far it is off its middle."""
    pixel = int(np.floor(place + 0.5))
    return pixel, place - pixel


def _lanczos_weights(size: int, offset: float, order: int = 5) -> np.ndarray:
    distance = np.arange(size)[:, None] - np.arange(size) - offset
    return np.where(np.abs(distance) < order, np.sinc(distance) * np.sinc(distance / order), 0.0)


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

    def __init__(self, kernel: np.ndarray | None = None, psf: Psf | None = None) -> None:
        rng = np.random.default_rng(1)
        self.box = BOX
        self.image = rng.normal(size=BOX.shape).astype(np.float32)
        self.variance = rng.uniform(1, 2, BOX.shape).astype(np.float32)
        self.mask = np.zeros(BOX.shape, np.int32)
        self.mask[2, 3] = 1 << 3
        self.mask[:, 15:] = 1 << 8
        self.photo_calib: PhotoCalib | None = PhotoCalib()
        self.psf: Psf | None = psf or Psf(gaussian_kernel(3.0, 11) if kernel is None else kernel)
        self.info = ExposureInfo()

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

    def getInfo(self) -> ExposureInfo:
        return self.info

    def getPhotoCalib(self) -> PhotoCalib | None:
        return self.photo_calib

    def getPsf(self) -> Psf | None:
        return self.psf

    def getFilter(self) -> FilterLabel:
        return FilterLabel()

    def getWcs(self) -> SkyWcs:
        return SkyWcs()


@dataclasses.dataclass
class TractInfo:
    """`lsst.skymap.TractInfo` with one patch."""

    outer: Box = BOX.grown_by(5)
    cells: tuple[int, int] = (0, 0)
    """Rows and columns of cells of 10 pixels with a border of 5."""

    def __getitem__(self, number: int) -> Any:
        assert number == DATA_ID["patch"]
        return types.SimpleNamespace(
            getNumCells=lambda: Point2D(x=self.cells[1], y=self.cells[0]),
            getCellInnerDimensions=lambda: Point2D(x=10, y=10),
            getCellBorder=lambda: 5,
            getOuterBBox=lambda: box2i(self.outer),
            getInnerBBox=lambda: box2i(BOX),
            getIndex=lambda: Point2D(x=4, y=6),
        )

    def getBBox(self) -> Box2I:
        return box2i(BOX.grown_by(50))


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of the packages that afw brings along."""
    geom = types.SimpleNamespace(Point2D=Point2D, Box2I=Box2I, IntervalI=Interval)
    monkeypatch.setitem(sys.modules, "lsst.geom", geom)
    monkeypatch.setitem(sys.modules, "lsst.pex.exceptions", types.SimpleNamespace(Exception=PexError))


def restored_coadd() -> CellCoadd:
    """Return a coadd as a restoration leaves it."""
    geometry = make_patch_geometry(
        tangent_plane_wcs(30.0, -5.0, 0.2), skymap="test", tract=7, patch=2, outer_box=BOX, cell_size=10
    )
    ones = np.ones(BOX.shape)
    warp = make_warp(ones, ones, gaussian_kernel(3.0, 11), geometry=geometry, band="r")
    mask = np.zeros(BOX.shape, np.uint32)
    mask[2, 3], mask[4, 5] = 1, 2
    stack = read_exposure_stack({1: warp})
    return make_cell_coadd(
        image=3 * ones,
        variance=4 * ones,
        mask=mask,
        mask_planes={"NO_DATA": 0, "SAT": 1},
        psf=PsfKernels.constant(gaussian_kernel(2.5, 11)[None], BOX),
        exposures=stack,
        provenance=make_provenance(stack, [CoaddInput("TestCam", 1, "r_01", 20260131)]),
    )
