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


"""The level of the empty sky."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.nuisances.sky_level import sky_level


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_the_level_of_empty_pixels_is_found_among_others(share):
    rng = np.random.default_rng(5)
    pixels = 7.0 + 2.0 * rng.normal(size=40_000)
    lit = rng.random(len(pixels)) > share
    pixels[lit] += rng.exponential(40.0, lit.sum())
    found = sky_level(pixels, 2.0)
    assert found.level == pytest.approx(7.0, abs=0.15)
    assert abs(found.level - 7.0) < 4 * found.error
    assert found.empty_share == pytest.approx(share, abs=0.12)


def test_too_few_pixels_do_not_tell():
    assert sky_level(np.zeros(100), 1.0) is None
    assert sky_level(np.zeros(10_000), 0.0) is None
