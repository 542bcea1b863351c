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

"""The pixels of a simulated exposure: image, variance and mask."""

from __future__ import annotations

__all__ = ("ExposurePlanes",)

import dataclasses

import numpy as np

from ..exposures.boxes import Box
from .faults.detector_defects import MASK_PLANES
from .pixel_grid import PixelGrid
from .warping import warp_image, warp_mask


@dataclasses.dataclass(frozen=True, eq=False)
class ExposurePlanes:
    """The pixels of one exposure as a pipeline would deliver them.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, NaN in part of the gaps.
    variance : `numpy.ndarray`
        Variance in nJy squared, same shape.
    mask : `numpy.ndarray`
        Bits of `MASK_PLANES`, uint32, same shape.
    background : `numpy.ndarray` or `None`
        What the medians of a coarse mesh took away, in nJy, same shape.
    """

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    background: np.ndarray | None = None

    def warped(self, grid: PixelGrid, box: Box) -> ExposurePlanes:
        """Return the planes on pixels of the tract.

        Parameters
        ----------
        grid : `PixelGrid`
            Where the pixels of this exposure lie.
        box : `Box`
            Tract pixels.

        Returns
        -------
        planes : `ExposurePlanes`
            A pixel that used a missing one is missing.
        """
        missing = np.isnan(self.image)
        image, variance = (np.where(missing, 0.0, plane) for plane in (self.image, self.variance))
        used_missing = warp_mask(missing, grid, box)
        mask = warp_mask(self.mask, grid, box)
        mask[used_missing] |= np.uint32(1 << MASK_PLANES["NO_DATA"])
        return ExposurePlanes(
            np.where(used_missing, np.nan, warp_image(image, grid, box)),
            np.where(used_missing, np.nan, warp_image(variance, grid, box, power=2)),
            mask,
            None if self.background is None else warp_image(self.background, grid, box),
        )

    def as_float32(self) -> ExposurePlanes:
        """Return the planes in single precision, the mask as it is.

        Returns
        -------
        planes : `ExposurePlanes`
            Copies.
        """
        background = None if self.background is None else self.background.astype(np.float32)
        return ExposurePlanes(
            self.image.astype(np.float32), self.variance.astype(np.float32), self.mask, background
        )
