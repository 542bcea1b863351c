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


"""The grid of cells that a skymap lays over a patch."""

from __future__ import annotations

__all__ = ("cells_of_patch",)

from typing import Any

from lsst.images import YX
from lsst.images.cells import CellGrid

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from .geometry import box_to_images


def cells_of_patch(patch: Any) -> CellGrid:
    """Return the cells of a patch as its skymap defines them.

    Parameters
    ----------
    patch : ``lsst.skymap.PatchInfo``
        The patch.

    Returns
    -------
    cells : `lsst.images.cells.CellGrid`
        Inner boxes of all cells.  The patch is wider than these by the border
        of a cell: in the skymap ``lsst_cells_v2``, 22 x 22 cells of 150 pixels
        are 3300 pixels of a patch of 3400.

    Raises
    ------
    InvalidExposureError
        Raised if the patch has no cells, or they do not fill it.
    """
    count, side, border = patch.getNumCells(), patch.getCellInnerDimensions(), patch.getCellBorder()
    if 0 in (count.x, count.y):
        raise InvalidExposureError("The skymap has no cells; use_sky_map_cells needs one that has.")
    outer = patch.getOuterBBox()
    start = outer.getMinY() + border, outer.getMinX() + border
    box = Box.from_shape((count.y * side.y, count.x * side.x), start)
    if (box.y_stop + border, box.x_stop + border) != (outer.getMaxY() + 1, outer.getMaxX() + 1):
        raise InvalidExposureError(
            f"The skymap's {count.y} x {count.x} cells of {side.y} x {side.x} pixels do not fill its patch."
        )
    return CellGrid(bbox=box_to_images(box), cell_shape=YX(y=side.y, x=side.x))
