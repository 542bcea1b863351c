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

from lsst.acn.exposures.robust import SIGMA_PER_MAD, robust_sigma


def test_width_of_gaussian_noise_is_its_standard_deviation() -> None:
    noise = np.random.default_rng(5).normal(3.0, 0.2, (300, 300))
    assert robust_sigma(noise) == pytest.approx(0.2, rel=0.01)


def test_wild_values_do_not_change_the_width() -> None:
    assert robust_sigma(np.array([4.0, 5.0, 6.0, 4.0, 6.0, 1e9])) == SIGMA_PER_MAD
