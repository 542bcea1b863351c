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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from noise_warps import geometry, warp, with_cell_kernels
from small_warps import BOX

from lsst.acn import Box, InvalidExposureError, gaussian_kernel
from lsst.acn.image_io import (
    read_exposure_stack,
)
from lsst.daf.butler import Butler
from lsst.pipe.base import InMemoryDatasetHandle, NoWorkFound

type MakeRepository = Callable[[dict[int, Any]], str]


def test_arrays_arrive_as_they_are() -> None:
    warps = {7: warp(1), 3: warp(2)}
    stack = read_exposure_stack(warps)
    assert stack.visits == (3, 7)
    assert (stack.box, stack.unit, stack.band) == (BOX, "nJy", "r")
    for index, visit in enumerate(stack.visits):
        np.testing.assert_array_equal(stack.image[index], warps[visit].image.array)
        np.testing.assert_array_equal(stack.variance[index], warps[visit].variance.array)
    assert stack.valid.all()
    np.testing.assert_array_equal(stack.psf.kernels[1, 0, 0], gaussian_kernel(3.0, 11))


def test_butler_hands_out_what_was_put_in(make_repository: MakeRepository) -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[3, 5] = 1 << 9
    warps = {n: warp(n, mask=mask, mask_planes={"SAT": 9}) for n in range(2)}
    root = make_repository(warps)
    inner = Box(111, 131, 215, 222)
    with Butler.from_config(root, collections="warps") as butler:
        handles = [
            butler.getDeferred("direct_warp", instrument="TestCam", visit=n, skymap="test", tract=0, patch=0)
            for n in warps
        ]
        stack, piece = read_exposure_stack(handles), read_exposure_stack(handles, box=inner)
    same = read_exposure_stack(warps)
    cutout = stack.cutout(inner)
    for name in ("image", "variance", "valid", "mask"):
        np.testing.assert_array_equal(getattr(stack, name), getattr(same, name))
        np.testing.assert_array_equal(getattr(piece, name), getattr(cutout, name))
    assert (piece.box, piece.geometry.outer_box) == (inner, BOX)
    assert stack.geometry.distance(same.box, same.geometry.corners()) < 1e-6
    assert not stack.valid[0, 3, 5]


def test_warps_of_parts_of_a_patch_keep_their_place() -> None:
    part = Box(110, 125, 230, 260)
    small = warp(5, box=part)
    stack = read_exposure_stack({1: warp(), 2: small})
    rows, columns = part.slices_within(BOX)
    np.testing.assert_array_equal(stack.image[1, rows, columns], small.image.array)
    inside = np.zeros(BOX.shape, bool)
    inside[rows, columns] = True
    np.testing.assert_array_equal(stack.valid[1], inside)
    no_data = stack.mask[1] >> np.uint32(stack.mask_planes["NO_DATA"]) & np.uint32(1)
    np.testing.assert_array_equal(no_data == 1, ~inside)


def test_warps_that_do_not_reach_a_box_are_left_out() -> None:
    warps = {1: warp(box=Box(100, 110, 200, 260)), 2: warp(box=Box(120, 140, 200, 260))}
    assert read_exposure_stack(warps, box=Box(125, 130, 200, 210)).visits == (2,)
    with pytest.raises(NoWorkFound, match="112"):
        read_exposure_stack(warps, box=Box(112, 115, 200, 210))


def test_exposures_with_no_valid_pixel_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    masked = np.full(BOX.shape, 1, np.uint32)
    warps = {1: warp(1), 2: warp(mask=masked, mask_planes={"NO_DATA": 0}), 3: warp(3)}
    with caplog.at_level(logging.WARNING):
        stack = read_exposure_stack(warps)
    assert stack.visits == (1, 3)
    assert "Visit 2 has no valid pixel" in caplog.text
    np.testing.assert_array_equal(stack.image[1], warps[3].image.array)
    with pytest.raises(NoWorkFound):
        read_exposure_stack({2: warps[2]})
    with pytest.raises(NoWorkFound):
        read_exposure_stack({})


def test_handles_in_memory_are_read_too() -> None:
    handles = [InMemoryDatasetHandle(warp(n), visit=n) for n in (4, 2)]
    assert read_exposure_stack(handles, box=Box(100, 110, 200, 210)).visits == (2, 4)
    with pytest.raises(InvalidExposureError, match="Visit 4 occurs more than once"):
        read_exposure_stack([handles[0], handles[0]])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: warp(unit="adu"), "'adu' cannot be converted to 'nJy'.*visits \\[1\\]"),
        (lambda: warp(band="i"), "band i"),
        (lambda: warp(geometry=geometry(patch=1)), "another patch"),
        (lambda: warp(geometry=geometry(ra=30.0001)), "pixels away"),
        (lambda: with_cell_kernels(np.ones((10, 10)) / 100), "even side"),
        (lambda: with_cell_kernels(np.ones((9, 11)) / 99), "square"),
        (lambda: with_cell_kernels(np.ones((9, 9)) / 50), "unit sum"),
        (lambda: with_cell_kernels(np.where(np.eye(9), np.nan, 0.1)), "not finite"),
        (lambda: with_cell_kernels(np.full((9, 9), np.nan)), "no PSF in any cell"),
        (lambda: "a string", "is a str"),
    ],
)
def test_warp_that_does_not_fit_is_named(bad: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidExposureError, match=f"^Visit 8: .*{message}") as caught:
        read_exposure_stack({1: warp(), 8: bad()})
    assert caught.value.metadata == {"visit": 8}


def test_missing_dataset_is_named(make_repository: MakeRepository) -> None:
    root = make_repository({1: warp()})
    for path in Path(root).rglob("*.fits"):
        path.unlink()
    with Butler.from_config(root, collections="warps") as butler:
        identity = {"instrument": "TestCam", "visit": 1, "skymap": "test", "tract": 0, "patch": 0}
        handle = butler.getDeferred("direct_warp", identity)
        with pytest.raises(FileNotFoundError, match="direct_warp_TestCam_0_0_r_r_01_1"):
            read_exposure_stack([handle])
