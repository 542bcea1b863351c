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

"""Tests of multiplicative updates, and of the light in holes that they find."""

from __future__ import annotations

import numpy as np
import pytest
from small_fields import make_stack

from lsst.acn import ExposureStack
from lsst.acn.methods.accelerated_updates import multiplicative_updates
from lsst.acn.methods.cross_exposure.family.exposure_sums import StatisticsGatherer
from lsst.acn.methods.cross_exposure.family.family import FIRST_PASS, follow_path
from lsst.acn.methods.cross_exposure.family.holes import fill_holes


def test_updates_reach_the_minimum_and_stay_positive():
    target = np.array([[4.0, 1.0, 0.0, 9.0]], np.float32)
    start = np.ones_like(target)
    penalties = [np.float32(0.5), np.array([[0.0, 2.0, 0.0, 0.0]], np.float32)]
    ends = multiplicative_updates(start, target, lambda x: 2.0 * x, [(penalty, 60) for penalty in penalties])
    for latent, penalty in zip(ends, penalties, strict=True):
        np.testing.assert_allclose(latent, np.maximum(target - penalty, 0.0) / 2.0, atol=1e-3)
        assert latent.min() >= 0
    np.testing.assert_array_equal(start, 1.0)


def test_no_update_changes_more_than_twofold():
    latent = multiplicative_updates(
        np.ones((1, 2), np.float32), np.array([[100.0, 0.0]], np.float32), np.copy, [(np.float32(0.0), 1)]
    )[-1]
    np.testing.assert_array_equal(latent, [[2.0, 0.5]])


def make_hole(lost: int) -> tuple[StatisticsGatherer, np.ndarray, tuple[slice, slice]]:
    """Return exposures that lack the core of their brightest star."""
    stack, truth = make_stack(n=6, shape=(64, 64), noise=0.5)
    radius = stack.psf.radius
    image_truth = truth[radius:-radius, radius:-radius]
    inner = image_truth[12:-12, 12:-12]
    y, x = (int(position) + 12 for position in np.unravel_index(inner.argmax(), inner.shape))
    valid = stack.valid.copy()
    valid[:lost, y - 1 : y + 2, x - 1 : x + 2] = False
    image = np.where(valid, stack.image, 0.0)
    gatherer = StatisticsGatherer(ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=valid))
    return gatherer, image_truth, np.s_[y - 4 : y + 5, x - 4 : x + 5]


@pytest.mark.parametrize(("lost", "share_of_error", "tolerance"), [(3, 0.3, 0.02), (6, 0.6, 0.25)])
def test_core_of_a_star_comes_back_from_its_wings(lost: int, share_of_error: float, tolerance: float):
    gatherer, truth, near = make_hole(lost)
    first = follow_path(gatherer.sum_up(), FIRST_PASS)[-1]
    filled = fill_holes(gatherer, first)
    expected = truth[near].sum()
    assert abs(filled[near].sum() - expected) < share_of_error * abs(first[near].sum() - expected)
    assert filled[near].sum() == pytest.approx(expected, rel=tolerance)


def test_nothing_changes_in_the_gatherer():
    gatherer, truth, _ = make_hole(3)
    before = gatherer.sum_up().back_projection
    fill_holes(gatherer, np.full(truth.shape, 0.05, np.float32))
    np.testing.assert_array_equal(gatherer.sum_up().back_projection, before)
