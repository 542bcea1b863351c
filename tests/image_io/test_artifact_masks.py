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

from typing import Any

import numpy as np
import pytest
from small_warps import make_mask

from lsst.acn import Box, InvalidExposureError
from lsst.acn.image_io import read_exposure_stack
from lsst.pipe.base import InMemoryDatasetHandle


def test_mask_is_cut_with_the_warp_and_planes_keep_their_meaning(warps: dict[int, Any]) -> None:
    # DETECTED has bit 3 in the warps and bit 1 here; STREAK is new.
    mask = make_mask({"STREAK": (12, 13), "DETECTED": (14, 15)})
    part = Box(110, 120, 210, 230)
    stack = read_exposure_stack(warps, box=part, artifact_masks={12: mask}, bad_mask_planes=["STREAK"])
    streak, detected = (
        np.argwhere(stack.mask >> stack.mask_planes[name] & 1).tolist() for name in ("STREAK", "DETECTED")
    )
    assert (streak, detected) == ([[2, 2, 3]], [[2, 4, 5]])
    assert np.argwhere(~stack.valid).tolist() == streak
    assert not warps[12].mask.get("DETECTED")[14, 15]


def test_something_else_is_not_a_mask(warps: dict[int, Any]) -> None:
    with pytest.raises(InvalidExposureError, match="Visit 12: A mask of artifacts must not be a list"):
        read_exposure_stack(warps, artifact_masks={12: []})


def test_handles_in_memory_can_be_masks(warps: dict[int, Any]) -> None:
    handle = InMemoryDatasetHandle(make_mask({"CLIPPED": (30, 30)}))
    stack = read_exposure_stack(warps, artifact_masks={10: handle})
    assert not stack.valid[0, 30, 30]
    assert stack.valid[1:, 30, 30].all()
