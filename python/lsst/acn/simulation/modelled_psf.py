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

"""The PSF models that come with simulated exposures, right or wrong."""

from __future__ import annotations

__all__ = ("ModelledPsf",)

import math
from typing import Any

import numpy as np

from ..exposures.boxes import Box
from .faults.psf_errors import PsfErrors
from .optics import scatter_light
from .pixel_grid import PixelGrid
from .psf_model import PsfModel
from .warping import REACH, warp_image


class ModelledPsf(PsfModel):
    """What a pipeline would know of the PSF of an exposure.

    Parameters
    ----------
    drawn : `PsfModel`
        The PSF through which its sources were drawn.
    errors : `PsfErrors`
        What the model gets wrong.
    grid : `PixelGrid`
        The pixels of the detector, without the shift that nobody knows of.

    Notes
    -----
    The kernel of a warp is that of a star which is drawn on the pixels of the
    detector and warped as the exposure is, as pipelines do it.
    """

    def __init__(self, drawn: PsfModel, errors: PsfErrors, grid: PixelGrid) -> None:
        super().__init__(
            drawn.conditions, drawn.box, drawn.pixel_scale, drawn.size, drawn.optics, drawn.angle
        )
        self.errors = errors
        self.grid = grid

    def profile_at(self, y: float, x: float) -> Any:
        """Return the model's PSF at a point, pixel included, without aureole.

        Parameters
        ----------
        y, x : `float`
            Tract pixels.

        Returns
        -------
        profile : `galsim.GSObject`
            Unit flux, sizes in arcsec; centred whether or not the kernel is.
        """
        return self.errors.changed(super().profile_at(y, x))

    def kernel_at(self, y: float, x: float) -> np.ndarray:
        """Return the model's kernel at a point.

        Parameters
        ----------
        y, x : `float`
            Tract pixels.

        Returns
        -------
        kernel : `numpy.ndarray`
            Float32 stamp of unit sum, shape ``(size, size)``.
        """
        if self._is_plain:
            return super().kernel_at(y, x)
        margin = self.optics.aureole_reach(self.pixel_scale)
        middle = math.floor(y + 0.5), math.floor(x + 0.5)
        radius = self.size // 2
        stamp = Box(middle[0] - radius, middle[0] + radius + 1, middle[1] - radius, middle[1] + radius + 1)
        star = self._star(middle, stamp.grown_by(margin))
        kernel = scatter_light(star, self.optics, self.pixel_scale)
        kernel = kernel[margin : len(kernel) - margin, margin : len(kernel) - margin]
        return self.errors.cut(kernel).astype(np.float32)

    @property
    def _is_plain(self) -> bool:
        """Whether the kernel is just the profile on the patch's pixels."""
        is_whole = self.errors.cut_radius is None and self.optics.aureole_share == 0
        return is_whole and not self.grid.angle and not any(self.grid.shift) and not any(self.errors.offset)

    def _star(self, middle: tuple[int, int], stamp: Box) -> np.ndarray:
        """Return a star of unit flux on a stamp of the patch."""
        import galsim

        is_warped = bool(self.grid.angle) or any(self.grid.shift)
        grid = self.grid.covering(stamp, REACH) if is_warped else PixelGrid(stamp)
        y, x = grid.from_tract(middle[0] + self.errors.offset[0], middle[1] + self.errors.offset[1])
        side = self.size + 2 * REACH
        image = galsim.ImageD(np.zeros(grid.box.shape), xmin=grid.box.x_start, ymin=grid.box.y_start)
        drawn = self.profile_at(*middle).drawImage(
            nx=side,
            ny=side,
            center=galsim.PositionD(x, y),
            method="no_pixel",
            dtype=np.float64,
            **grid.galsim_scale(self.pixel_scale),
        )
        bounds = drawn.bounds & image.bounds
        image[bounds] += drawn[bounds]
        return warp_image(image.array, grid, stamp) if is_warped else image.array
