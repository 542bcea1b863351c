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

import pytest

from lsst.acn import Box


def test_shape_center_and_slices():
    box = Box(10, 14, -3, 4)
    assert box.shape == (4, 7)
    assert box.center == (11.5, 0.0)
    assert Box(11, 13, 0, 2).slices_within(box) == (slice(1, 3), slice(3, 5))


def test_growing_and_shrinking_come_back():
    box = Box.from_shape((4, 7), (10, -3))
    assert box.grown_by(2).shape == (8, 11)
    assert box.grown_by(2).grown_by(-2) == box


def test_empty_boxes_are_refused():
    with pytest.raises(ValueError, match="no pixels"):
        Box(3, 3, 0, 5)


def test_relations():
    box = Box(0, 10, 0, 10)
    inside, astride, outside = Box(2, 4, 2, 4), Box(8, 12, 8, 12), Box(10, 12, 0, 5)
    assert box.contains(inside)
    assert not box.contains(astride)
    assert box.overlaps(astride)
    assert not box.overlaps(outside)
    assert box.intersection(astride) == Box(8, 10, 8, 10)
    with pytest.raises(ValueError, match="no pixels"):
        box.intersection(outside)
