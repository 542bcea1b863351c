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

"""What a table of metrics says of one patch, whatever its columns are."""

from __future__ import annotations

__all__ = ("Number", "NumberColumn", "read_numbers", "scalar_columns")

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .headings import heading_of

if TYPE_CHECKING:
    from astropy.table import Table

type Scalar = float | int | bool | str


@dataclasses.dataclass(frozen=True)
class NumberColumn:
    """What one column of a table of metrics means.

    Parameters
    ----------
    name : `str`
        Name of the column.
    unit : `str`
        Unit of its values, empty if they have none.
    description : `str`
        What it is, in words; empty if the table does not say.
    is_numeric : `bool`
        Whether its values can be compared as numbers.
    """

    name: str
    unit: str
    description: str
    is_numeric: bool

    @property
    def heading(self) -> str:
        """What it is called where people read it (`str`)."""
        return heading_of(self.name)

    @property
    def explanation(self) -> str:
        """Its name, by which programs know it, and its description (`str`)."""
        return f"{self.name}: {self.description}" if self.description else self.name


@dataclasses.dataclass(frozen=True)
class Number:
    """One number of one patch, or several, or a text in place of one.

    Parameters
    ----------
    column : `NumberColumn`
        What it means.
    value : `float`, `int`, `bool`, `str`, `tuple` or `None`
        Its value; a `tuple` if there are several, as for each exposure, and
        `None` if it is missing.
    """

    column: NumberColumn
    value: Scalar | tuple[Scalar | None, ...] | None

    @property
    def as_float(self) -> float:
        """The value as a `float`, NaN if it is none (`float`)."""
        if self.column.is_numeric and isinstance(self.value, bool | int | float):
            return float(self.value)
        return math.nan


def read_numbers(table: Table, leave_out: Collection[str] = ()) -> dict[str, Number]:
    """Return the numbers in the first row of a table.

    Parameters
    ----------
    table : `astropy.table.Table`
        Table with at least one row.
    leave_out : `~collections.abc.Collection` [`str`], optional
        Columns to pass over, such as the identity of the patch.

    Returns
    -------
    numbers : `dict` [`str`, `Number`]
        Numbers by name, in the order of the columns.
    """
    result = {}
    for name in table.colnames:
        if name not in leave_out:
            column = table[name]
            meaning = NumberColumn(
                name, str(column.unit or ""), str(column.info.description or ""), column.dtype.kind in "biuf"
            )
            result[name] = Number(meaning, _plain(column[0]))
    return result


def _plain(value: Any) -> Scalar | tuple[Scalar | None, ...] | None:
    """Return a value as Python has it."""
    if value is np.ma.masked or value is None:
        return None
    value = getattr(value, "value", value)
    if np.ndim(value):
        return tuple(_scalar(each) for each in np.ma.ravel(value))
    return _scalar(value)


def _scalar(value: Any) -> Scalar | None:
    if value is np.ma.masked or value is None:
        return None
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, bool | int | float) else str(value)


def scalar_columns(patches: Sequence[Mapping[str, Number]]) -> list[NumberColumn]:
    """Return the columns that a table with one row per patch has.

    Parameters
    ----------
    patches : `~collections.abc.Sequence`
        Numbers of each patch.

    Returns
    -------
    columns : `list` [`NumberColumn`]
        The columns of all patches, without those that hold several values.
        A column of numbers in some patches and of text in others is text.
    """
    columns: dict[str, NumberColumn] = {}
    several: set[str] = set()
    for numbers in patches:
        for name, number in numbers.items():
            known = columns.setdefault(name, number.column)
            if known.is_numeric and not number.column.is_numeric:
                columns[name] = dataclasses.replace(known, is_numeric=False)
            if isinstance(number.value, tuple):
                several.add(name)
    return [column for name, column in columns.items() if name not in several]
