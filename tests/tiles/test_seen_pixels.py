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


"""Which pixels exposures show."""

from __future__ import annotations

import numpy as np

from lsst.acn import Box, ExposureStack, gaussian_kernel
from lsst.acn.tiles.seen_pixels import SeenPixels


def test_pixels_of_any_exposure_are_seen_strip_by_strip_and_strips_are_handed_on():
    valid = np.zeros((2, 8, 6), bool)
    valid[0, :3], valid[1, 2:, :2] = True, True
    image = np.ones(valid.shape, np.float32)
    stack = ExposureStack.from_arrays(image, image, np.stack([gaussian_kernel(2.0, 5)] * 2), valid=valid)
    strips = []
    seen = SeenPixels(stack.box, lambda rows, exposures: strips.append(rows))
    for rows in (Box(0, 4, 0, 6), Box(4, 8, 0, 6)):
        seen(rows, stack)
    np.testing.assert_array_equal(seen.pixels, valid.any(axis=0))
    assert strips == [Box(0, 4, 0, 6), Box(4, 8, 0, 6)]
