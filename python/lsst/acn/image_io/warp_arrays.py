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

"""What the two image packages have in common: arrays, a box, a PSF."""

from __future__ import annotations

__all__ = ("MASK_BITS", "WarpArrays")

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from ..exposures.boxes import Box
from .geometry import PatchGeometry

MASK_BITS = 32
"""Mask planes that a warp may use at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class WarpArrays:
    """Pixels and PSF of one warp, whichever package holds it.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance, on ``box``.
    mask : `numpy.ndarray`
        Bit mask, uint32, on ``box``.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name.
    box : `Box`
        The pixels that there are.
    unit : `str`
        Unit of ``image``.
    band : `str` or `None`
        Name of the band.
    kernel_at : `~collections.abc.Callable`
        Function of row and column that returns the PSF kernel there, or
        `None` where there is none.
    geometry : `PatchGeometry` or `None`
        Patch that the warp belongs to, where the warp itself knows.
    psf_oversampling : `int`, optional
        Samples of its PSF kernels per pixel along each axis; with more than 1,
        they are those of the light before pixels see it.
    """

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    mask_planes: Mapping[str, int]
    box: Box
    unit: str
    band: str | None
    kernel_at: Callable[[float, float], np.ndarray | None]
    geometry: PatchGeometry | None
    psf_oversampling: int = 1
