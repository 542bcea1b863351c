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

"""Warps of either image package, in memory or behind a dataset handle."""

from __future__ import annotations

__all__ = ("get_dataset", "get_inside", "read_arrays", "stored_box", "warp_box")

from typing import Any

from lsst.daf.butler import DeferredDatasetHandle
from lsst.images.cells import CellCoadd
from lsst.pipe.base import InMemoryDatasetHandle

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from .afw_exposures import is_exposure, read_exposure
from .afw_psfs import box_from_afw
from .cell_coadds import read_cell_coadd
from .geometry import box_from_images, box_to_images
from .warp_arrays import WarpArrays


def warp_box(warp: Any) -> Box:
    """Return the pixels of a warp, reading no more than that.

    Parameters
    ----------
    warp : `typing.Any`
        A dataset handle or an image in memory.

    Returns
    -------
    box : `Box`
        Its bounding box.

    Raises
    ------
    InvalidExposureError
        Raised if its file cannot be read.
    """
    if isinstance(warp, DeferredDatasetHandle):
        if (box := stored_box(warp)) is not None:
            return box
        warp = get_dataset(warp)
    warp = _loaded(warp)
    return _to_box(warp.bbox if isinstance(warp, CellCoadd) else warp.getBBox())


def stored_box(handle: DeferredDatasetHandle) -> Box | None:
    """Return the pixels of a dataset, if that can be told without reading it.

    Parameters
    ----------
    handle : `lsst.daf.butler.DeferredDatasetHandle`
        Of an image or a mask.

    Returns
    -------
    box : `Box` or `None`
        `None` if its storage class has no such component; ``Mask`` of
        ``lsst.afw`` has none.

    Raises
    ------
    InvalidExposureError
        Raised if its file cannot be read.
    """
    if "bbox" not in handle.ref.datasetType.storageClass.allComponents():
        return None
    return _to_box(get_dataset(handle, component="bbox"))


def read_arrays(
    warp: Any,
    box: Box | None = None,
    *,
    whole: Box | None = None,
    sky_map: Any = None,
    use_sky_map_cells: bool = False,
    cell_size: int = 300,
    finer_psfs: bool = False,
) -> WarpArrays:
    """Read a warp, or the part of it inside a box.

    Parameters
    ----------
    warp : `typing.Any`
        A dataset handle or an image in memory: a
        `lsst.images.cells.CellCoadd` or a ``lsst.afw.image.ExposureF``.
    box : `Box`, optional
        Pixels to read; must lie inside the warp.  By default those of its
        patch.
    whole : `Box`, optional
        All pixels of the warp, if only those of ``box`` are read.
    sky_map : ``lsst.skymap.BaseSkyMap``, optional
        Where tract and patch of an exposure lie.
    use_sky_map_cells : `bool`, optional
        Take the cells of the skymap for an exposure's patch.
    cell_size : `int`, optional
        Side of cells of an exposure's patch, in pixels.
    finer_psfs : `bool`, optional
        Ask the PSF model of an exposure what is between pixels, too.

    Returns
    -------
    arrays : `WarpArrays`
        The warp's arrays.

    Raises
    ------
    InvalidExposureError
        Raised if the warp is of neither type or lacks a part, or if its file
        cannot be read.
    """
    data_id = getattr(warp, "dataId", {})
    warp = _get(warp, box) if isinstance(warp, DeferredDatasetHandle) else _loaded(warp)
    if isinstance(warp, CellCoadd):
        return read_cell_coadd(warp, box)
    if is_exposure(warp):
        return read_exposure(
            warp,
            box,
            whole=whole,
            data_id=data_id,
            sky_map=sky_map,
            use_sky_map_cells=use_sky_map_cells,
            cell_size=cell_size,
            finer_psfs=finer_psfs,
        )
    raise InvalidExposureError(f"A warp must be a CellCoadd or an ExposureF; it is a {type(warp).__name__}.")


def _loaded(warp: Any) -> Any:
    return warp.get() if isinstance(warp, InMemoryDatasetHandle) else warp


def _get(handle: DeferredDatasetHandle, box: Box | None) -> Any:
    if box is None:
        return get_dataset(handle)
    is_afw = handle.ref.datasetType.storageClass_name.startswith("Exposure")
    return get_inside(handle, box, is_afw=is_afw)


def get_inside(handle: DeferredDatasetHandle, box: Box, *, is_afw: bool) -> Any:
    """Read a dataset, leaving pixels outside a box in the file if we can.

    Parameters
    ----------
    handle : `lsst.daf.butler.DeferredDatasetHandle`
        Of an image or a mask.
    box : `Box`
        Pixels to read; must lie inside the dataset.
    is_afw : `bool`
        Whether the dataset is read as one of ``lsst.afw``.

    Returns
    -------
    dataset : `typing.Any`
        What there is inside the box, or all of it.
    """
    if "bbox" not in handle.ref.datasetType.storageClass.parameters:
        return get_dataset(handle)
    images_box = box_to_images(box)
    return get_dataset(handle, parameters={"bbox": images_box.to_legacy() if is_afw else images_box})


def get_dataset(handle: Any, **options: Any) -> Any:
    """Read a dataset, with all that can be wrong with its file told alike.

    Parameters
    ----------
    handle : `lsst.daf.butler.DeferredDatasetHandle`
        The dataset.
    **options
        Arguments of its ``get``.

    Returns
    -------
    dataset : `typing.Any`
        What was asked for.

    Raises
    ------
    InvalidExposureError
        Raised if its file cannot be read.
    """
    try:
        return handle.get(**options)
    except (MemoryError, FileNotFoundError):
        # Not what is wrong with the data: the file may come back, and its path names the visit.
        raise
    except Exception as error:
        # Whatever a damaged file makes of those who read it, it is the file that is at fault.
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise InvalidExposureError(f"Its file cannot be read: {told}") from error


def _to_box(box: Any) -> Box:
    if hasattr(box, "getMinX"):
        return box_from_afw(box)
    return box_from_images(box)
