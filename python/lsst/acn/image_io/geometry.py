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

"""Where a patch lies on the sky."""

from __future__ import annotations

__all__ = ("PatchGeometry", "box_from_images", "box_to_images", "fits_wcs")

import dataclasses

import astropy.wcs
import numpy as np
from astropy.coordinates import SkyCoord

from lsst.images import YX, SkyProjection, TractFrame, Transform
from lsst.images import Box as ImagesBox
from lsst.images.cells import CellGrid, PatchDefinition

from ..exposures.boxes import Box


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

    def on_finer_grid(self, factor: int) -> PatchGeometry:
        """Return the same patch with smaller pixels.

        Parameters
        ----------
        factor : `int`
            Smaller pixels per pixel along each axis, in the order of
            `~lsst.acn.exposures.boxes.Box.on_finer_grid`: the middle of pixel
            ``i`` is at ``factor * i + (factor - 1) / 2``.

        Returns
        -------
        geometry : `PatchGeometry`
            With the same cells, and a tract of its own pixels.
        """
        frame = self.sky_projection.pixel_frame
        tract_box = box_to_images(box_from_images(frame.bbox).on_finer_grid(factor))
        finer = TractFrame(skymap=frame.skymap, tract=frame.tract, bbox=tract_box)
        shift = -(factor - 1) / (2.0 * factor)
        matrix = np.array([[1.0 / factor, 0.0, shift], [0.0, 1.0 / factor, shift], [0.0, 0.0, 1.0]])
        to_pixels = Transform.affine(finer, frame, matrix)
        projection, approximation = (
            None if each is None else to_pixels.then(each.pixel_to_sky_transform, remember_components=False)
            for each in (self.sky_projection, self.sky_projection.fits_approximation)
        )
        assert projection is not None
        return PatchGeometry(SkyProjection(projection, approximation), self._finer_patch(factor))

    def _finer_patch(self, factor: int) -> PatchDefinition:
        cells = self.patch.cells
        grid = CellGrid(
            bbox=box_to_images(self.cell_box.on_finer_grid(factor)),
            cell_shape=YX(y=factor * cells.cell_shape.y, x=factor * cells.cell_shape.x),
        )
        return PatchDefinition(
            id=self.patch.id,
            index=self.patch.index,
            inner_bbox=box_to_images(self.inner_box.on_finer_grid(factor)),
            cells=grid,
        )

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

    @property
    def pixel_scale(self) -> float:
        """Side of a pixel at the centre of the patch, in arcsec (`float`)."""
        y, x = self.outer_box.center
        sky = self.sky_projection.pixel_to_sky(x=np.array([x, x + 1.0, x]), y=np.array([y, y, y + 1.0]))
        return float(np.sqrt(np.prod(sky[1:].separation(sky[0]).arcsec)))

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

    def distance(self, box: Box, corners: np.ndarray) -> float:
        """Return how far the corners of a box lie from where they should.

        Parameters
        ----------
        box : `Box`
            Pixels of the tract.
        corners : `numpy.ndarray`
            Sky positions of its outer corners, as the method ``corners`` of
            another geometry returns them.

        Returns
        -------
        pixels : `float`
            Largest distance, in pixels.

        Notes
        -----
        It takes numbers, not another geometry: objects of AST belong to the
        thread that has made them, and warps are read by several.
        """
        x = np.array([box.x_start, box.x_stop, box.x_stop, box.x_start]) - 0.5
        y = np.array([box.y_start, box.y_start, box.y_stop, box.y_stop]) - 0.5
        there = self.sky_projection.sky_to_pixel(SkyCoord(corners[:, 0], corners[:, 1], unit="deg"))
        distance = np.hypot(there.x - x, there.y - y)
        return float(np.where(np.isfinite(distance), distance, np.inf).max())


def box_from_images(box: ImagesBox) -> Box:
    """Return the same pixels as a `Box`.

    Parameters
    ----------
    box : `lsst.images.Box`
        Pixels of the tract.

    Returns
    -------
    box : `Box`
        The same.
    """
    return Box(box.y.start, box.y.stop, box.x.start, box.x.stop)


def box_to_images(box: Box) -> ImagesBox:
    """Return the same pixels as a `lsst.images.Box`.

    Parameters
    ----------
    box : `Box`
        Pixels of the tract.

    Returns
    -------
    box : `lsst.images.Box`
        The same.
    """
    return ImagesBox.factory[box.y_start : box.y_stop, box.x_start : box.x_stop]


def fits_wcs(geometry: PatchGeometry, box: Box) -> astropy.wcs.WCS | None:
    """Return the WCS of an image, as FITS can have it.

    Parameters
    ----------
    geometry : `PatchGeometry`
        Sky projection of its tract.
    box : `Box`
        Position of the image on the pixel grid of the tract.

    Returns
    -------
    wcs : `astropy.wcs.WCS` or `None`
        Of the pixels of the image; `None` if FITS cannot say it.
    """
    return geometry.sky_projection.as_fits_wcs(box_to_images(box), allow_approximation=True)
