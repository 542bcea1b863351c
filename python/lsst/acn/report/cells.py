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

"""How numbers are written in the cells of a table."""

from __future__ import annotations

__all__ = ("Cell", "brief", "column_decimals", "number_cell", "score_cell", "several_values")

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from .numbers import Number

DIGITS = 4
"""Significant digits of a number of usual size."""

MISSING = "–"
ABOVE, BELOW = "above", "below"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text : `str`
        What it shows.
    value : `str`
        What it is sorted by: a number or a text, empty if there is none.
    mark : `str`, optional
        ``above`` or ``below`` if the number stands out on that side, else
        empty.
    note : `str`, optional
        What the mark means, in words.
    """

    text: str
    value: str
    mark: str = ""
    note: str = ""


def column_decimals(values: np.ndarray) -> int | None:
    """Return how many decimals all values of a column get.

    Parameters
    ----------
    values : `numpy.ndarray`
        The values; what is not finite does not count.

    Returns
    -------
    decimals : `int` or `None`
        So many that a value of usual size has four significant digits;
        `None` if such values are better written with an exponent.
    """
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    if not size.size:
        return 0
    if np.array_equal(size, np.rint(size)) and size.max() < 10**9:
        return 0
    usual = math.floor(math.log10(float(np.median(size))))
    return min(max(DIGITS - 1 - usual, 0), DIGITS + 2) if -4 < usual < 7 else None


def number_cell(number: Number | None, decimals: int | None, deviation: float, threshold: float) -> Cell:
    """Return the cell of one number.

    Parameters
    ----------
    number : `Number` or `None`
        The number, if the patch has it.
    decimals : `int` or `None`
        As `column_decimals` returns them.
    deviation : `float`
        Distance from the median of the band in robust standard deviations,
        NaN if there is none.
    threshold : `float`
        Deviation from which a number stands out.

    Returns
    -------
    cell : `Cell`
        The cell.
    """
    mark, note = _mark(deviation, threshold)
    value = None if number is None else number.value
    if isinstance(value, bool):
        return Cell("yes" if value else "no", str(int(value)), mark, note)
    if isinstance(value, int | float):
        if math.isnan(value):
            return Cell(MISSING, "", mark, note)
        return Cell(_number_text(value, decimals), repr(value).replace("inf", "Infinity"), mark, note)
    if value is None or value == "":
        return Cell(MISSING, "", mark, note)
    return Cell(str(value), str(value))


def _mark(deviation: float, threshold: float) -> tuple[str, str]:
    if math.isnan(deviation) or abs(deviation) < threshold:
        return "", ""
    side = ABOVE if deviation > 0 else BELOW
    return side, f"stands out: {abs(deviation):.1f} robust σ {side} the median of its band"


def _number_text(value: float, decimals: int | None) -> str:
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is None or abs(value) >= 10 ** (DIGITS + 5):
        text = f"{value:.{DIGITS - 1}e}"
    else:
        text = f"{value:.{decimals}f}"
    return text.replace("-", "−")


def score_cell(deviation: np.ndarray, names: Sequence[str], threshold: float) -> Cell:
    """Return the cell that says by how much a patch stands out, and in what.

    Parameters
    ----------
    deviation : `numpy.ndarray`
        Deviation of each number of the patch, shape ``(n,)``.
    names : `~collections.abc.Sequence` [`str`]
        Their names.
    threshold : `float`
        Deviation from which a number stands out.

    Returns
    -------
    cell : `Cell`
        The cell; its note is the name of the number that stands out most.
    """
    known = np.flatnonzero(~np.isnan(deviation))
    if not known.size:
        return Cell(MISSING, "")
    worst = known[np.argmax(np.abs(deviation[known]))]
    value = float(deviation[worst])
    mark, _ = _mark(value, threshold)
    return Cell(f"{abs(value):.1f}", repr(abs(value)), mark, names[worst] if mark else "")


def several_values(values: Sequence[object]) -> str:
    """Return several values as one text.

    Parameters
    ----------
    values : `~collections.abc.Sequence`
        Numbers and texts, `None` where one is missing.

    Returns
    -------
    text : `str`
        The values, separated by commas.
    """
    return ", ".join(brief(value) for value in values)


def brief(value: object) -> str:
    """Return a value with the digits that matter.

    Parameters
    ----------
    value : `object`
        Number or text, `None` or NaN if it is missing.

    Returns
    -------
    text : `str`
        What to show.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    return f"{value:.{DIGITS}g}".replace("-", "−") if isinstance(value, float) else str(value)
