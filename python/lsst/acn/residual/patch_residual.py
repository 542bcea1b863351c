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

"""The residual of a whole patch, while its exposures pass by."""

from __future__ import annotations

__all__ = ("cells_in", "residual_cells", "residual_of_patch")

from collections.abc import Iterator

import numpy as np

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..machine.threads import for_each
from ..residual_image import ResidualImage
from .cell_residual import CellResidual, PictureSpectra, mean_autocorrelation, residual_of_cell

CELL_SIZE = 256
"""Side in pixels that cells of the residual should have: the smaller they are,
the more of the work is on pixels around them."""


def residual_of_patch(
    exposures: ExposureSource, restored: np.ndarray, spectra: PictureSpectra
) -> ResidualImage:
    """Return what a restored image leaves over of its exposures.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures that were restored; of a large patch, a few rows are
        read at a time.
    restored : `numpy.ndarray`
        Image that ``spectra.kernel`` turns into the restored one, on the patch
        grown by half a PSF kernel.
    spectra : `PictureSpectra`
        Its way to the restored image.

    Returns
    -------
    residual : `ResidualImage`
        On the patch, in the cells of the exposures' PSFs.
    """
    restored_box = exposures.box.grown_by(exposures.psf.radius)
    medians = exposures.median_variances()
    grid, cell_shape = residual_cells(exposures)
    collected = _Collected(exposures, grid, cell_shape)
    for rows, strip in exposures.strips(exposures.psf.radius):
        cells = list(cells_in(rows, grid, cell_shape))

        def one(number: int, strip: ExposureStack = strip, cells: list[Box] = cells) -> CellResidual:
            return residual_of_cell(strip, cells[number], restored, restored_box, spectra, medians)

        for cell, part in zip(cells, for_each(one, len(cells)), strict=True):
            collected.add(cell, part)
    return collected.finish()


def residual_cells(exposures: ExposureSource) -> tuple[Box, tuple[int, int]]:
    """Return the cells in which the PSFs are taken as constant.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.

    Returns
    -------
    grid : `Box`
        Pixels that the cells cover.
    cell_shape : `tuple` [`int`, `int`]
        Height and width of a cell.
    """
    psf = exposures.psf
    if psf.is_constant:
        height, width = (-(-side // -(-side // CELL_SIZE)) for side in exposures.box.shape)
        return exposures.box, (height, width)
    height, width = (side * max(CELL_SIZE // side, 1) for side in psf.cell_shape)
    return psf.box, (height, width)


def cells_in(rows: Box, grid: Box, cell_shape: tuple[int, int]) -> Iterator[Box]:
    """Yield the parts of cells that are in some rows of the patch.

    Parameters
    ----------
    rows : `Box`
        These rows, or any other box.
    grid : `Box`
        Pixels that the cells cover.
    cell_shape : `tuple` [`int`, `int`]
        Height and width of a cell.

    Yields
    ------
    part : `Box`
        Row by row.
    """
    height, width = cell_shape
    for y in range(grid.y_start, grid.y_stop, height):
        for x in range(grid.x_start, grid.x_stop, width):
            cell = Box.from_shape(cell_shape, (y, x))
            if cell.overlaps(rows):
                yield cell.intersection(rows)


class _Collected:
    """The cells that are done."""

    def __init__(self, exposures: ExposureSource, grid: Box, cell_shape: tuple[int, int]) -> None:
        self._exposures, self._box = exposures, exposures.box
        self._grid, self._cell_shape = grid, cell_shape
        self._image = np.zeros(exposures.box.shape, np.float32)
        self._variance = np.full(exposures.box.shape, np.inf, np.float32)
        self._coverage = np.zeros(exposures.box.shape, np.float32)
        rows, columns = (
            -(-side // cell) for side, cell in zip(grid.shape, cell_shape, strict=True)
        )  # fmt: skip
        size = 2 * exposures.psf.size - 1
        self._psfs = np.full((1, rows, columns, size, size), np.nan, np.float32)

    def add(self, cell: Box, part: CellResidual) -> None:
        where = cell.slices_within(self._box)
        self._image[where], self._variance[where] = part.image, part.variance
        self._coverage[where] = part.coverage
        if part.psf is not None:
            i = (cell.y_start - self._grid.y_start) // self._cell_shape[0]
            j = (cell.x_start - self._grid.x_start) // self._cell_shape[1]
            self._psfs[0, i, j] = part.psf

    def finish(self) -> ResidualImage:
        if np.isnan(self._psfs).all():
            # So few pixels are valid that nothing is said of any: the PSF that it would have.
            self._psfs[:] = self._usual_psf()
        psf = PsfKernels(self._psfs, self._grid, self._cell_shape)
        return ResidualImage(self._image, self._variance, self._coverage, psf, self._box)

    def _usual_psf(self) -> np.ndarray:
        weights = 1.0 / self._exposures.median_variances()
        kernels = self._exposures.psf.at(*self._box.center)
        return mean_autocorrelation(kernels, weights / weights.sum())
