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

"""Where a patch lies on the sky and how it is split into cells."""

from __future__ import annotations

__all__ = ("PatchGeometry", "fit_cell_shape", "make_patch_geometry", "tangent_plane_wcs")

import dataclasses

import astropy.wcs
import numpy as np
from astropy.coordinates import SkyCoord

from lsst.images import YX, SkyProjection, TractFrame
from lsst.images import Box as ImagesBox
from lsst.images.cells import CellGrid, PatchDefinition

from ..boxes import Box


@dataclasses.dataclass(frozen=True, eq=False)
class PatchGeometry:
    """Sky projection and cells of one patch.

    Parameters
    ----------
    sky_projection : `lsst.images.SkyProjection`
        Map from pixels of the tract to the sky.
    patch : `lsst.images.cells.PatchDefinition`
        Boxes and cells of the patch.
    """

    sky_projection: SkyProjection[TractFrame]
    patch: PatchDefinition

    @property
    def skymap(self) -> str:
        """Name of the skymap (`str`)."""
        return self.sky_projection.pixel_frame.skymap

    @property
    def tract(self) -> int:
        """Identifier of the tract (`int`)."""
        return self.sky_projection.pixel_frame.tract

    @property
    def outer_box(self) -> Box:
        """All pixels of the patch (`Box`)."""
        return box_from_images(self.patch.outer_bbox)

    @property
    def inner_box(self) -> Box:
        """The pixels that belong to no other patch (`Box`)."""
        return box_from_images(self.patch.inner_bbox)

    @property
    def cell_box(self) -> Box:
        """The pixels that the grid of cells covers (`Box`)."""
        return box_from_images(self.patch.cells.bbox)

    @property
    def cell_shape(self) -> tuple[int, int]:
        """Height and width of a cell (`tuple` [`int`, `int`])."""
        return self.patch.cells.cell_shape.y, self.patch.cells.cell_shape.x

    def corners(self, box: Box | None = None) -> np.ndarray:
        """Return the sky positions of the outer corners of a box.

        Parameters
        ----------
        box : `Box`, optional
            Pixels of the tract; by default all of the patch.

        Returns
        -------
        corners : `numpy.ndarray`
            ICRS right ascension and declination in degrees, shape
            ``(4, 2)``, in order around the box.
        """
        box = box or self.outer_box
        x = np.array([box.x_start, box.x_stop, box.x_stop, box.x_start]) - 0.5
        y = np.array([box.y_start, box.y_start, box.y_stop, box.y_stop]) - 0.5
        sky = self.sky_projection.pixel_to_sky(x=x, y=y)
        return np.stack([sky.ra.deg, sky.dec.deg], axis=-1)

    def box_of(self, corners: np.ndarray) -> Box:
        """Return the box whose outer corners lie at some sky positions.

        Parameters
        ----------
        corners : `numpy.ndarray`
            ICRS right ascension and declination in degrees, shape
            ``(n, 2)``.

        Returns
        -------
        box : `Box`
            Pixels of the tract.
        """
        pixels = self.sky_projection.sky_to_pixel(SkyCoord(corners[:, 0], corners[:, 1], unit="deg"))
        y, x = (np.rint(np.asarray(values) + 0.5).astype(int) for values in (pixels.y, pixels.x))
        return Box(int(y.min()), int(y.max()), int(x.min()), int(x.max()))

    def with_patch(self, *, outer_box: Box, index: tuple[int, int], cell_size: int) -> PatchGeometry:
        """Return the same sky projection with another box for the patch.

        Parameters
        ----------
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
        patch = define_patch(self.patch.id, outer_box, None, index, cell_size)
        return dataclasses.replace(self, patch=patch)

    def separation(self, other: PatchGeometry) -> float:
        """Return how far apart the two put the corners of this patch.

        Parameters
        ----------
        other : `PatchGeometry`
            Geometry to compare with.

        Returns
        -------
        pixels : `float`
            Largest distance, in pixels.
        """
        box = self.outer_box
        x = np.array([box.x_start, box.x_stop, box.x_stop, box.x_start], dtype=float)
        y = np.array([box.y_start, box.y_start, box.y_stop, box.y_stop], dtype=float)
        there = other.sky_projection.sky_to_pixel(self.sky_projection.pixel_to_sky(x=x, y=y))
        distance = np.hypot(there.x - x, there.y - y)
        return float(np.where(np.isfinite(distance), distance, np.inf).max())


def box_from_images(box: ImagesBox) -> Box:
    """Return the same pixels as a `Box`."""
    return Box(box.y.start, box.y.stop, box.x.start, box.x.stop)


def box_to_images(box: Box) -> ImagesBox:
    """Return the same pixels as a `lsst.images.Box`."""
    return ImagesBox.factory[box.y_start : box.y_stop, box.x_start : box.x_stop]


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
        that is one cell; if it has no such divisor, it is ``size`` and the
        last cells reach beyond the patch.
    """
    return _fit_cell_length(shape[0], size), _fit_cell_length(shape[1], size)


def _fit_cell_length(length: int, size: int) -> int:
    if length <= size:
        return length
    divisors = [d for d in range(-(-size // 2), min(2 * size, length) + 1) if length % d == 0]
    return min(divisors, key=lambda d: abs(np.log(d / size)), default=size)


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
    """Return the definition of a patch with a grid of cells that covers it."""
    cell_shape = fit_cell_shape(outer_box.shape, cell_size)
    rows, columns = (-(-length // cell) for length, cell in zip(outer_box.shape, cell_shape, strict=True))
    covered = Box.from_shape(
        (rows * cell_shape[0], columns * cell_shape[1]), (outer_box.y_start, outer_box.x_start)
    )
    return PatchDefinition(
        id=patch,
        index=YX(y=index[0], x=index[1]),
        inner_bbox=box_to_images(inner_box or outer_box),
        cells=CellGrid(bbox=box_to_images(covered), cell_shape=YX(y=cell_shape[0], x=cell_shape[1])),
    )


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
