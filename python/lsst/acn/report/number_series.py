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
"""Numbers with several values, as small tables."""

from __future__ import annotations

__all__ = ("NumberSeries", "collect_series")

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

from .cells import brief
from .headings import heading_of
from .numbers import Number


@dataclasses.dataclass(frozen=True)
class NumberSeries:
    """Numbers that belong together, with a value in every row.

    Parameters
    ----------
    name : `str`
        What their names have in common.
    members : `tuple` [`str`]
        Names of the numbers.
    heads : `tuple` [`tuple` [`str`, `str`, `str`]]
        What each number is called, its unit and explanation.
    rows : `tuple` [`tuple` [`str`, ...]]
        Values as text, a value of each number in every row.
    """

    name: str
    members: tuple[str, ...]
    heads: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[str, ...], ...]


def collect_series(numbers: Mapping[str, Number]) -> tuple[NumberSeries, ...]:
    """Return the numbers that have several values.

    Parameters
    ----------
    numbers : `~collections.abc.Mapping` [`str`, `Number`]
        All numbers of a patch by name.

    Returns
    -------
    series : `tuple` [`NumberSeries`]
        One for all neighbours, at least two, whose names begin alike and that
        have equally many values.  Rows in which only the first number says
        anything, the middle of an empty bin, are left out.
    """
    several = [(name, each) for name, each in numbers.items() if isinstance(each.value, tuple)]
    groups = (dict(members) for _, members in itertools.groupby(several, key=_kind))
    return tuple(_series(members) for members in groups if len(members) > 1)


def _kind(item: tuple[str, Number]) -> tuple[str, int]:
    name, number = item
    return _stem(name), len(number.value) if isinstance(number.value, tuple) else 0


def _stem(name: str) -> str:
    return name.rpartition("_")[0]


def _series(numbers: Mapping[str, Number]) -> NumberSeries:
    stem = _stem(next(iter(numbers)))
    values = [number.value for number in numbers.values() if isinstance(number.value, tuple)]
    rows = [row for row in zip(*values, strict=True) if not all(map(_says_nothing, row[1:]))]
    return NumberSeries(
        name=heading_of(stem),
        members=tuple(numbers),
        heads=tuple(
            (number.column.heading, number.column.unit, number.column.explanation)
            for name, number in numbers.items()
        ),
        rows=tuple(_texts(row) for row in rows),
    )


def _says_nothing(value: object) -> bool:
    return value is None or value == 0 or (isinstance(value, float) and math.isnan(value))


def _texts(row: Sequence[object]) -> tuple[str, ...]:
    return tuple(brief(value) for value in row)
