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

"""Warps of noise, wherever these are."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import afw_stand_ins
import numpy as np
import pytest
from afw_butler import handle_of
from small_warps import BOX, make_noise_warp, put_noise_warps

from lsst.acn import Box, InvalidExposureError
from lsst.acn.image_io import NoiseWarps, default_noise_storage_class
from lsst.daf.butler import Butler
from lsst.pipe.base import InMemoryDatasetHandle

PART = Box(105, 125, 210, 250)


def test_noise_is_in_units_of_its_own_variance(
    warps: dict[int, Any], make_repository: Callable[[dict[int, Any]], str]
) -> None:
    image = make_noise_warp(warps[10], 4.0)
    expected = image.image.array / 4.0
    expected[0, 0] = np.nan
    root = make_repository(warps)
    put_noise_warps(root, {10: image})
    with Butler.from_config(root, collections="warps") as butler:
        (reference,) = butler.query_datasets("direct_warp_noise0")
        for form in (image, InMemoryDatasetHandle(image, visit=10), butler.getDeferred(reference)):
            noise = NoiseWarps({10: form})
            whole = noise.standard_noise(10, BOX)
            np.testing.assert_allclose(whole, expected, rtol=1e-6)
            np.testing.assert_array_equal(noise.standard_noise(10, PART), whole[PART.slices_within(BOX)])
            assert noise.standard_noise(11, BOX) is None


def test_what_a_warp_does_not_reach_is_not_known(warps: dict[int, Any]) -> None:
    noise = NoiseWarps({10: make_noise_warp(warps[10], 1.0)})
    around = noise.standard_noise(10, BOX.grown_by(3))
    inner = around[3:-3, 3:-3]
    assert np.isnan(around).sum() == around.size - inner.size + 1
    assert np.isnan(noise.standard_noise(10, Box(0, 5, 0, 5))).all()


def test_warps_of_noise_may_be_of_afw(monkeypatch: pytest.MonkeyPatch) -> None:
    afw_stand_ins.install(monkeypatch)
    exposure = afw_stand_ins.ExposureF()

    class MaskedImageF(types.SimpleNamespace):
        """`lsst.afw.image.MaskedImageF`."""

        __module__ = "lsst.afw.image._maskedImage"

        def __getitem__(self, box: Any) -> Any:
            return MaskedImageF(**{name: plane[box] for name, plane in vars(self).items()})

    masked = MaskedImageF(**vars(exposure.getMaskedImage()))
    handle, butler = handle_of(masked, "MaskedImageF")
    box = Box(105, 110, 205, 220)
    expected = (exposure.image / np.sqrt(exposure.variance))[5:10, 5:20]
    expected[:, 10:] = np.nan
    for form in (masked, handle):
        np.testing.assert_allclose(NoiseWarps({3: form}).standard_noise(3, box), expected, rtol=1e-6)
    assert butler.gets == [(None, True)]


def test_something_else_is_no_warp_of_noise() -> None:
    with pytest.raises(InvalidExposureError, match="noise of visit 3: It is a list"):
        NoiseWarps({3: []}).standard_noise(3, BOX)


def test_storage_class_is_that_of_the_environment() -> None:
    assert default_noise_storage_class() in ("MaskedImageF", "MaskedImageV2")
