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

"""Multiplicative updates, and the look ahead that makes them faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from array_libraries import libraries
from scipy.ndimage import gaussian_filter

from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.accelerated_updates import accelerated_updates, quadratic_factor

TARGET = np.array([[4.0, 1.0, 0.0, 9.0]], np.float32)
PENALTIES = (np.float32(0.5), np.array([[0.0, 2.0, 0.0, 0.0]], np.float32))


def update(xp: Any, latent: Any, target: Any, *, number: int) -> Any:
    factors = [quadratic_factor(xp, target, lambda x: 2.0 * x, xp.constant(penalty)) for penalty in PENALTIES]
    return accelerated_updates(xp, latent, [(factor, number) for factor in factors])


@libraries
def test_updates_reach_the_minimum_and_stay_positive(library: Callable[[], Any]) -> None:
    xp, start = library(), np.ones_like(TARGET)
    ends = xp.run(update, xp.constant(start), xp.constant(TARGET), number=60)
    for latent, penalty in zip(map(xp.to_numpy, ends), PENALTIES, strict=True):
        np.testing.assert_allclose(latent, np.maximum(TARGET - penalty, 0.0) / 2.0, atol=1e-3)
        assert latent.min() >= 0
    np.testing.assert_array_equal(start, 1.0)


@libraries
def test_no_update_changes_more_than_twofold(library: Callable[[], Any]) -> None:
    xp = library()
    factor = quadratic_factor(
        xp, xp.constant(np.array([[100.0, 0.0]], np.float32)), lambda x: x, xp.constant(np.float32(0.0))
    )
    latent = accelerated_updates(xp, xp.constant(np.ones((1, 2), np.float32)), [(factor, 1)])[-1]
    np.testing.assert_array_equal(xp.to_numpy(latent), [[2.0, 0.5]])


def test_looking_ahead_gets_further_in_as_many_steps() -> None:
    xp, truth = numpy_arrays(), np.ones((40, 40), np.float32)
    truth[12, 17], truth[30, 8] = 500.0, 200.0

    def blurred(image: np.ndarray) -> Any:
        return gaussian_filter(image, 1.5, mode="wrap")

    def error(accelerate: bool) -> float:
        factor = quadratic_factor(xp, blurred(truth), blurred, np.float32(0.0))
        latent = accelerated_updates(xp, np.ones_like(truth), [(factor, 60)], accelerate)[-1]
        return float(np.abs(latent - truth).max())

    assert error(True) < 0.5 * error(False)
