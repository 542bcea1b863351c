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

"""Lay out patches: boxes, cells, projections."""

from __future__ import annotations

__all__ = (
    "define_patch",
    "define_patch_of_cells",
    "fit_cell_shape",
    "make_patch_geometry",
    "tangent_plane_wcs",
    "with_patch",
)

import dataclasses

import astropy.wcs
import numpy as np

from lsst.images import YX, SkyProjection, TractFrame
from lsst.images.cells import CellGrid, PatchDefinition

from ..exposures.boxes import Box
from .geometry import PatchGeometry, box_to_images


def fit_cell_shape(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Return the shape of cells that fill a patch exactly, if there is one.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of the patch.
    size : `int`
        Side that a cell should have.

    Returns
    -------
    cell_shape : `tuple` [`int`, `int`]
        On each axis the divisor of the patch that is nearest to ``size``
        and between half and twice of it.  A patch that is no larger than
        ``size`` is one cell.  Where there is no such divisor, the last cells
        reach a few pixels beyond the patch.
    """
    return _fit_cell_length(shape[0], size), _fit_cell_length(shape[1], size)


def _fit_cell_length(length: int, size: int) -> int:
    if length <= size:
        return length
    divisors = [d for d in range(-(-size // 2), min(2 * size, length) + 1) if length % d == 0]
    if divisors:
        return min(divisors, key=lambda divisor: abs(np.log(divisor / size)))
    return -(-length // round(length / size))


def make_patch_geometry(
    wcs: astropy.wcs.WCS,
    *,
    skymap: str,
    tract: int,
    patch: int,
    outer_box: Box,
    inner_box: Box | None = None,
    index: tuple[int, int] = (0, 0),
    tract_box: Box | None = None,
    cell_size: int = 300,
    wcs_start: tuple[int, int] = (0, 0),
) -> PatchGeometry:
    """Make the geometry of a patch from a FITS WCS.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        Map from pixels of an array to the sky.
    skymap : `str`
        Name of the skymap.
    tract, patch : `int`
        Identifiers of tract and patch.
    outer_box : `Box`
        All pixels of the patch, on the grid of the tract.
    inner_box : `Box`, optional
        Pixels that belong to no other patch; by default ``outer_box``.
    index : `tuple` [`int`, `int`], optional
        Row and column of the patch in its tract.
    tract_box : `Box`, optional
        All pixels of the tract; by default from the origin of its grid to
        the far corner of ``outer_box``.
    cell_size : `int`, optional
        Side that cells should have; see `fit_cell_shape`.
    wcs_start : `tuple` [`int`, `int`], optional
        Row and column, on the grid of the tract, of the first pixel of the
        array that ``wcs`` describes.

    Returns
    -------
    geometry : `PatchGeometry`
        The geometry.
    """
    if tract_box is None:
        tract_box = Box(
            min(0, outer_box.y_start), outer_box.y_stop, min(0, outer_box.x_start), outer_box.x_stop
        )
    frame = TractFrame(skymap=skymap, tract=tract, bbox=box_to_images(tract_box))
    projection = SkyProjection.from_fits_wcs(wcs, frame, y0=wcs_start[0], x0=wcs_start[1])
    return PatchGeometry(projection, define_patch(patch, outer_box, inner_box, index, cell_size))


def define_patch(
    patch: int, outer_box: Box, inner_box: Box | None, index: tuple[int, int], cell_size: int
) -> PatchDefinition:
    """Return the definition of a patch with a grid of cells that covers it.

    Parameters
    ----------
    patch : `int`
        Identifier of the patch.
    outer_box : `Box`
        All its pixels.
    inner_box : `Box` or `None`
        Pixels that belong to no other patch; `None` if all of them.
    index : `tuple` [`int`, `int`]
        Row and column of the patch in its tract.
    cell_size : `int`
        Side that cells should have; see `fit_cell_shape`.

    Returns
    -------
    definition : `lsst.images.cells.PatchDefinition`
        The definition.
    """
    cell_shape = fit_cell_shape(outer_box.shape, cell_size)
    rows, columns = (-(-length // cell) for length, cell in zip(outer_box.shape, cell_shape, strict=True))
    covered = Box.from_shape(
        (rows * cell_shape[0], columns * cell_shape[1]), (outer_box.y_start, outer_box.x_start)
    )
    cells = CellGrid(bbox=box_to_images(covered), cell_shape=YX(y=cell_shape[0], x=cell_shape[1]))
    return define_patch_of_cells(patch, cells, inner_box or outer_box, index)


def define_patch_of_cells(
    patch: int, cells: CellGrid, inner_box: Box, index: tuple[int, int]
) -> PatchDefinition:
    """Return the definition of a patch whose cells are known.

    Parameters
    ----------
    patch : `int`
        Identifier of the patch.
    cells : `lsst.images.cells.CellGrid`
        Its cells; all their pixels are the patch.
    inner_box : `Box`
        Pixels that belong to no other patch.
    index : `tuple` [`int`, `int`]
        Row and column of the patch in its tract.

    Returns
    -------
    definition : `lsst.images.cells.PatchDefinition`
        The definition.
    """
    return PatchDefinition(
        id=patch, index=YX(y=index[0], x=index[1]), inner_bbox=box_to_images(inner_box), cells=cells
    )


def with_patch(
    geometry: PatchGeometry, *, outer_box: Box, index: tuple[int, int], cell_size: int
) -> PatchGeometry:
    """Return the same sky projection with another box for the patch.

    Parameters
    ----------
    geometry : `PatchGeometry`
        The patch as it was.
    outer_box : `Box`
        All pixels of the patch.
    index : `tuple` [`int`, `int`]
        Row and column of the patch in its tract.
    cell_size : `int`
        Side that cells should have; see `fit_cell_shape`.

    Returns
    -------
    geometry : `PatchGeometry`
        The new geometry.
    """
    patch = define_patch(geometry.patch.id, outer_box, None, index, cell_size)
    return dataclasses.replace(geometry, patch=patch)


def tangent_plane_wcs(
    ra: float, dec: float, pixel_scale: float, *, y: float = 0.0, x: float = 0.0
) -> astropy.wcs.WCS:
    """Return a gnomonic projection with north up and east to the left.

    Parameters
    ----------
    ra, dec : `float`
        ICRS position of the reference pixel, in degrees.
    pixel_scale : `float`
        Size of a pixel at the reference pixel, in arcseconds.
    y, x : `float`, optional
        Row and column of the reference pixel, the first pixel being 0.

    Returns
    -------
    wcs : `astropy.wcs.WCS`
        The projection.
    """
    wcs = astropy.wcs.WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [x + 1.0, y + 1.0]
    wcs.wcs.cd = np.diag([-pixel_scale, pixel_scale]) / 3600.0
    wcs.wcs.set()
    return wcs
