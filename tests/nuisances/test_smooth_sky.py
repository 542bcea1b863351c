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


"""A sky on a coarse grid."""

from __future__ import annotations

import numpy as np

from lsst.acn import Box
from lsst.acn.nuisances.smooth_sky import SmoothSky


def test_a_single_level_is_the_same_everywhere():
    sky = SmoothSky(Box.from_shape((40, 60)), np.array([[2.5]]))
    np.testing.assert_array_equal(sky.on(Box(-5, 50, 3, 70)), np.full((55, 67), 2.5, np.float32))


def test_a_plane_on_the_grid_is_that_plane_between_the_middles_of_cells():
    box = Box.from_shape((80, 80), (100, 200))
    middles = (np.arange(8) + 0.5) * 10 - 0.5
    sky = SmoothSky(box, 3.0 + np.add.outer(0.2 * middles, -0.1 * middles))
    inside = Box(110, 170, 210, 270)
    y, x = np.mgrid[10:70, 10:70]
    np.testing.assert_allclose(sky.on(inside), 3.0 + 0.2 * y - 0.1 * x, atol=1e-5)


def test_beyond_the_patch_the_nearest_level_holds():
    sky = SmoothSky(Box.from_shape((10, 10)), np.array([[1.0, 2.0]]))
    assert sky.on(Box(0, 1, -50, -49))[0, 0] == 1.0
    assert sky.on(Box(0, 1, 50, 51))[0, 0] == 2.0


def test_nothing_is_false_and_adds_nothing():
    box = Box.from_shape((10, 10))
    sky = SmoothSky(box, np.array([[-1.0, 1.0]]))
    assert not SmoothSky.nothing(box)
    assert sky
    np.testing.assert_array_equal(SmoothSky.nothing(box).plus(sky).levels, sky.levels)
