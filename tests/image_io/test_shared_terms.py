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

import numpy as np
import pytest
from noise_warps import warp
from small_warps import BOX

from lsst.acn import InvalidExposureError
from lsst.acn.image_io import (
    read_exposure_stack,
)


@pytest.mark.parametrize("bad", ["CR", "COSMIC_RAY"])
@pytest.mark.parametrize("name", ["CR", "COSMIC_RAY"])
def test_plane_means_the_same_by_either_name(bad: str, name: str) -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[4, 4] = 1 << 6
    stack = read_exposure_stack({1: warp(mask=mask, mask_planes={"BAD": 2, name: 6})}, bad_mask_planes=[bad])
    assert np.argwhere(~stack.valid[0]).tolist() == [[4, 4]]
    assert stack.mask[0, 4, 4] == 1 << stack.mask_planes["COSMIC_RAY"]


def test_planes_of_different_warps_are_united_by_name() -> None:
    first, second = np.zeros((2, *BOX.shape), np.uint32)
    first[1, 1], second[2, 2] = 0b01, 0b01
    warps = {
        1: warp(mask=first, mask_planes={"SAT": 0, "CR": 1}),
        2: warp(mask=second, mask_planes={"CR": 0, "STREAK": 1}),
    }
    stack = read_exposure_stack(warps, bad_mask_planes=[])
    assert set(stack.mask_planes) == {"NO_DATA", "SATURATED", "COSMIC_RAY", "STREAK"}
    assert stack.mask[0, 1, 1] == 1 << stack.mask_planes["SATURATED"]
    assert stack.mask[1, 2, 2] == 1 << stack.mask_planes["COSMIC_RAY"]
    assert np.count_nonzero(stack.mask) == 2
    assert stack.valid.all()


def test_many_planes_of_which_few_are_set_fit() -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[0, 0] = 1 << 29
    warps = {n: warp(mask=mask, mask_planes={f"P{n}_{bit}": bit for bit in range(30)}) for n in range(3)}
    with pytest.raises(InvalidExposureError, match="Visit 1.*no bit left.*P1_29"):
        read_exposure_stack(warps)
    stack = read_exposure_stack(
        {
            n: warp(mask=mask, mask_planes={"SAT" if b == 29 else f"P{n}_{b}": b for b in range(30)})
            for n in range(3)
        }
    )
    assert not stack.valid[:, 0, 0].any()


def test_flux_units_are_converted() -> None:
    stack = read_exposure_stack({1: warp(1, unit="uJy"), 2: warp(1, unit="nJy")})
    assert stack.unit == "nJy"
    np.testing.assert_allclose(stack.image[0], 1e3 * stack.image[1], rtol=1e-6)
    np.testing.assert_allclose(stack.variance[0], 1e6 * stack.variance[1], rtol=1e-6)


def test_unit_that_is_no_flux_stays() -> None:
    assert read_exposure_stack({1: warp(unit="adu")}).unit == "adu"
