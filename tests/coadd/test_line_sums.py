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

"""Sums along straight lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lsst.acn.coadd.line_sums import Line, brightest_lines

SHAPE = (100, 90)


def with_line(start: tuple[int, int], stop: tuple[int, int], height: float = 1.0) -> np.ndarray:
    image = np.zeros(SHAPE, np.float32)
    number = max(abs(stop[0] - start[0]), abs(stop[1] - start[1])) + 1
    rows, columns = (np.rint(np.linspace(a, b, number)).astype(int) for a, b in zip(start, stop, strict=True))
    image[rows, columns] = height
    return image


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        ((32, 20), (63, 20)),
        ((32, 20), (63, 35)),
        ((32, 20), (63, 51)),
        ((32, 70), (63, 50)),
        ((40, 10), (52, 80)),
        ((80, 10), (30, 80)),
    ],
)
def test_a_line_is_found_where_it_is(start: tuple[int, int], stop: tuple[int, int]) -> None:
    (line,) = brightest_lines(with_line(start, stop)[None])
    length = max(abs(stop[0] - start[0]), abs(stop[1] - start[1])) + 1
    # A sum of `length` pixels of 1, or half of them where the pieces do not fit.
    assert 0.5 * length / 1.5**0.5 < line.significance * length**0.5 <= length / 1.5**0.5 + 1e-3
    direction = np.subtract(stop, start) / np.hypot(*np.subtract(stop, start))
    for row, column in (line.start, line.stop):
        across = (row - start[0]) * direction[1] - (column - start[1]) * direction[0]
        assert abs(across) < 3.0


def test_each_image_has_its_own() -> None:
    first, second = brightest_lines(
        np.stack([with_line((10, 20), (73, 20)), with_line((50, 5), (50, 68), 2.0)])
    )
    assert first.start[1] == first.stop[1] == 20
    assert second.start[0] == second.stop[0] == 50
    assert second.significance == pytest.approx(2.0 * first.significance, rel=0.3)


def test_a_gradient_is_no_line() -> None:
    rows, columns = np.mgrid[:64, :64].astype(np.float32)
    inside = np.zeros(SHAPE, np.float32)
    inside[18:82, 13:77] = 0.02 * rows + 0.01 * columns - 0.9
    (line,) = brightest_lines(inside[None])
    assert line.significance < 4.0


def test_noise_has_lines_of_few_standard_deviations() -> None:
    rng = np.random.default_rng(3)
    lines = brightest_lines(rng.normal(size=(20, *SHAPE)).astype(np.float32))
    assert all(3.0 < line.significance < 6.5 for line in lines)


@pytest.mark.parametrize(
    "turn", [np.fliplr, np.flipud, np.rot90, np.transpose, lambda image: np.rot90(image, 2)]
)
def test_a_turned_image_has_the_same_lines(turn: Callable[[np.ndarray], np.ndarray]) -> None:
    image = np.random.default_rng(8).normal(size=(45, 58)).astype(np.float32)
    (line,), (turned,) = brightest_lines(image[None]), brightest_lines(turn(image)[None])
    assert turned.significance == line.significance
    places = turn(np.arange(image.size).reshape(image.shape))

    def ends(line: Line, places: np.ndarray) -> set[int]:
        inside = (np.clip(end, 0, np.array(places.shape) - 1).astype(int) for end in (line.start, line.stop))
        return {int(places[tuple(end)]) for end in inside}

    assert ends(turned, places) == ends(line, np.arange(image.size).reshape(image.shape))
