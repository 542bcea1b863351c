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

"""What the flux of a star by its PSF is multiplied by, in the cells of a coadd."""

from __future__ import annotations

__all__ = ("ERROR", "POINT_FLUX", "VALUE", "PointFluxScale", "coadd_flux_scale")

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from lsst.images.cells import CellCoadd

POINT_FLUX = "base_PsfFlux"
VALUE, ERROR = "_instFlux", "_instFluxErr"
"""Ends of the names of a correction and of its error, as the stack has them."""


@dataclasses.dataclass(frozen=True, eq=False)
class PointFluxScale:
    """What the flux of a star, fitted with the PSFs of the warps, is multiplied by to be all of it.

    Parameters
    ----------
    value : `numpy.ndarray`
        By cell of the image, shape ``(rows, columns)``: above 1 where light is
        beyond the stamps of the PSFs.
    error : `numpy.ndarray`
        Its standard deviation, same shape.
    """

    value: np.ndarray
    error: np.ndarray

    def times(self, factors: Mapping[str, np.ndarray | float]) -> dict[str, np.ndarray]:
        """Return the corrections of algorithms.

        Parameters
        ----------
        factors : `~collections.abc.Mapping` [`str`, `numpy.ndarray` | `float`]
            What the fluxes of a star of that PSF are multiplied by, by
            algorithm.

        Returns
        -------
        corrections : `dict` [`str`, `numpy.ndarray`]
            By the name of the column and of that of its error, as a
            ``lsst.afw.image.ApCorrMap`` has them.
        """
        result = {}
        for name, factor in factors.items():
            result[name + VALUE] = self.value * factor
            result[name + ERROR] = self.error * factor
        return result


def coadd_flux_scale(coadd: CellCoadd) -> PointFluxScale:
    """Return what the aperture corrections of a coadd say of its PSF fluxes.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd.

    Returns
    -------
    scale : `PointFluxScale`
        In its cells; 1 where it says nothing.
    """
    value, error = (
        _in_cells(coadd, POINT_FLUX + end, otherwise) for end, otherwise in ((VALUE, 1.0), (ERROR, 0.0))
    )
    return PointFluxScale(value, error)


def _in_cells(coadd: CellCoadd, name: str, otherwise: float) -> np.ndarray:
    bounds: Any = coadd.bounds
    array = np.full(bounds.subgrid_size.as_tuple(), otherwise)
    if (field := coadd.aperture_corrections.get(name)) is None:
        return array
    for cell in bounds.cell_indices():
        where = cell - bounds.subgrid_start
        if cell not in field.bounds.missing:
            array[where.i, where.j] = field.value_in_cell(cell)
    return array
