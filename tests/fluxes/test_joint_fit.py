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

"""Sources whose light overlaps, fitted at once."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.fluxes import joint_fit
from lsst.acn.fluxes.joint_fit import fit_jointly

WIDTH = 3.0


def overlap(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((one - two) ** 2).sum(axis=-1) / WIDTH**2)


def alone_of(positions: np.ndarray, fluxes: np.ndarray) -> np.ndarray:
    return overlap(positions[:, None], positions[None]) @ fluxes


def test_light_of_neighbours_is_taken_out() -> None:
    positions = np.array([[10.0, 10.0], [10.0, 14.0], [40.0, 40.0], [12.0, 12.0]])
    truth = np.array([100.0, 3.0, 7.0, 20.0])
    fitted = fit_jointly(positions, alone_of(positions, truth), np.ones(4), overlap, 20.0)
    np.testing.assert_allclose(fitted.flux, truth, rtol=1e-9)
    assert fitted.error[2] == pytest.approx(1.0)
    assert (fitted.error[[0, 1, 3]] > 1.0).all()
    assert fitted.members[2].tolist() == [2, -1, -1]
    assert sorted(fitted.members[1]) == [0, 1, 3]
    assert fitted.members[1, 0] == 1


def test_errors_are_those_of_the_least_squares_fit() -> None:
    positions = np.array([[10.0, 10.0], [10.0, 13.0]])
    shared = float(overlap(positions[0], positions[1]))
    sigma = np.array([2.0, 2.0])
    fitted = fit_jointly(positions, np.array([5.0, 4.0]), sigma, overlap, 20.0)
    expected = 4.0 / (1.0 - shared**2)
    np.testing.assert_allclose(fitted.error**2, expected)
    np.testing.assert_allclose(fitted.covariance[:, 0], expected)
    np.testing.assert_allclose(fitted.covariance[:, 1], -shared * expected)


def test_a_bright_source_is_fitted_with_a_faint_one_that_is_far() -> None:
    positions = np.array([[10.0, 10.0], [10.0, 21.0]])
    truth = np.array([1e5, 10.0])
    fitted = fit_jointly(positions, alone_of(positions, truth), np.ones(2), overlap, 20.0)
    np.testing.assert_allclose(fitted.flux, truth, rtol=1e-6)


def test_large_groups_are_fitted_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    grid = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2)
    positions = 4.0 * grid + rng.uniform(-0.5, 0.5, grid.shape)
    truth = rng.uniform(10.0, 100.0, len(positions))
    alone = alone_of(positions, truth)
    whole = fit_jointly(positions, alone, np.ones(len(truth)), overlap, 20.0)
    assert whole.members.shape[1] == joint_fit.MAX_GROUP
    # The errors of these fluxes are of this size.
    assert np.abs(whole.flux - truth).max() < 0.05 * whole.error.max()
    monkeypatch.setattr(joint_fit, "MAX_GROUP", 1000)
    exact = fit_jointly(positions, alone, np.ones(len(truth)), overlap, 20.0)
    np.testing.assert_allclose(exact.flux, truth, rtol=1e-6)
    np.testing.assert_allclose(whole.error, exact.error, rtol=0.05)


def test_nothing_to_fit_and_the_same_place_twice() -> None:
    nothing = np.zeros(0)
    assert len(fit_jointly(np.zeros((0, 2)), nothing, nothing, overlap, 20.0).flux) == 0
    same = np.array([[10.0, 10.0], [30.0, 3.0], [10.0, 10.01]])
    with pytest.raises(ValueError, match="positions 0 and 2"):
        fit_jointly(same, np.ones(3), np.ones(3), overlap, 20.0)
