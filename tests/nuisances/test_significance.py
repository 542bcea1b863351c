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


"""How much of a value is kept."""

from __future__ import annotations

import numpy as np

from lsst.acn.nuisances.significance import kept_share


def test_a_share_rises_beyond_the_threshold_and_rounding_decides_nothing():
    values = np.array([0.0, 1.0, -3.0, 3.25, -3.75, 4.0, 9.0])
    share = kept_share(values, np.ones(7), 3.0)
    np.testing.assert_allclose(share, [0, 0, 0, 0.25, 0.75, 1, 1])
    assert abs(kept_share(np.array([3.0 + 1e-6]), np.ones(1), 3.0)[0]) < 1e-5


def test_what_is_not_known_is_not_kept_and_what_is_certain_is():
    np.testing.assert_array_equal(kept_share(np.array([5.0, 1.0]), np.array([np.inf, 0.0]), 3.0), [0, 1])


def test_without_a_threshold_all_is_kept():
    np.testing.assert_array_equal(kept_share(np.array([1e-3, 1.0]), np.array([1.0, np.inf]), 0.0), [1, 0])
