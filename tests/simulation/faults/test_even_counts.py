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

"""Things that are spread evenly over exposures."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.simulation import even_count


@pytest.mark.parametrize(
    ("rate", "visits", "total"), [(0.25, 12, 3), (0.5, 7, 3.5), (1.0, 5, 5), (2.5, 4, 10)]
)
def test_any_run_of_exposures_has_its_rate(rate: float, visits: int, total: float) -> None:
    for seed in range(20):
        for first in (1, 6):
            counts = [even_count(rate, seed, "trails", visit) for visit in range(first, first + visits)]
            assert abs(sum(counts) - total) <= (0.5 if total % 1 else 0)
            assert max(counts) - min(counts) <= 1


def test_seeds_and_purposes_choose_different_exposures() -> None:
    chosen = {
        tuple(even_count(0.25, seed, purpose, visit) for visit in range(8))
        for seed in range(10)
        for purpose in ("trails", "donut")
    }
    assert len(chosen) == 4
    assert even_count(0.0, 1, "trails", 3) == 0
    assert even_count(1.0, 1, "trails", 3) == 1
    assert np.sum([even_count(1e-3, 1, "trails", visit) for visit in range(1000)]) == 1
