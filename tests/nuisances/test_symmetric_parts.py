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


"""Parts that are the same from either end."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.nuisances.symmetric_parts import symmetric_parts


@pytest.mark.parametrize(("size", "side"), [(200, 64), (256, 64), (48, 4), (10, 12), (1, 4)])
def test_parts_are_the_same_from_either_end(size, side):
    edges = symmetric_parts(size, side)
    np.testing.assert_array_equal(edges, size - edges[::-1])
    assert (edges[0], edges[-1]) == (0, size)
    assert (np.diff(edges) > 0).all()
    assert np.diff(edges).max() <= 2 * side
