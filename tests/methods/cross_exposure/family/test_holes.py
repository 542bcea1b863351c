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

"""The light in holes, as their surroundings tell it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_libraries import libraries, sums_of
from small_fields import make_stack

from lsst.acn import ExposureStack
from lsst.acn.arrays.namespace import Arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.cross_exposure.family.exposure_sums import ExposureSums, sum_up
from lsst.acn.methods.cross_exposure.family.first_model import FIRST_PASS
from lsst.acn.methods.cross_exposure.family.holes import fill_window
from lsst.acn.methods.cross_exposure.family.path import follow_path

type Case = tuple[ExposureSums, np.ndarray, tuple[slice, slice]]


def make_hole(lost: int, library: Callable[[], Any]) -> Case:
    """Return exposures that lack the core of their brightest star."""
    stack, truth = make_stack(n=6, shape=(64, 64), noise=0.5)
    radius = stack.psf.radius
    image_truth = truth[radius:-radius, radius:-radius]
    inner = image_truth[12:-12, 12:-12]
    y, x = (int(position) + 12 for position in np.unravel_index(inner.argmax(), inner.shape))
    valid = stack.valid.copy()
    valid[:lost, y - 1 : y + 2, x - 1 : x + 2] = False
    image = np.where(valid, stack.image, 0.0)
    sums = sums_of(ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=valid), library)
    return sums, image_truth, np.s_[y - 4 : y + 5, x - 4 : x + 5]


def fill_all(xp: Arrays, sums: ExposureSums, latent: np.ndarray) -> np.ndarray:
    """Return a latent image with holes filled, with all of it as the window."""
    start = xp.constant(np.int32(0)), xp.constant(np.int32(0))
    weight = xp.constant(np.ones(latent.shape, np.float32))
    return xp.to_numpy(xp.run(fill_window, sums, xp.constant(latent), start, weight))


def first_model(xp: Arrays, sums: ExposureSums) -> Any:
    return follow_path(xp, sum_up(xp, sums), FIRST_PASS)[-1]


@libraries
@pytest.mark.parametrize(("lost", "share_of_error", "tolerance"), [(3, 0.3, 0.02), (6, 0.6, 0.25)])
def test_core_of_a_star_comes_back_from_its_wings(
    library: Callable[[], Any], lost: int, share_of_error: float, tolerance: float
) -> None:
    xp = library()
    sums, truth, near = make_hole(lost, library)
    first = xp.to_numpy(xp.run(first_model, sums))
    filled = fill_all(xp, sums, first)
    expected = truth[near].sum()
    assert abs(filled[near].sum() - expected) < share_of_error * abs(first[near].sum() - expected)
    assert filled[near].sum() == pytest.approx(expected, rel=tolerance)


def test_nothing_changes_in_the_sums() -> None:
    xp = numpy_arrays()
    sums, truth, _ = make_hole(3, numpy_arrays)
    before = sum_up(xp, sums).back_projection
    fill_all(xp, sums, np.full(truth.shape, 0.05, np.float32))
    np.testing.assert_array_equal(sum_up(xp, sums).back_projection, before)


@libraries
def test_only_what_the_weight_says_is_changed(library: Callable[[], Any]) -> None:
    xp = library()
    sums, truth, _ = make_hole(6, library)
    latent = np.full(truth.shape, 2.0, np.float32)
    weight = np.zeros((40, 32), np.float32)
    weight[10:30, 8:24] = 1.0
    start = xp.constant(np.int32(12)), xp.constant(np.int32(20))
    filled = xp.to_numpy(xp.run(fill_window, sums, xp.constant(latent), start, xp.constant(weight)))
    changed = np.zeros(truth.shape, bool)
    changed[22:42, 28:44] = True
    np.testing.assert_array_equal(filled[~changed], 2.0)
    assert np.abs(filled[changed] - 2.0).max() > 0.1
    assert filled.min() >= 0.0
