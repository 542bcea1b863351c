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

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from lsst.acn.report.cells import Cell, column_decimals, number_cell, score_cell, several_values
from lsst.acn.report.number_series import collect_series
from lsst.acn.report.numbers import Number, NumberColumn, read_numbers, scalar_columns

NUMBER = NumberColumn("noise", "nJy", "Noise.", True)


@pytest.fixture
def table() -> Table:
    table = Table({"tract": [3], "noise": [1.5], "visits": ["10, 11"], "good": [True], "bins": [[1, np.nan]]})
    table["count"] = MaskedColumn([7], mask=[True])
    table["noise"].unit, table["noise"].description = "nJy", "Noise."
    return table


def test_numbers_keep_unit_description_and_type(table: Table) -> None:
    numbers = read_numbers(table, leave_out=["tract"])
    assert list(numbers) == ["noise", "visits", "good", "bins", "count"]
    assert numbers["noise"] == Number(NUMBER, 1.5)
    assert numbers["visits"].value == "10, 11"
    assert not numbers["visits"].column.is_numeric
    assert numbers["good"].as_float == 1.0
    assert numbers["count"].value is None
    assert numbers["count"].column.is_numeric
    first, second = numbers["bins"].value
    assert first == 1.0
    assert math.isnan(second)


def test_columns_are_those_of_all_patches_but_lists(table: Table) -> None:
    text = {
        "noise": Number(NumberColumn("noise", "", "", False), "low"),
        "extra": Number(NumberColumn("extra", "", "", True), 1),
    }
    columns = scalar_columns([{}, read_numbers(table), text])
    assert [(column.name, column.is_numeric) for column in columns] == [
        ("tract", True), ("noise", False), ("visits", False), ("good", True), ("count", True), ("extra", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([3.0, 12.0, -700.0], 0),
        ([15.781, 16.2, np.nan], 2),
        ([0.01234, 0.02, 5000.0], 5),
        ([123456.7, 2e5], 0),
        ([1e-7, 2e-7], None),
        ([0.0, 0.0], 0),
        ([np.nan], 0),
    ],
)
def test_decimals_suit_the_usual_value(values: list[float], decimals: int | None) -> None:
    assert column_decimals(np.array(values)) == decimals


@pytest.mark.parametrize(
    ("value", "decimals", "text", "sorted_by"),
    [
        (15.7812, 2, "15.78", "15.7812"),
        (-0.5, 1, "−0.5", "-0.5"),
        (12, 0, "12", "12"),
        (True, 0, "yes", "1"),
        (1.25e-7, None, "1.250e−07", "1.25e-07"),
        (math.nan, 2, "–", ""),
        (-math.inf, 2, "−∞", "-Infinity"),
        (None, 2, "–", ""),
        ("none", 2, "none", "none"),
    ],
)
def test_cell_shows_a_short_number_and_sorts_by_the_long_one(
    value: float | str | None, decimals: int | None, text: str, sorted_by: str
) -> None:
    assert number_cell(Number(NUMBER, value), decimals, math.nan, 5.0) == Cell(text, sorted_by)


@pytest.mark.parametrize(("deviation", "mark"), [(4.9, ""), (5.0, "above"), (-7.25, "below"), (math.nan, "")])
def test_cell_is_marked_from_the_threshold_on(deviation: float, mark: str) -> None:
    cell = number_cell(Number(NUMBER, 1.0), 1, deviation, 5.0)
    assert cell.mark == mark
    assert bool(cell.note) == bool(mark)
    if mark == "below":
        assert "7.2 robust σ below" in cell.note


def test_score_names_what_stands_out() -> None:
    assert score_cell(np.array([1.0, -8.0, np.nan]), ["a", "b", "c"], 5.0) == Cell("8.0", "8.0", "below", "b")
    assert score_cell(np.array([1.0, -2.0]), ["a", "b"], 5.0) == Cell("2.0", "2.0")
    assert score_cell(np.array([np.nan]), ["a"], 5.0) == Cell("–", "")


def test_numbers_that_belong_together_are_one_series() -> None:
    names = {"bin_magnitude": "mag", "bin_median": "", "bin_count": "", "other_list": "nJy"}
    columns = {name: NumberColumn(name, unit, f"What {name} is.", True) for name, unit in names.items()}
    values = [(16.5, 17.5, 18.5), (math.nan, 0.98765, None), (0, 3, 0), (1.0, 2.0, 3.0)]
    numbers = {
        name: Number(column, value) for (name, column), value in zip(columns.items(), values, strict=True)
    }
    numbers["scalar"] = Number(NumberColumn("scalar", "", "", True), 3.0)
    (series,) = collect_series(numbers)
    assert series.name == "Bin"
    assert series.members == ("bin_magnitude", "bin_median", "bin_count")
    assert series.heads[0] == ("Bin magnitude", "mag", "bin_magnitude: What bin_magnitude is.")
    assert [name for name, _, _ in series.heads] == ["Bin magnitude", "Bin median", "Bin count"]
    # Bins without a source are left out.
    assert series.rows == (("17.5", "0.9877", "3"),)


def test_numbers_of_other_lengths_are_no_series() -> None:
    column = NumberColumn("bin_x", "", "", True)
    assert collect_series({"bin_x": Number(column, (1, 2)), "bin_y": Number(column, (1,))}) == ()


def test_several_values_in_one_line() -> None:
    assert several_values((1.23456, -2, None, math.nan, "x")) == "1.235, -2, –, –, x"
