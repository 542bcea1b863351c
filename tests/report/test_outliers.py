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

import numpy as np
import pytest

from lsst.acn.report.outliers import (
    conspicuously_missing,
    deviations,
    outlier_order,
    outlier_score,
    robust_deviation,
)


def test_deviation_by_hand() -> None:
    # Median 3, absolute deviations 2, 1, 0, 1, 97 with median 1.
    found = robust_deviation(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    np.testing.assert_allclose(found, np.array([-2, -1, 0, 1, 97]) / 1.4826022185056018)


def test_deviation_of_gaussian_values_is_in_standard_deviations() -> None:
    values = np.random.default_rng(1).normal(7.0, 3.0, 20_001)
    np.testing.assert_allclose(robust_deviation(values), (values - 7.0) / 3.0, atol=0.1)


def test_mean_deviation_takes_over_where_most_values_are_equal() -> None:
    # Nine zeros and a 1: mean absolute deviation 0.1, about the median 0.
    found = robust_deviation(np.array([0.0] * 9 + [1.0]))
    np.testing.assert_allclose(found, [0.0] * 9 + [10 / 1.2533141373155001])


@pytest.mark.parametrize("value", [0.0, 5.0, -1e9])
def test_equal_values_do_not_deviate(value: float) -> None:
    values = np.full(8, value) * (1 + 1e-12 * np.arange(8))
    assert robust_deviation(values).tolist() == [0.0] * 8


def test_a_few_values_say_nothing() -> None:
    assert np.isnan(robust_deviation(np.array([1.0, 1.0, 1.0, 99.0]))).all()


def test_missing_value_does_not_deviate() -> None:
    found = robust_deviation(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.inf]))
    assert np.isnan(found).tolist() == [False] * 5 + [True] * 2


def test_missing_value_is_conspicuous_where_most_patches_have_one() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 3.0], [np.nan, np.nan]])
    # Of the two patches in g, one has the second number: that is not most.
    assert conspicuously_missing(values, ["r", "r", "g", "g"]).tolist() == [[False] * 2] * 4
    expected = [[False, False], [False, False], [True, False], [True, False]]
    more = np.concatenate([values, np.array([[5.0, np.nan]])])
    assert conspicuously_missing(more, ["r"] * 5)[:4].tolist() == expected


def test_bands_are_judged_apart() -> None:
    low, high = np.linspace(0, 1, 5), np.linspace(100, 101, 5)
    found = deviations(np.concatenate([low, high])[:, None], ["g"] * 5 + ["r"] * 5)
    np.testing.assert_allclose(found[:5], found[5:], atol=1e-9)
    assert np.abs(found).max() < 2


def test_most_unusual_patch_comes_first_and_ties_keep_their_order() -> None:
    table = np.array([[0.0, 1.0], [-9.0, 2.0], [np.nan, np.nan], [1.0, 0.0], [12.0, 0.0]])
    score = outlier_score(table)
    np.testing.assert_array_equal(score, [1.0, 9.0, np.nan, 1.0, 12.0])
    assert outlier_order(score).tolist() == [4, 1, 0, 3, 2]


def test_no_numbers_is_no_score() -> None:
    score = outlier_score(np.zeros((3, 0)))
    assert np.isnan(score).all()
    assert outlier_order(score).tolist() == [0, 1, 2]
