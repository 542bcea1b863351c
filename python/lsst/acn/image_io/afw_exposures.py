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

"""Warps as ``lsst.afw.image.ExposureF``."""

from __future__ import annotations

__all__ = (
    "default_mask_storage_class",
    "default_warp_storage_class",
    "is_exposure",
    "is_mask",
    "make_exposure",
    "read_exposure",
    "read_mask",
)

import functools
import importlib.util
from collections.abc import Mapping
from typing import Any

import numpy as np

from lsst.images import SkyProjection, TractFrame
from lsst.images.cells import CellCoadd

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import canonical_plane_name
from ..exposures.oversampled_psfs import FIT_OVERSAMPLING
from .afw_psfs import box_from_afw, finer_kernel_at, kernel_at
from .aperture_corrections import make_correction_map
from .geometry import PatchGeometry, box_to_images
from .patch_layout import define_patch, define_patch_of_cells
from .sky_map_cells import cells_of_patch
from .warp_arrays import WarpArrays


def default_warp_storage_class() -> str:
    """Return the storage class that warps have in this environment.

    Returns
    -------
    name : `str`
        ``ExposureF`` where ``lsst.afw`` can be imported, else ``CellCoadd``.
    """
    return "ExposureF" if _has_afw() else "CellCoadd"


def default_mask_storage_class() -> str:
    """Return the storage class that masks of artifacts have here.

    Returns
    -------
    name : `str`
        ``Mask`` where ``lsst.afw`` can be imported, else ``MaskV2``.
    """
    return "Mask" if _has_afw() else "MaskV2"


def _has_afw() -> bool:
    try:
        return importlib.util.find_spec("lsst.afw") is not None
    except ModuleNotFoundError:
        return False


def is_exposure(image: Any) -> bool:
    """Tell whether an object is an afw exposure, without importing afw.

    Parameters
    ----------
    image : `typing.Any`
        Any object.

    Returns
    -------
    is_exposure : `bool`
        Whether `read_exposure` takes it.
    """
    return type(image).__module__.startswith("lsst.afw.image") and hasattr(image, "getMaskedImage")


def is_mask(image: Any) -> bool:
    """Tell whether an object is an afw mask, without importing afw.

    Parameters
    ----------
    image : `typing.Any`
        Any object.

    Returns
    -------
    is_mask : `bool`
        Whether `read_mask` takes it.
    """
    return type(image).__module__.startswith("lsst.afw.image") and hasattr(image, "getMaskPlaneDict")


def read_exposure(
    exposure: Any,
    box: Box | None = None,
    *,
    whole: Box | None = None,
    data_id: Mapping[str, Any] | None = None,
    sky_map: Any = None,
    use_sky_map_cells: bool = False,
    cell_size: int = 300,
    finer_psfs: bool = False,
) -> WarpArrays:
    """Return the arrays of an exposure, calibrated to nanojansky.

    Parameters
    ----------
    exposure : ``lsst.afw.image.ExposureF``
        The warp.
    box : `Box`, optional
        Pixels to return; by default all that belong to the patch: warps
        reach beyond it.
    whole : `Box`, optional
        All pixels of the warp, of which ``exposure`` may have a part only.
    data_id : `~collections.abc.Mapping`, optional
        Names of skymap, tract and patch.  Without it the arrays have no
        geometry.
    sky_map : ``lsst.skymap.BaseSkyMap``, optional
        Where the boxes of tract and patch come from.  Without it all pixels
        of the warp stand in for those of its patch.
    use_sky_map_cells : `bool`, optional
        Take the pixels and the grid of the skymap's cells for the patch.
    cell_size : `int`, optional
        Side of the cells of the patch, in pixels.
    finer_psfs : `bool`, optional
        Ask the PSF model what is between pixels, too.

    Returns
    -------
    arrays : `WarpArrays`
        The calibrated arrays.

    Raises
    ------
    InvalidExposureError
        Raised if the exposure has no photometric calibration or no PSF, or
        is of another visit than its data ID says, or if there are no cells.

    Notes
    -----
    Night, filter and exposure time are those of the Butler's records, so that
    the ``VisitInfo`` of an exposure is not asked.
    """
    _check_visit(exposure, data_id or {})
    photo_calib, psf, label = exposure.getPhotoCalib(), exposure.getPsf(), exposure.getFilter()
    if photo_calib is None:
        raise InvalidExposureError("There is no PhotoCalib, so the unit of the pixels is not known.")
    if psf is None:
        raise InvalidExposureError("There is no PSF.")
    own = box_from_afw(exposure.getBBox())
    geometry = _geometry(
        exposure, whole or own, data_id or {}, sky_map, None if use_sky_map_cells else cell_size
    )
    if box is None:
        box = own if geometry is None else own.intersection(geometry.outer_box)
    if box != own:
        exposure = exposure[box_to_images(box).to_legacy()]
    calibrated = photo_calib.calibrateImage(exposure.getMaskedImage())
    mask, mask_planes, box = read_mask(calibrated.mask)
    return WarpArrays(
        image=calibrated.image.array,
        variance=calibrated.variance.array,
        mask=mask,
        mask_planes=mask_planes,
        box=box,
        unit="nJy",
        band=label.bandLabel if label is not None and label.hasBandLabel() else None,
        kernel_at=functools.partial(finer_kernel_at if finer_psfs else kernel_at, psf),
        geometry=geometry,
        psf_oversampling=FIT_OVERSAMPLING if finer_psfs else 1,
    )


def _check_visit(exposure: Any, data_id: Mapping[str, Any]) -> None:
    inputs = exposure.getInfo().getCoaddInputs()
    if inputs is None or "visit" not in data_id:
        return
    visits = sorted(int(record.getId()) for record in inputs.visits)
    if visits and int(data_id["visit"]) not in visits:
        raise InvalidExposureError(f"Its CoaddInputs say that it is of visits {visits}.")


def read_mask(mask: Any) -> tuple[np.ndarray, dict[str, int], Box]:
    """Return the pixels, the planes and the position of a mask.

    Parameters
    ----------
    mask : ``lsst.afw.image.Mask``
        The mask.

    Returns
    -------
    pixels : `numpy.ndarray`
        Bit mask of each pixel, uint32, sharing memory with ``mask``.
    planes : `dict` [`str`, `int`]
        Bit number of each plane, by name.
    box : `Box`
        Position of the mask.
    """
    planes = {canonical_plane_name(name): bit for name, bit in mask.getMaskPlaneDict().items()}
    return mask.array.view(np.uint32), planes, box_from_afw(mask.getBBox())


def make_exposure(coadd: CellCoadd, coadd_inputs: Any, aperture_corrections: Any) -> Any:
    """Return a coadd as an exposure that detection and measurement take.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd, in nanojansky.
    coadd_inputs : ``lsst.afw.image.CoaddInputs``
        Which visits and detectors reach where.
    aperture_corrections : ``lsst.afw.image.ApCorrMap`` or `None`
        Aperture corrections of the same warps, where there are any: for the
        algorithms that the coadd has none for.

    Returns
    -------
    exposure : ``lsst.afw.image.ExposureF``
        Pixels, mask, PSF, WCS, calibration and filter of the coadd, with
        what the other two arguments give.
    """
    exposure = coadd.to_legacy()
    info = exposure.getInfo()
    info.setCoaddInputs(coadd_inputs)
    info.setApCorrMap(make_correction_map(coadd, aperture_corrections))
    return exposure


def _geometry(
    exposure: Any, whole: Box, data_id: Mapping[str, Any], sky_map: Any, cell_size: int | None
) -> PatchGeometry | None:
    """Return the geometry of a patch; without a size of cells, with those of the skymap."""
    if "patch" not in data_id or exposure.getWcs() is None:
        return None
    tract, patch = int(data_id["tract"]), int(data_id["patch"])
    outer = inner = whole
    tract_box, index = Box(min(0, outer.y_start), outer.y_stop, min(0, outer.x_start), outer.x_stop), (0, 0)
    if sky_map is None and cell_size is None:
        raise InvalidExposureError("There is no skymap to take cells from; add its collection to the inputs.")
    if sky_map is not None:
        info = sky_map[tract][patch]
        outer, inner = box_from_afw(info.getOuterBBox()), box_from_afw(info.getInnerBBox())
        tract_box, index = box_from_afw(sky_map[tract].getBBox()), (info.getIndex().y, info.getIndex().x)
    frame = TractFrame(skymap=str(data_id["skymap"]), tract=tract, bbox=box_to_images(tract_box))
    if cell_size is None:
        definition = define_patch_of_cells(patch, cells_of_patch(info), inner, index)
    else:
        definition = define_patch(patch, outer, inner, index, cell_size)
    projection = SkyProjection.from_legacy(exposure.getWcs(), frame, pixel_bounds=frame.bbox)
    return PatchGeometry(projection, definition)
