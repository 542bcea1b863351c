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

"""Sample PSFs of any kind on one grid of cells."""

from __future__ import annotations

__all__ = ("PsfSampler", "check_kernel", "psf_cells")

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.finer_psfs import seen_by_pixels
from ..exposures.psf_kernels import UNIT_SUM_TOLERANCE, PsfKernels, constant_kernels, padded_kernels
from .geometry import PatchGeometry
from .patch_layout import fit_cell_shape


class PsfSampler:
    """Collect the kernels of one exposure after the other.

    Parameters
    ----------
    box : `Box`
        Pixels that the cells have to cover.
    geometry : `PatchGeometry` or `None`
        Patch whose cells are taken, unless they are finer than needed.
    cell_size : `int`
        Side that a cell should have, in pixels.
    """

    def __init__(self, box: Box, geometry: PatchGeometry | None, cell_size: int) -> None:
        self.box, self.cell_shape = _grid(box, geometry, cell_size)
        self._kernels: list[list[np.ndarray | None]] = []
        self._oversampling: int | None = None

    def add(
        self,
        kernel_at: Callable[[float, float], np.ndarray | None],
        valid: np.ndarray,
        box: Box,
        oversampling: int = 1,
    ) -> None:
        """Sample one more exposure at the centres of the cells.

        Parameters
        ----------
        kernel_at : `~collections.abc.Callable`
            Function of row and column that returns the kernel there, or
            `None` where there is none.
        valid : `numpy.ndarray`
            `True` where the exposure has a valid pixel.
        box : `Box`
            Position of ``valid``.
        oversampling : `int`, optional
            Samples of the kernels per pixel along each axis.

        Raises
        ------
        InvalidExposureError
            Raised if a kernel is not usable, or there is none at all, or if
            those of exposures before it have other samples.
        """
        before = self._oversampling
        if before not in (None, oversampling):
            raise InvalidExposureError(
                f"Its PSF has {oversampling} samples per pixel, but those of others have {before}."
            )
        self._oversampling = oversampling
        kernels = []
        for cell in self._cells():
            kernel = kernel_at(*cell.center)
            if kernel is None and (point := _nearest_valid(cell, valid, box)) is not None:
                # The exposure ends inside this cell, before its centre.
                kernel = kernel_at(*point)
            if kernel is not None:
                check_kernel(kernel)
            kernels.append(kernel)
        if all(kernel is None for kernel in kernels):
            raise InvalidExposureError("There is no PSF in any cell.")
        self._kernels.append(kernels)

    def finish(self) -> PsfKernels:
        """Return the kernels of all exposures, on stamps of one size.

        Returns
        -------
        psf : `PsfKernels`
            The kernels, in one cell if they do not vary.
        """
        size = max(kernel.shape[0] for row in self._kernels for kernel in row if kernel is not None)
        count = len(self._kernels)
        array = np.full((count, len(self._kernels[0]), size, size), np.nan, np.float32)
        for index, row in enumerate(self._kernels):
            for cell, kernel in enumerate(row):
                if kernel is not None:
                    array[index, cell] = padded_kernels(kernel, size)
        if (one := constant_kernels(array)) is not None:
            psf = PsfKernels.constant(one, self.box)
        else:
            cells = array.reshape(count, *self._grid_shape(), size, size)
            psf = PsfKernels(cells, self.box, self.cell_shape)
        oversampling = self._oversampling or 1
        if oversampling == 1:
            return psf
        return seen_by_pixels(dataclasses.replace(psf, oversampling=oversampling))

    def _grid_shape(self) -> tuple[int, int]:
        (height, width), (rows, columns) = self.box.shape, self.cell_shape
        return -(-height // rows), -(-width // columns)

    def _cells(self) -> Iterator[Box]:
        for i in range(self._grid_shape()[0]):
            for j in range(self._grid_shape()[1]):
                start = self.box.y_start + i * self.cell_shape[0], self.box.x_start + j * self.cell_shape[1]
                yield Box.from_shape(self.cell_shape, start).intersection(self.box)


def _nearest_valid(cell: Box, valid: np.ndarray, box: Box) -> tuple[float, float] | None:
    """Return the valid pixel of a cell that is nearest to its centre."""
    if not cell.overlaps(box):
        return None
    part = cell.intersection(box)
    points = np.argwhere(valid[part.slices_within(box)]) + (part.y_start, part.x_start)
    if not len(points):
        return None
    y, x = points[np.argmin(((points - cell.center) ** 2).sum(axis=1))]
    return float(y), float(x)


def _grid(box: Box, geometry: PatchGeometry | None, cell_size: int) -> tuple[Box, tuple[int, int]]:
    """Return the box and the cell shape of a grid that covers ``box``."""
    if geometry is None:
        return box, fit_cell_shape(box.shape, cell_size)
    # Snapped outwards, so that a piece of a patch gets the very kernels that
    # the whole patch has there.
    start, shape = psf_cells(geometry, cell_size)
    y = [start[0] + shape[0] * n for n in _span(box.y_start, box.y_stop, start[0], shape[0])]
    x = [start[1] + shape[1] * n for n in _span(box.x_start, box.x_stop, start[1], shape[1])]
    return Box(*y, *x), shape


def psf_cells(geometry: PatchGeometry, cell_size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the grid of cells in which the PSF of a patch is constant.

    Parameters
    ----------
    geometry : `PatchGeometry`
        The patch, whose own cells are taken unless they are much finer than
        needed; then as many of them as are needed make one.
    cell_size : `int`
        Side that a cell should have, in pixels.

    Returns
    -------
    start : `tuple` [`int`, `int`]
        First row and column of the grid.
    shape : `tuple` [`int`, `int`]
        Height and width of a cell.
    """
    cells = geometry.patch.cells
    own = cells.cell_shape.y, cells.cell_shape.x
    factor = 1 if 2 * min(own) > cell_size else round(cell_size / min(own))
    return (cells.bbox.y.start, cells.bbox.x.start), (factor * own[0], factor * own[1])


def _span(begin: int, end: int, origin: int, step: int) -> tuple[int, int]:
    return (begin - origin) // step, -(-(end - origin) // step)


def check_kernel(kernel: np.ndarray) -> None:
    """Raise unless an array can be the PSF kernel of an exposure.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Candidate.

    Raises
    ------
    InvalidExposureError
        Raised if it is not square with odd sides, not finite, or not of unit
        sum.
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
        raise InvalidExposureError(
            f"The PSF kernel must be square with odd sides; its shape is {kernel.shape}."
        )
    if not np.isfinite(kernel).all():
        raise InvalidExposureError("The PSF kernel has pixels that are not finite.")
    total = float(kernel.sum(dtype=np.float64))
    if not abs(total - 1.0) <= UNIT_SUM_TOLERANCE:
        raise InvalidExposureError(f"The PSF kernel is not of unit sum; its sum is {total:g}.")
