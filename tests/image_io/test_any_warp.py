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

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from noise_warps import warp
from small_warps import BOX

from lsst.acn import Box, InvalidExposureError
from lsst.acn.image_io.any_warp import read_arrays, warp_box
from lsst.daf.butler import Butler
from lsst.pipe.base import InMemoryDatasetHandle

PART = Box(110, 125, 230, 260)


def test_warp_may_be_in_memory_or_behind_a_handle(make_repository: Callable[[dict[int, Any]], str]) -> None:
    image = warp(3)
    with Butler.from_config(make_repository({1: image}), collections="warps") as butler:
        (reference,) = butler.query_datasets("direct_warp")
        for form in (image, InMemoryDatasetHandle(image, visit=1), butler.getDeferred(reference)):
            assert warp_box(form) == BOX
            whole, part = read_arrays(form), read_arrays(form, PART)
            assert (whole.box, part.box, part.unit, part.band) == (BOX, PART, "nJy", "r")
            np.testing.assert_array_equal(whole.image, image.image.array)
            np.testing.assert_array_equal(part.variance, whole.variance[PART.slices_within(BOX)])


def test_something_else_is_not_a_warp() -> None:
    with pytest.raises(InvalidExposureError, match="must be a CellCoadd or an ExposureF; it is a list"):
        read_arrays([])
