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

"""Noise that was warped as the exposures were, in files beside the warps."""

from __future__ import annotations

__all__ = ("NoiseWarps", "default_noise_storage_class")

from collections.abc import Mapping
from typing import Any

import numpy as np

from lsst.daf.butler import DeferredDatasetHandle
from lsst.images import MaskedImage
from lsst.pipe.base import InMemoryDatasetHandle

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import NO_DATA
from ..exposures.variances import have_errors
from .afw_exposures import default_warp_storage_class, read_mask
from .any_warp import get_dataset, get_inside, stored_box
from .cell_coadds import read_images_mask


class NoiseWarps:
    """One ``direct_warp_noise`` dataset of each visit.

    It is a `~lsst.acn.exposures.noise_source.NoiseSource`.  Dividing by their
    own variance planes makes the unit of the warps of no account, and leaves
    the correlations that warping has made.

    Parameters
    ----------
    warps : `~collections.abc.Mapping` [`int`, `typing.Any`]
        Dataset handles, or images in memory, by visit: `lsst.images.MaskedImage`
        or ``lsst.afw.image.MaskedImageF``.
    """

    def __init__(self, warps: Mapping[int, Any]) -> None:
        self._warps = warps

    def standard_noise(self, visit: int, box: Box) -> np.ndarray | None:
        if visit not in self._warps:
            return None
        try:
            image, variance, no_data, own = _read(self._warps[visit], box)
        except InvalidExposureError as error:
            raise InvalidExposureError(f"The warp of noise of visit {visit}: {error}", visit=visit) from error
        known = ~no_data & have_errors(image, variance)
        noise = np.full(image.shape, np.nan, np.float32)
        noise[known] = image[known] / np.sqrt(variance[known])
        result = np.full(box.shape, np.nan, np.float32)
        if own.overlaps(box):
            both = own.intersection(box)
            result[both.slices_within(box)] = noise[both.slices_within(own)]
        return result


def default_noise_storage_class() -> str:
    """Return the storage class that warps of noise have in this environment.

    Returns
    -------
    name : `str`
        ``MaskedImageF`` where ``lsst.afw`` can be imported, else
        ``MaskedImageV2``.
    """
    return "MaskedImageF" if default_warp_storage_class() == "ExposureF" else "MaskedImageV2"


def _read(warp: Any, wanted: Box) -> tuple[np.ndarray, np.ndarray, np.ndarray, Box]:
    """Return image, variance, where there is no data, and the box of these."""
    warp = _inside(warp, wanted)
    if isinstance(warp, MaskedImage):
        mask, planes, box = read_images_mask(warp.mask)
    elif type(warp).__module__.startswith("lsst.afw.image"):
        mask, planes, box = read_mask(warp.mask)
    else:
        raise InvalidExposureError(f"It is a {type(warp).__name__}, and no MaskedImage.")
    no_data = mask & np.uint32(1 << planes[NO_DATA]) if NO_DATA in planes else np.zeros_like(mask)
    return warp.image.array, warp.variance.array, no_data != 0, box


def _inside(warp: Any, wanted: Box) -> Any:
    """Return a warp, without the pixels that are not wanted if its storage allows."""
    if isinstance(warp, InMemoryDatasetHandle):
        return get_dataset(warp)
    if not isinstance(warp, DeferredDatasetHandle):
        return warp
    is_afw = not warp.ref.datasetType.storageClass_name.endswith("V2")
    if (box := stored_box(warp)) is None:
        # Those of afw do not say where they lie: they cover the patch, as their warps do.
        return get_inside(warp, wanted, is_afw=is_afw)
    if not box.overlaps(wanted):
        return get_dataset(warp)
    return get_inside(warp, wanted.intersection(box), is_afw=is_afw)
