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

"""Aperture corrections of images whose PSF is known."""

from __future__ import annotations

__all__ = ("StarCorrections", "make_correction_map", "psf_corrections")

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lsst.images import Box as ImagesBox
from lsst.images.cells import CellCoadd, CellField, CellPointSpreadFunction
from lsst.images.fields import ChebyshevField

from .flux_scale import PointFluxScale
from .geometry import box_from_images

MAX_ORDER = 2
"""Degree of the polynomial that stands for a correction over a patch."""

StarCorrections = Callable[[np.ndarray], Mapping[str, float]]
"""Takes a PSF kernel; returns what fluxes of a star are multiplied by to be its
whole flux, by algorithm."""


def psf_corrections(
    psf: CellPointSpreadFunction, corrections: StarCorrections, scale: PointFluxScale
) -> dict[str, CellField]:
    """Return the aperture corrections of a coadd in its cells.

    Parameters
    ----------
    psf : `lsst.images.cells.CellPointSpreadFunction`
        PSF of the coadd.
    corrections : `~collections.abc.Callable`
        Takes a PSF kernel; returns what fluxes of a star are multiplied by to
        be its whole flux, by algorithm.
    scale : `PointFluxScale`
        By how much the flux of a star is more than what its PSF says.

    Returns
    -------
    fields : `dict` [`str`, `lsst.images.cells.CellField`]
        By the name of the column, as a ``lsst.afw.image.ApCorrMap`` has them,
        and with an error for each.  Cells without a PSF have none.
    """
    bounds: Any = psf.bounds
    known: dict[bytes, Mapping[str, float]] = {}
    factors: dict[str, np.ndarray] = {}
    for cell in bounds.cell_indices():
        kernel = psf[cell].array
        # A restored image has the same PSF in all cells.
        if (key := kernel.tobytes()) not in known:
            known[key] = corrections(kernel)
        where = cell - bounds.subgrid_start
        for name, value in known[key].items():
            empty = np.full(bounds.subgrid_size.as_tuple(), np.nan)
            factors.setdefault(name, empty)[where.i, where.j] = value
    return {name: CellField(bounds, array) for name, array in scale.times(factors).items()}


def make_correction_map(coadd: CellCoadd, others: Any) -> Any:
    """Return aperture corrections as measurement takes them.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        Its corrections are polynomials over its pixels in the result.
    others : ``lsst.afw.image.ApCorrMap`` or `None`
        Where those of other algorithms come from.

    Returns
    -------
    corrections : ``lsst.afw.image.ApCorrMap`` or `None`
        All of them; ``others`` itself if the coadd has none.
    """
    if not coadd.aperture_corrections:
        return others
    from lsst.afw.image import ApCorrMap

    result = ApCorrMap()
    for name, field in [] if others is None else others.items():
        if name not in coadd.aperture_corrections:
            result[name] = field
    for name, cells in coadd.aperture_corrections.items():
        if (fitted := _fit(cells, coadd.bbox)) is not None:
            result[name] = fitted.to_legacy()
    return result


def _fit(field: CellField, bbox: ImagesBox) -> ChebyshevField | None:
    """Return a polynomial for the cells of a field, which is flat if these are few."""
    bounds: Any = field.bounds
    cells = list(bounds.cell_indices())
    values = np.array([field.value_in_cell(cell) for cell in cells], np.float64)
    if not np.isfinite(values).any():
        return None
    y, x = np.array([box_from_images(bounds.grid.bbox_of(cell)).center for cell in cells]).T
    y_order, x_order = (min(MAX_ORDER, (side - 1) // 2) for side in bounds.subgrid_size.as_tuple())
    return ChebyshevField.fit(bbox, values, y=y, x=x, y_order=y_order, x_order=x_order)
