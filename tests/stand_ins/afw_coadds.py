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

"""Stand-ins for coadds of ``lsst.afw`` and for what a deblender reads beside them."""

from __future__ import annotations

import copy
import dataclasses
import sys
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from afw_stand_ins import PhotoCalib, Plane, box2i

from lsst.acn import Box

NANOJANSKY_PER_COUNT = 10.0


class CoaddCalib(PhotoCalib):
    """`lsst.afw.image.PhotoCalib` of a coadd."""

    def getCalibrationMean(self) -> float:
        return NANOJANSKY_PER_COUNT


class Coadd:
    """`lsst.afw.image.ExposureF` as detection leaves it."""

    def __init__(self, box: Box) -> None:
        rng = np.random.default_rng(5)
        self.box = box
        self.image = Plane(rng.normal(size=box.shape).astype(np.float32), box)
        self.variance = Plane(np.ones(box.shape, np.float32), box)
        self.mask = Plane(np.arange(np.prod(box.shape), dtype=np.int32).reshape(box.shape), box)
        self.photo_calib: PhotoCalib | None = CoaddCalib()
        self.psf: Any = "that of the coadd"

    def clone(self) -> Coadd:
        return copy.deepcopy(self)

    def getBBox(self) -> Any:
        return box2i(self.box)

    def getPhotoCalib(self) -> PhotoCalib | None:
        return self.photo_calib

    def getPsf(self) -> Any:
        return self.psf

    def setPsf(self, psf: Any) -> None:
        self.psf = psf


@dataclasses.dataclass
class Background:
    """`lsst.afw.math.BackgroundList`."""

    level: np.ndarray
    box: Box

    def getImage(self) -> Plane:
        return Plane(self.level, self.box)


@dataclasses.dataclass
class KernelPsf:
    """`lsst.meas.algorithms.KernelPsf` of a fixed kernel."""

    kernel: np.ndarray


def footprints_to_numpy(boxes: Iterable[Box], shape: tuple[int, int], xy0: tuple[int, int]) -> np.ndarray:
    """Draw footprints that are boxes: `lsst.afw.detection.footprintsToNumpy`."""
    box = Box.from_shape(shape, xy0[::-1])
    drawn = np.zeros(shape, bool)
    for each in boxes:
        drawn[each.slices_within(box)] = True
    return drawn


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of what is imported of afw."""
    for name, values in {
        "lsst.afw": {},
        "lsst.afw.image": {"ImageD": np.array},
        "lsst.afw.math": {"FixedKernel": np.array},
        "lsst.afw.detection": {"footprintsToNumpy": footprints_to_numpy},
        "lsst.meas": {},
        "lsst.meas.algorithms": {"KernelPsf": KernelPsf},
    }.items():
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**values))
