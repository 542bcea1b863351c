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

"""From warps, wherever they are, to one `ExposureStack`."""

from __future__ import annotations

__all__ = ("by_visit", "patch_box", "read_exposure_stack")

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lsst.pipe.base import NoWorkFound

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import DEFAULT_BAD_MASK_PLANES
from ..exposures.stack import ExposureStack
from .any_warp import read_arrays, warp_box
from .artifact_masks import add_artifact_mask
from .geometry import PatchGeometry
from .shared_terms import SharedTerms
from .stack_building import StackBuilder
from .warp_arrays import WarpArrays

_LOG = logging.getLogger(__name__)


def read_exposure_stack(
    warps: Mapping[int, Any] | Iterable[Any],
    *,
    bad_mask_planes: Sequence[str] = DEFAULT_BAD_MASK_PLANES,
    psf_cell_size: int = 100,
    band: str | None = None,
    box: Box | None = None,
    sky_map: Any = None,
    use_sky_map_cells: bool = False,
    artifact_masks: Mapping[int, Any] | None = None,
    finer_psfs: bool = False,
    terms: SharedTerms | None = None,
) -> ExposureStack:
    """Read the warps of one patch.

    Parameters
    ----------
    warps : `~collections.abc.Mapping` or `~collections.abc.Iterable`
        Warps by visit, or dataset handles whose data IDs name their visits.
        A warp is a dataset handle or an image in memory, and holds a
        `lsst.images.cells.CellCoadd` or a ``lsst.afw.image.ExposureF``.
    bad_mask_planes : `~collections.abc.Sequence` [`str`], optional
        Planes whose pixels are not valid, named as ``lsst.afw`` or as
        ``lsst.images`` does.
    psf_cell_size : `int`, optional
        Side, in pixels, of the cells in which the PSF is taken as constant.
        Where warps bring cells of their own that are not much smaller,
        these are kept.
    band : `str`, optional
        Name of the band; by default what the warps say.
    box : `Box`, optional
        Pixels to read, so that a large patch can be read piece by piece; by
        default the whole patch.  Warps that do not reach it are left out.
    sky_map : ``lsst.skymap.BaseSkyMap``, optional
        Where tracts and patches lie, for exposures, which do not say.
    use_sky_map_cells : `bool`, optional
        Take the pixels and the grid of the skymap's cells for the patch of
        exposures, as cell-based coadds do.
    artifact_masks : `~collections.abc.Mapping`, optional
        Masks by visit, as dataset handles or in memory.  The planes that are
        set in these are set in the warps, too.
    finer_psfs : `bool`, optional
        Ask the PSF models of exposures what is between pixels, too, which a
        restoration with ``upsampling`` is the better for.
    terms : `SharedTerms`, optional
        What pieces of the same patch that were read before have laid down.

    Returns
    -------
    stack : `ExposureStack`
        The exposures in the order of their visits.  Fluxes are in nanojansky
        where the unit of the warps can be converted, else in the unit of the
        first.  Pixels that a warp does not cover are not valid and have
        ``NO_DATA`` set.

    Raises
    ------
    InvalidExposureError
        Raised if a warp cannot be used or does not fit the others; says
        which.
    lsst.pipe.base.NoWorkFound
        Raised if no warp has a valid pixel.
    """
    warps = warps if isinstance(warps, Mapping) else by_visit(warps)
    terms = terms or SharedTerms()
    layout = {
        "sky_map": sky_map,
        "use_sky_map_cells": use_sky_map_cells,
        "cell_size": psf_cell_size,
        "finer_psfs": finer_psfs,
    }
    builder: StackBuilder | None = None
    for visit in sorted(warps):
        try:
            arrays = _read(visit, warps[visit], box, terms, layout)
            if arrays is None:
                _LOG.debug("%s does not reach %s.", _name(visit, warps[visit]), box)
                continue
            if artifact_masks and visit in artifact_masks:
                arrays = add_artifact_mask(arrays, artifact_masks[visit])
            if builder is None:
                terms.adopt(arrays.geometry)
                stack_box = box or patch_box(arrays.geometry, warps)
                builder = StackBuilder(stack_box, len(warps), terms, bad_mask_planes, psf_cell_size)
            if not builder.add(visit, arrays):
                level = logging.WARNING if box is None else logging.DEBUG
                _LOG.log(level, "%s has no valid pixel and is left out.", _name(visit, warps[visit]))
        except InvalidExposureError as error:
            raise InvalidExposureError(f"{_name(visit, warps[visit])}: {error}", visit=visit) from error
    if builder is None or not builder.visits:
        raise NoWorkFound(f"No warp has a valid pixel{f' in {box}' if box else ''}.")
    return builder.finish(band)


def by_visit(handles: Iterable[Any]) -> dict[int, Any]:
    """Return dataset handles by the visits that their data IDs name.

    Parameters
    ----------
    handles : `~collections.abc.Iterable`
        The handles.

    Returns
    -------
    warps : `dict` [`int`, `typing.Any`]
        The handles.

    Raises
    ------
    InvalidExposureError
        Raised if a visit occurs twice.
    """
    result: dict[int, Any] = {}
    for handle in handles:
        visit = int(handle.dataId["visit"])
        if visit in result:
            raise InvalidExposureError(f"Visit {visit} occurs more than once.", visit=visit)
        result[visit] = handle
    return result


def _name(visit: int, warp: Any) -> str:
    reference = getattr(warp, "ref", None)
    return f"Visit {visit}" if reference is None else f"Visit {visit} ({reference})"


def _read(
    visit: int, warp: Any, box: Box | None, terms: SharedTerms, layout: Mapping[str, Any]
) -> WarpArrays | None:
    if box is None:
        return read_arrays(warp, **layout)
    if visit not in terms.boxes:
        terms.boxes[visit] = warp_box(warp)
    whole = terms.boxes[visit]
    if not whole.overlaps(box):
        return None
    return read_arrays(warp, whole.intersection(box), whole=whole, **layout)


def patch_box(geometry: PatchGeometry | None, warps: Mapping[int, Any]) -> Box:
    """Return the box of the patch, or what the warps cover of it.

    Parameters
    ----------
    geometry : `PatchGeometry` or `None`
        Of the patch, if it is known.
    warps : `~collections.abc.Mapping`
        Warps by visit.

    Returns
    -------
    box : `Box`
        Pixels of the tract.
    """
    if geometry is not None:
        return geometry.outer_box
    return functools.reduce(Box.union, map(warp_box, warps.values()))
