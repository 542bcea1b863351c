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
from scipy.ndimage import gaussian_filter1d

from lsst.acn.exposures.row_pieces import row_pieces


@pytest.mark.parametrize(("n_rows", "reach"), [(50, 0), (50, 7), (48, 30), (5, 3)])
def test_pieces_with_enough_around_them_give_the_whole(n_rows: int, reach: int) -> None:
    image = np.random.default_rng(0).normal(size=(n_rows, 3))
    whole = gaussian_filter1d(image, 1.0, axis=0, truncate=reach)
    made = np.full_like(image, np.nan)
    for piece in row_pieces(n_rows, reach, height=16):
        made[piece.rows] = gaussian_filter1d(image[piece.wide], 1.0, axis=0, truncate=reach)[piece.inside]
    np.testing.assert_allclose(made, whole, rtol=1e-12)
