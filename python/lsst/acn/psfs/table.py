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


"""Fitted PSFs as a table, which a Butler keeps."""

from __future__ import annotations

__all__ = ("make_psf_table", "read_psf_table")

from collections.abc import Mapping

import numpy as np
from astropy.table import Table

from ..errors import UnknownPsfError
from ..exposures.boxes import Box
from ..exposures.estimated_psfs import EstimatedPsfs
from ..exposures.psf_kernels import PsfKernels, kernel_moments
from ..metrics.psf_width import psf_fwhm

DESCRIPTIONS = {
    "visit": "Identifier of the exposure.",
    "fwhm": "Width of the PSF in the middle of the patch; pixels.",
    "moment_xx": "Adaptive second moment along x there; pixels squared.",
    "moment_yy": "Adaptive second moment along y there; pixels squared.",
    "moment_xy": "Adaptive second moment across there; pixels squared.",
    "n_stars": "Number of stars that told; 0 where it was the whole of the light.",
    "kernel": "Kernels of unit sum, by row and column of cells.",
    "kernel_error": "Standard error of each pixel of a kernel.",
    "box": "First and last but one row, first and last but one column of what the cells cover.",
    "cell_shape": "Height and width of a cell in pixels.",
}


def make_psf_table(psfs: EstimatedPsfs | None, record: Mapping[str, int | float | str]) -> Table:
    """Return fitted PSFs as a table.

    Parameters
    ----------
    psfs : `EstimatedPsfs` or `None`
        The PSFs; `None` where none could be fitted.
    record : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`]
        Provenance, for the metadata of the table.

    Returns
    -------
    table : `astropy.table.Table`
        A row per exposure; none where no PSF was fitted.
    """
    if psfs is None:
        return Table({"visit": np.zeros(0, np.int64)}, meta=dict(record))
    n, box = len(psfs.visits), psfs.psf.box
    middle = psfs.psf.at(*box.center)
    moments = np.array([kernel_moments(kernel) for kernel in middle])
    columns = {
        "visit": np.array(psfs.visits, np.int64),
        "fwhm": np.array([psf_fwhm(kernel) for kernel in middle]),
        "moment_xx": moments[:, 0],
        "moment_yy": moments[:, 1],
        "moment_xy": moments[:, 2],
        "n_stars": np.full(n, psfs.n_stars, np.int64),
        "kernel": psfs.psf.kernels,
        "kernel_error": psfs.errors,
        "box": np.tile(np.array([box.y_start, box.y_stop, box.x_start, box.x_stop], np.int64), (n, 1)),
        "cell_shape": np.tile(np.array(psfs.psf.cell_shape, np.int64), (n, 1)),
    }
    return Table(columns, descriptions=DESCRIPTIONS, meta=dict(record))


def read_psf_table(table: Table) -> EstimatedPsfs | None:
    """Return the PSFs that a table holds.

    Parameters
    ----------
    table : `astropy.table.Table`
        From `make_psf_table`.

    Returns
    -------
    psfs : `EstimatedPsfs` or `None`
        `None` where none could be fitted.

    Raises
    ------
    UnknownPsfError
        Raised if the table holds something else.
    """
    if len(table) == 0:
        return None
    if missing := sorted(set(DESCRIPTIONS) - set(table.colnames)):
        raise UnknownPsfError(f"The table of fitted PSFs has no columns {missing}.")
    box = Box(*(int(edge) for edge in table["box"][0]))
    height, width = (int(side) for side in table["cell_shape"][0])
    return EstimatedPsfs(
        visits=tuple(int(visit) for visit in table["visit"]),
        psf=PsfKernels(np.asarray(table["kernel"]), box, (height, width)),
        errors=np.asarray(table["kernel_error"], np.float32),
        n_stars=int(table["n_stars"][0]),
    )
