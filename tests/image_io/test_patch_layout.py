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

import pytest

from lsst.acn.image_io.patch_layout import fit_cell_shape


@pytest.mark.parametrize(
    ("length", "size", "cell"),
    [(4200, 300, 300), (4100, 300, 410), (256, 300, 256), (257, 100, 86), (256, 100, 128), (301, 150, 151)],
)
def test_cells_fill_the_patch(length: int, size: int, cell: int) -> None:
    assert fit_cell_shape((length, 1), size) == (cell, 1)
