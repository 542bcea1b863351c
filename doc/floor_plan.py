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

"""Where boxes stand on their floors, and where arrows pass between them."""

from __future__ import annotations

__all__ = ("Box", "place", "routes", "shortest_arrows")

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise

GAP, SPACE = 46, 46
"""Least between two boxes of a floor, and between two floors, in pixels."""

BOX_HEIGHT, PADDING = 46, 14
"""Of a box that has only text, and within a box, in pixels."""

LETTER, SMALL = 8.6, 6.1
"""Widths of a letter of a name, and of what is said of it, in pixels."""

LANE = 10
"""Between two arrows that pass a floor side by side, in pixels."""

type Arrow = tuple[str, str]
type Point = tuple[float, float]


@dataclasses.dataclass
class Box:
    """A room, with the rooms inside it.

    Parameters
    ----------
    name, text : `str`
        What is written in it.
    kind : `str`
        What it is painted as.
    rows : `list` [`list` [`Box`]], optional
        The rooms inside, the highest floor first.
    arrows : `list` [`tuple` [`str`, `str`]], optional
        From and to rooms inside.
    x, y : `float`, optional
        The upper left corner, in pixels.
    """

    name: str
    text: str
    kind: str
    rows: list[list[Box]] = dataclasses.field(default_factory=list)
    arrows: list[Arrow] = dataclasses.field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        """Width in pixels (`float`)."""
        text = max(LETTER * len(self.name), SMALL * len(self.text)) + 2 * PADDING
        return max([text, *(_row_width(row) + 2 * PADDING for row in self.rows)])

    @property
    def height(self) -> float:
        """Height in pixels (`float`)."""
        inside = sum(map(row_height, self.rows)) + SPACE * (len(self.rows) - 1)
        return BOX_HEIGHT + (inside + PADDING if self.rows else 0)

    @property
    def middle(self) -> float:
        """Half way between the left and the right side, in pixels (`float`)."""
        return self.x + self.width / 2


def _row_width(row: Sequence[Box]) -> float:
    return sum(box.width for box in row) + GAP * (len(row) - 1)


def row_height(row: Sequence[Box]) -> float:
    """Return the height of the highest box of a floor, in pixels."""
    return max(box.height for box in row)


def shortest_arrows(imported: Mapping[str, set[str]]) -> list[Arrow]:
    """Return the arrows that are left if those that others imply are left out.

    Parameters
    ----------
    imported : `~collections.abc.Mapping` [`str`, `set` [`str`]]
        What each room imports, without circles.

    Returns
    -------
    arrows : `list` [`tuple` [`str`, `str`]]
        Who imports, and whom.
    """

    def reached(room: str) -> set[str]:
        return set().union(*({name} | reached(name) for name in imported.get(room, ())))

    return [
        (room, name)
        for room in sorted(imported)
        for name in sorted(imported[room])
        if not any(name in reached(other) for other in imported[room] - {name})
    ]


def place(rows: Sequence[Sequence[Box]], left: float, width: float, top: float) -> None:
    """Put boxes in rows, each row in the middle, and those inside them likewise.

    Parameters
    ----------
    rows : `~collections.abc.Sequence`
        Boxes of each floor, the highest first; their ``x`` and ``y`` are set.
    left, width, top : `float`
        Where there is room for them, in pixels.
    """
    for row in rows:
        gap = min((width - sum(box.width for box in row)) / (len(row) + 1), 3 * GAP)
        x = left + (width - sum(box.width for box in row) - gap * (len(row) - 1)) / 2
        for box in row:
            box.x, box.y = x, top + (row_height(row) - box.height) / 2
            place(box.rows, box.x, box.width, box.y + BOX_HEIGHT)
            x += box.width + gap
        top += row_height(row) + SPACE


def routes(rows: Sequence[Sequence[Box]], arrows: Sequence[Arrow]) -> list[list[Point]]:
    """Return the points that each arrow passes: it goes between boxes, never through one.

    Parameters
    ----------
    rows : `~collections.abc.Sequence`
        Boxes of each floor, the highest first, in their places.
    arrows : `~collections.abc.Sequence` [`tuple` [`str`, `str`]]
        Names of a box, and of one on a lower floor.

    Returns
    -------
    points : `list` [`list` [`tuple` [`float`, `float`]]]
        For each arrow, from its box down to the other one.
    """
    floors = {box.name: number for number, row in enumerate(rows) for box in row}
    boxes = {box.name: box for row in rows for box in row}
    tops = [min(box.y for box in row) for row in rows]
    bottoms = [top + row_height(row) for top, row in zip(tops, rows, strict=True)]
    passed = [range(floors[start] + 1, floors[stop]) for start, stop in arrows]
    lanes = [
        _gaps(boxes[start], boxes[stop], [rows[number] for number in between])
        for (start, stop), between in zip(arrows, passed, strict=True)
    ]
    _spread(lanes, passed)
    starts = [
        (start, [*lane, boxes[stop].middle][0]) for (start, stop), lane in zip(arrows, lanes, strict=True)
    ]
    stops = [
        (stop, [boxes[start].middle, *lane][-1]) for (start, stop), lane in zip(arrows, lanes, strict=True)
    ]
    result = []
    for (start, stop), lane, between, out, into in zip(
        arrows, lanes, passed, _ports(boxes, starts), _ports(boxes, stops), strict=True
    ):
        first, last = boxes[start], boxes[stop]
        points = [(out, first.y + first.height), (out, bottoms[floors[start]])]
        for x, number in zip(lane, between, strict=True):
            points += [(x, tops[number]), (x, bottoms[number])]
        result.append([*points, (into, tops[floors[stop]]), (into, last.y)])
    return result


def _gaps(start: Box, stop: Box, passed: Sequence[Sequence[Box]]) -> list[float]:
    """Return where an arrow passes each floor: in the gap that is least out of its way."""
    x, result = start.middle, []
    for number, row in enumerate(passed):
        aim = x + (stop.middle - x) / (len(passed) - number + 1)
        edges = [
            (row[0].x - 3 * GAP, row[0].x),
            *((one.x + one.width, other.x) for one, other in pairwise(row)),
            (row[-1].x + row[-1].width, row[-1].x + row[-1].width + 3 * GAP),
        ]
        spots = [min(max(aim, low + GAP / 2), high - GAP / 2) for low, high in edges]
        x = min(spots, key=lambda spot: abs(spot - aim))
        result.append(x)
    return result


def _spread(lanes: Sequence[list[float]], passed: Sequence[range]) -> None:
    """Move apart the arrows that would pass a floor at the same place."""
    for number in sorted({each for between in passed for each in between}):
        here = [
            (lane[between.index(number)], index)
            for index, (lane, between) in enumerate(zip(lanes, passed, strict=True))
            if number in between
        ]
        groups: list[list[tuple[float, int]]] = []
        for each in sorted(here):
            if groups and each[0] - groups[-1][-1][0] < LANE:
                groups[-1].append(each)
            else:
                groups.append([each])
        for group in groups:
            for order, (x, index) in enumerate(group):
                offset = LANE * (order - (len(group) - 1) / 2)
                lanes[index][passed[index].index(number)] = x + offset


def _ports(boxes: Mapping[str, Box], ends: Sequence[tuple[str, float]]) -> list[float]:
    """Return where each arrow meets its box: side by side, in the order of where they lead."""
    result = [0.0] * len(ends)
    for name, box in boxes.items():
        mine = sorted((aim, index) for index, (end, aim) in enumerate(ends) if end == name)
        for number, (_, index) in enumerate(mine, start=1):
            result[index] = box.x + box.width * number / (len(mine) + 1)
    return result
