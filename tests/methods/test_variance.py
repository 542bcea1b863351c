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


"""Tests of variance planes made from few realisations."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.methods.variance import FLOOR, SMOOTHING_SIGMA, finish_variance, ignorance


def test_a_variance_is_averaged_and_keeps_its_sum() -> None:
    mean_square = np.full((41, 41), 4.0)
    mean_square[20, 20] += 100.0
    variance = finish_variance(mean_square)
    assert variance.dtype == np.float32
    assert variance.sum() == pytest.approx(mean_square.sum(), rel=1e-4)
    assert variance[20, 20] - 4.0 == pytest.approx(100.0 / (2 * np.pi * SMOOTHING_SIGMA**2), rel=0.02)


def test_no_variance_is_zero() -> None:
    mean_square = np.full((40, 40), 4.0)
    mean_square[:, :10] = 0.0
    assert finish_variance(mean_square).min() == pytest.approx(FLOOR * 4.0, rel=1e-3)
    assert finish_variance(np.zeros((8, 8))).min() == pytest.approx(FLOOR)


def test_what_is_not_seen_may_hold_as_much_as_what_is() -> None:
    image = np.array([[2.0, 4.0], [3.0, 100.0]])
    seen = np.array([[True, True], [False, False]])
    np.testing.assert_allclose(ignorance(image, seen), [[0.0, 0.0], [9.0 + 10.0, 1e4 + 10.0]])
    np.testing.assert_allclose(ignorance(image, ~seen | seen), 0.0)
