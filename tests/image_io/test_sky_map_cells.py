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


"""The grid of cells of a skymap."""

from __future__ import annotations

import types

from afw_stand_ins import Point2D, box2i

from lsst.acn import Box
from lsst.acn.image_io.geometry import box_from_images
from lsst.acn.image_io.sky_map_cells import cells_of_patch


def test_cells_are_those_of_lsst_cells_v2() -> None:
    # Patch (2, 1) there: 20 cells and one on either side, with a border of 50 pixels around them.
    inner = Box.from_shape((3000, 3000), (3000, 6000))
    patch = types.SimpleNamespace(
        getNumCells=lambda: Point2D(x=22, y=22),
        getCellInnerDimensions=lambda: Point2D(x=150, y=150),
        getCellBorder=lambda: 50,
        getOuterBBox=lambda: box2i(inner.grown_by(200)),
    )
    cells = cells_of_patch(patch)
    assert box_from_images(cells.bbox) == inner.grown_by(150)
    assert (cells.grid_size.i, cells.grid_size.j) == (22, 22)
    assert (cells.cell_shape.y, cells.cell_shape.x) == (150, 150)
