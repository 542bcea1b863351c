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

"""What warps say of the light of stars that is beyond the stamps of their PSFs."""

from __future__ import annotations

__all__ = ("point_flux_scale",)

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lsst.daf.butler import DeferredDatasetHandle
from lsst.images.cells import CellCoadd, CellField, CellGridBounds, CellIJ, CoaddProvenance
from lsst.pipe.base import InMemoryDatasetHandle

from ..exposures.boxes import Box
from .any_warp import get_dataset
from .flux_scale import ERROR, POINT_FLUX, VALUE, PointFluxScale
from .geometry import PatchGeometry, box_from_images, box_to_images

FieldAt = Callable[[float, float], float]


def point_flux_scale(
    warps: Mapping[int, Any], provenance: CoaddProvenance, geometry: PatchGeometry, box: Box
) -> PointFluxScale:
    """Return the scale of PSF fluxes that warps have in common, from their aperture corrections.

    Parameters
    ----------
    warps : `~collections.abc.Mapping` [`int`, `typing.Any`]
        Dataset handles, or images in memory, by visit.
    provenance : `lsst.images.cells.CoaddProvenance`
        What each of them gives to each cell.
    geometry : `PatchGeometry`
        The patch.
    box : `Box`
        Pixels of the image.

    Returns
    -------
    scale : `PointFluxScale`
        The weighted harmonic mean of the warps, as
        ``lsst.cell_coadds.CoaddApCorrMapStacker`` takes it, for it is fluxes
        without a correction that are averaged; 1 where no warp says anything.
    """
    grid = geometry.patch.cells
    bounds: Any = CellGridBounds(grid=grid, bbox=grid.bbox)[box_to_images(box)]
    start, size = bounds.subgrid_start, bounds.subgrid_size
    sums = np.zeros((3, size.i, size.j))
    rows = provenance.contributions
    for visit, warp in warps.items():
        given = rows[rows["visit"] == visit]
        # What gives nothing to the image is not read.
        if not len(given) or (fields := _point_corrections(warp)) is None:
            continue
        for row in given:
            cell = CellIJ(i=int(row["cell_i"]), j=int(row["cell_j"]))
            value, error = (field(*box_from_images(grid.bbox_of(cell)).center) for field in fields)
            if np.isfinite(value) and value > 0:
                weight, error = float(row["weight"]), error if np.isfinite(error) else 0.0
                parts = weight, weight / value, (weight * error / value**2) ** 2
                sums[:, cell.i - start.i, cell.j - start.j] += parts
    total, inverse, square = sums
    known = total > 0
    value = np.divide(total, inverse, out=np.ones(total.shape), where=known)
    error = np.divide(value**2 * np.sqrt(square), total, out=np.zeros(total.shape), where=known)
    return PointFluxScale(value, error)


def _point_corrections(warp: Any) -> tuple[FieldAt, FieldAt] | None:
    """Return the correction of the PSF flux of a warp and its error, as functions of row and column."""
    fields = _stored_corrections(warp)
    if fields is None or (value := fields.get(POINT_FLUX + VALUE)) is None:
        return None
    error = fields.get(POINT_FLUX + ERROR)
    return _evaluator(value), _evaluator(error)


def _stored_corrections(warp: Any) -> Any:
    if isinstance(warp, InMemoryDatasetHandle):
        warp = warp.get()
    if not isinstance(warp, DeferredDatasetHandle):
        return warp.aperture_corrections if isinstance(warp, CellCoadd) else warp.getInfo().getApCorrMap()
    is_afw = warp.ref.datasetType.storageClass_name.startswith("Exposure")
    return get_dataset(warp, component="apCorrMap" if is_afw else "aperture_corrections")


def _evaluator(field: Any) -> FieldAt:
    if field is None:
        return lambda y, x: 0.0
    if isinstance(field, CellField):
        return lambda y, x: float(field(x=np.array([x]), y=np.array([y]))[0])
    return lambda y, x: _evaluated(field, y, x)


def _evaluated(field: Any, y: float, x: float) -> float:
    """Evaluate a field of ``lsst.afw``."""
    from lsst.geom import Point2D
    from lsst.pex.exceptions import Exception as AfwError

    try:
        return float(field.evaluate(Point2D(x, y)))
    except AfwError:
        # One that is made of many raises where none of these reaches.
        return float("nan")
