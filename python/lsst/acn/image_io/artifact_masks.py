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

"""Masks of artifacts, which are stored beside the warps they belong to."""

from __future__ import annotations

__all__ = ("add_artifact_mask",)

import dataclasses
from typing import Any

import numpy as np

from lsst.daf.butler import DeferredDatasetHandle
from lsst.images import Mask
from lsst.pipe.base import InMemoryDatasetHandle

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from .afw_exposures import is_mask, read_mask
from .any_warp import get_dataset, get_inside, stored_box
from .cell_coadds import read_images_mask
from .warp_arrays import MASK_BITS, WarpArrays


def add_artifact_mask(arrays: WarpArrays, mask: Any) -> WarpArrays:
    """Return a warp with the planes of a mask of artifacts set, too.

    Parameters
    ----------
    arrays : `WarpArrays`
        The warp.
    mask : `typing.Any`
        A dataset handle or a mask in memory: a `lsst.images.Mask` or a
        ``lsst.afw.image.Mask`` that covers the warp.

    Returns
    -------
    arrays : `WarpArrays`
        The warp with another mask; all else is shared.

    Raises
    ------
    InvalidExposureError
        Raised if the mask is of neither type or does not cover the warp.
    """
    pixels, planes, box = _read_mask(mask, arrays.box)
    if not box.contains(arrays.box):
        raise InvalidExposureError(f"Its mask of artifacts on {box} does not cover its pixels {arrays.box}.")
    pixels = pixels[arrays.box.slices_within(box)]
    result, bits = arrays.mask.copy(), dict(arrays.mask_planes)
    for name, bit in planes.items():
        marked = pixels >> np.uint32(bit) & np.uint32(1)
        if marked.any():
            result |= marked << np.uint32(_bit_for(name, bits))
    return dataclasses.replace(arrays, mask=result, mask_planes=bits)


def _bit_for(name: str, bits: dict[str, int]) -> int:
    """Return the bit of a plane, taking a free one if it has none."""
    if name not in bits:
        free = sorted(set(range(MASK_BITS)) - set(bits.values()))
        if not free:
            raise InvalidExposureError(f"There is no bit left for plane {name} of its mask of artifacts.")
        bits[name] = free[0]
    return bits[name]


def _read_mask(mask: Any, wanted: Box) -> tuple[np.ndarray, dict[str, int], Box]:
    """Return the pixels of a mask, its planes, and its box: no more than is
    wanted if the storage allows.
    """
    if isinstance(mask, DeferredDatasetHandle):
        # One that does not say where it lies is taken to cover the patch, as it has to.
        box = stored_box(mask)
        is_afw = mask.ref.datasetType.storageClass_name != "MaskV2"
        covers = box is None or box.contains(wanted)
        mask = get_inside(mask, wanted, is_afw=is_afw) if covers else get_dataset(mask)
    elif isinstance(mask, InMemoryDatasetHandle):
        mask = get_dataset(mask)
    if isinstance(mask, Mask):
        return read_images_mask(mask)
    if is_mask(mask):
        return read_mask(mask)
    raise InvalidExposureError(f"A mask of artifacts must not be a {type(mask).__name__}.")
