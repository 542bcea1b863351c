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

"""Tests of the windows around pixels that no exposure knows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from lsst.acn.methods.cross_exposure.family.windows import SIDE, HoleWindow, hole_windows

SHAPE = (200, 240)


def holes_at(*places: tuple[int, int]) -> np.ndarray:
    holes = np.zeros(SHAPE, bool)
    for place in places:
        holes[place] = True
    return holes


def axes_of(window: HoleWindow) -> tuple[slice, slice]:
    (y, x), (height, width) = window.start, window.weight.shape
    return slice(y, y + height), slice(x, x + width)


def test_no_hole_has_no_window() -> None:
    assert hole_windows(holes_at(), 10) == []


@pytest.mark.parametrize("place", [(100, 120), (0, 0), (199, 3), (50, 239)])
def test_a_window_holds_a_hole_with_room_for_a_kernel(place: tuple[int, int]) -> None:
    (window,) = hole_windows(holes_at(place), 10)
    for axis, where, length in zip(axes_of(window), place, SHAPE, strict=True):
        assert 0 <= axis.start <= max(where - 15, 0)
        assert min(where + 15, length - 1) < axis.stop <= length
        assert 2 * 10 + 1 <= axis.stop - axis.start <= 40 + SIDE


def test_windows_have_few_sizes_that_transform_fast() -> None:
    for radius in range(5, 20):
        (window,) = hole_windows(holes_at((100, 120)), radius)
        assert all(side % SIDE == 0 for side in window.weight.shape)
        assert all(scipy.fft.next_fast_len(side, real=False) == side for side in window.weight.shape)


def test_windows_that_overlap_become_one() -> None:
    assert len(hole_windows(holes_at((50, 50), (150, 200)), 10)) == 2
    (window,) = hole_windows(holes_at((50, 50), (60, 75)), 10)
    rows, columns = axes_of(window)
    assert rows.start <= 35
    assert columns.stop >= 90
    # The second window touches both others only after these have grown.
    assert len(hole_windows(holes_at((50, 50), (50, 100), (50, 76)), 10)) == 1


def test_holes_everywhere_take_the_whole_image() -> None:
    places = [(y, x) for y in range(20, 200, 40) for x in range(20, 240, 40)]
    (window,) = hole_windows(holes_at(*places), 10)
    assert axes_of(window) == (slice(0, 200), slice(0, 240))


def test_what_is_changed_fades_out_before_the_edges() -> None:
    (window,) = hole_windows(holes_at((100, 120)), 12)
    y, x = 100 - window.start[0], 120 - window.start[1]
    assert window.weight[y - 12 : y + 13, x - 12 : x + 13].min() == 1.0
    assert window.weight[y - 18, x] > 0
    assert window.weight[y - 19 : y - 18].max(initial=0.0) == 0.0
    steps = np.abs(np.diff(window.weight[y]))
    assert steps.max() < 0.3


def test_windows_of_mirrored_holes_are_mirrored() -> None:
    height, width = SHAPE
    for place in ((100, 120), (83, 141), (40, 30)):
        (window,) = hole_windows(holes_at(place), 13)
        mirrored = hole_windows(holes_at(place)[::-1, ::-1], 13)
        (expected,) = hole_windows(holes_at((height - 1 - place[0], width - 1 - place[1])), 13)
        assert mirrored[0].start == expected.start
        (y, x), (rows, columns) = window.start, window.weight.shape
        # An odd number of pixels more than wanted leaves one that is on one side.
        assert abs(mirrored[0].start[0] - (height - y - rows)) <= 1
        assert abs(mirrored[0].start[1] - (width - x - columns)) <= 1


def test_a_window_holds_its_pixels() -> None:
    window = HoleWindow((10, 20), np.ones((5, 6), np.float32))
    assert (window.box.y_start, window.box.y_stop, window.box.x_start, window.box.x_stop) == (10, 15, 20, 26)
    assert window.holds(9.6, 20.2)
    assert window.holds(14.4, 25.4)
    assert not window.holds(14.6, 25.0)
    assert not window.holds(12.0, 19.4)
