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

"""Numbers and tables as Markdown has them."""

from __future__ import annotations

__all__ = ("Form", "number", "signed", "table")

import math
from collections.abc import Callable, Sequence

Form = Callable[[float], str]
"""What makes a cell of a number."""


MOST = 1e5
"""From here on a number says only that something has diverged, and is written short."""


def _written(value: float, form: str) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:{form if abs(value) < MOST else '.0e'}}".replace("e+", "e").replace("-", "−")


def number(digits: int) -> Form:
    """Return what writes numbers with so many digits behind the point, and NaN as a dash."""

    def form(value: float) -> str:
        return _written(value, f".{digits}f")

    return form


def signed(digits: int) -> Form:
    """Return the same with a sign in front."""

    def form(value: float) -> str:
        return _written(value, f"+.{digits}f")

    return form


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table.

    Parameters
    ----------
    titles : `~collections.abc.Sequence` [`str`]
        Head of each column.
    rows : `~collections.abc.Sequence`
        Cells of each row; what is missing at the end stays empty.

    Returns
    -------
    lines : `list` [`str`]
        Head, rule and rows.
    """
    lines = ["| " + " | ".join(titles) + " |", "| --- |" + " --- |" * (len(titles) - 1)]
    for cells in rows:
        lines.append("| " + " | ".join(cells) + " |" + " |" * (len(titles) - len(cells)))
    return lines
