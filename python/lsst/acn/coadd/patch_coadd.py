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

"""The coadd of a patch, whether its exposures are in memory or not."""

from __future__ import annotations

__all__ = ("PatchCoadd", "assemble_patch_coadd")

import dataclasses
from collections.abc import Callable

import numpy as np

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels, padded_kernels
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from .coaddition import Coadd, assemble_coadd, exposure_weights


@dataclasses.dataclass(frozen=True, eq=False)
class PatchCoadd:
    """The weighted mean of the exposures of a patch.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        As in `Coadd`, on the whole patch.
    n_valid, exact_psf : `numpy.ndarray`
        As in `Coadd`.
    psf : `PsfKernels`
        Effective PSF; NaN in cells without data.
    """

    image: np.ndarray
    variance: np.ndarray
    n_valid: np.ndarray
    exact_psf: np.ndarray
    psf: PsfKernels


def assemble_patch_coadd(
    exposures: ExposureSource,
    *,
    cell_box: Box,
    cell_shape: tuple[int, int],
    min_valid_fraction: float,
    on_strip: Callable[[Box, ExposureStack, Coadd], None],
) -> PatchCoadd:
    """Average the exposures of a patch, strip by strip.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    cell_box : `Box`
        Pixels that the cells of the coadd's PSF cover.
    cell_shape : `tuple` [`int`, `int`]
        Height and width of these cells.
    min_valid_fraction : `float`
        As `assemble_coadd` takes it.
    on_strip : `~collections.abc.Callable`
        Told the pixels, the exposures and the coadd of each strip.

    Returns
    -------
    coadd : `PatchCoadd`
        The coadd.
    """
    shape = exposures.box.shape
    image, variance = np.full((2, *shape), np.nan, np.float32)
    n_valid, exact_psf = np.zeros(shape, np.int32), np.ones(shape, bool)
    weights = dict(zip(exposures.visits, exposure_weights(exposures), strict=True))
    kernels: dict[int, np.ndarray] = {}
    for box, strip in exposures.strips(0):
        rows = _cell_rows(box, cell_box, cell_shape[0])
        coadd = assemble_coadd(
            strip,
            cell_box=rows,
            cell_shape=cell_shape,
            min_valid_fraction=min_valid_fraction,
            weights=np.array([weights[visit] for visit in strip.visits]),
        )
        where = box.slices_within(exposures.box)
        image[where], variance[where] = coadd.image, coadd.variance
        n_valid[where], exact_psf[where] = coadd.n_valid, coadd.exact_psf
        kernels[(rows.y_start - cell_box.y_start) // cell_shape[0]] = coadd.psf.kernels[0]
        on_strip(box, strip, coadd)
    return PatchCoadd(image, variance, n_valid, exact_psf, _joined(kernels, cell_box, cell_shape))


def _cell_rows(box: Box, cell_box: Box, height: int) -> Box:
    """Return the rows of cells that a box touches."""
    start = (box.y_start - cell_box.y_start) // height * height + cell_box.y_start
    stop = -((cell_box.y_start - box.y_stop) // height) * height + cell_box.y_start
    return Box(max(start, cell_box.y_start), min(stop, cell_box.y_stop), cell_box.x_start, cell_box.x_stop)


def _joined(kernels: dict[int, np.ndarray], box: Box, shape: tuple[int, int]) -> PsfKernels:
    n_rows = -(-box.shape[0] // shape[0])
    n_columns = next(iter(kernels.values())).shape[1]
    size = max(part.shape[-1] for part in kernels.values())
    joined = np.full((1, n_rows, n_columns, size, size), np.nan, np.float32)
    for row, part in kernels.items():
        joined[0, row : row + len(part)] = padded_kernels(part, size)
    return PsfKernels(joined, box, shape)
