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

"""Tests of the boxes around pixels that no exposure knows."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.methods.cross_exposure.family.hole_boxes import hole_boxes


def holes_at(*places: tuple[int, int]) -> np.ndarray:
    holes = np.zeros((200, 240), bool)
    for place in places:
        holes[place] = True
    return holes


def test_no_hole_has_no_box() -> None:
    assert hole_boxes(holes_at(), 10) == []


@pytest.mark.parametrize("place", [(100, 120), (0, 0), (199, 3), (50, 239)])
def test_a_box_holds_a_hole_with_room_for_a_kernel(place: tuple[int, int]) -> None:
    ((rows, columns),) = hole_boxes(holes_at(place), 10)
    for axis, where, length in zip((rows, columns), place, (200, 240), strict=True):
        assert 0 <= axis.start <= max(where - 15, 0)
        assert min(where + 15, length - 1) < axis.stop <= length
        assert 2 * 10 + 1 <= axis.stop - axis.start <= 40


def test_boxes_that_overlap_become_one() -> None:
    assert len(hole_boxes(holes_at((50, 50), (150, 200)), 10)) == 2
    ((rows, columns),) = hole_boxes(holes_at((50, 50), (60, 75)), 10)
    assert rows.start <= 35
    assert columns.stop >= 90
    # The second box touches both others only after these have grown.
    assert len(hole_boxes(holes_at((50, 50), (50, 100), (50, 76)), 10)) == 1


def test_holes_everywhere_take_the_whole_image() -> None:
    places = [(y, x) for y in range(20, 200, 40) for x in range(20, 240, 40)]
    assert hole_boxes(holes_at(*places), 10) == [(slice(0, 200), slice(0, 240))]
