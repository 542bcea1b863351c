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

"""The PSF of a simulated exposure: atmosphere, optics and pixel."""

from __future__ import annotations

__all__ = ("PsfModel",)

import functools
from typing import Any

import numpy as np

from ..exposures.boxes import Box
from .exposure_conditions import ExposureConditions
from .optics import Optics

OVERSAMPLING = 3
"""Samples per pixel from which a PSF is interpolated; odd (`int`)."""

TAPER_START = 0.75
"""Share of the stamp's radius where the taper begins (`float`)."""


class PsfModel:
    """A sheared Kolmogorov profile through a pixel, that may vary.

    Parameters
    ----------
    conditions : `ExposureConditions`
        Seeing, shape and their gradients.
    box : `Box`
        The field over which the gradients run.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    size : `int`
        Odd side of the PSF's stamp in pixels.
    optics : `Optics`, optional
        Defocus, and the aureole, which profile and kernel do not hold.
    angle : `float`, optional
        Angle in radians between the detector's pixels and those of the tract.

    Notes
    -----
    The profile falls smoothly to nothing at the radius of the stamp, so that
    the kernels hold all of it and the exposures of a scene agree on the flux
    of every source.
    """

    def __init__(
        self,
        conditions: ExposureConditions,
        box: Box,
        pixel_scale: float,
        size: int,
        optics: Optics = Optics(),  # noqa: B008
        angle: float = 0.0,
    ) -> None:
        self.conditions = conditions
        self.box = box
        self.pixel_scale = pixel_scale
        self.size = size
        self.optics = optics
        self.angle = angle
        gradients = (conditions.fwhm_gradient, conditions.g1_gradient, conditions.g2_gradient)
        self.is_constant = not np.any(gradients)
        self._profile = functools.lru_cache(maxsize=1)(self._make_profile)

    def shape_at(self, y: float, x: float) -> tuple[float, float, float]:
        """Return the size and shape of the PSF at a point.

        Parameters
        ----------
        y, x : `float`
            Tract pixels.

        Returns
        -------
        fwhm : `float`
            Full width at half maximum in arcsec, before the pixel.
        g1, g2 : `float`
            Shape (reduced shear).
        """
        c = self.conditions
        center, shape = self.box.center, self.box.shape
        v, u = (y - center[0]) / shape[0], (x - center[1]) / shape[1]
        fwhm = c.fwhm * (1.0 + c.fwhm_gradient[0] * v + c.fwhm_gradient[1] * u)
        g1 = c.g1 + c.g1_gradient[0] * v + c.g1_gradient[1] * u
        g2 = c.g2 + c.g2_gradient[0] * v + c.g2_gradient[1] * u
        return fwhm, g1, g2

    def profile_at(self, y: float, x: float) -> Any:
        """Return the PSF at a point, pixel included, as GalSim draws it.

        Parameters
        ----------
        y, x : `float`
            Tract pixels.

        Returns
        -------
        profile : `galsim.GSObject`
            Unit flux, sizes in arcsec; draw it with ``method="no_pixel"``.
        """
        return self._profile(*self.shape_at(y, x))

    def kernel_at(self, y: float, x: float) -> np.ndarray:
        """Return the PSF kernel at a point.

        Parameters
        ----------
        y, x : `float`
            Tract pixels.

        Returns
        -------
        kernel : `numpy.ndarray`
            Float32 stamp of unit sum, shape ``(size, size)``.
        """
        stamp = self.profile_at(y, x).drawImage(
            nx=self.size, ny=self.size, scale=self.pixel_scale, method="no_pixel", dtype=np.float64
        )
        return (stamp.array / stamp.array.sum()).astype(np.float32)

    def kernels(self, box: Box, cell_shape: tuple[int, int]) -> np.ndarray:
        """Return the kernels in the middle of each cell of a grid.

        Parameters
        ----------
        box : `Box`
            Pixels that the cells cover, in tract pixels.
        cell_shape : `tuple` [`int`, `int`]
            Height and width of a cell in pixels.

        Returns
        -------
        kernels : `numpy.ndarray`
            Shape ``(n_cells_y, n_cells_x, size, size)``; a single cell if the
            PSF does not vary.
        """
        if self.is_constant:
            return self.kernel_at(*self.box.center)[None, None]
        ys = _centers(box.y_start, box.y_stop, cell_shape[0])
        xs = _centers(box.x_start, box.x_stop, cell_shape[1])
        return np.stack([np.stack([self.kernel_at(y, x) for x in xs]) for y in ys])

    def _make_profile(self, fwhm: float, g1: float, g2: float) -> Any:
        import galsim

        atmosphere = galsim.Kolmogorov(fwhm=fwhm).shear(g1=g1, g2=g2)
        pixel = galsim.Pixel(self.pixel_scale)
        if self.angle:
            pixel = pixel.rotate(self.angle * galsim.radians)
        parts = [atmosphere, pixel, *self._defocus()]
        side = OVERSAMPLING * self.size
        samples = galsim.Convolve(parts).drawImage(
            nx=side, ny=side, scale=self.pixel_scale / OVERSAMPLING, method="no_pixel", dtype=np.float64
        )
        samples.array[:] *= _taper(side)
        return galsim.InterpolatedImage(
            samples,
            x_interpolant="quintic",
            flux=1.0,
            # The limits of the smooth profile: those of the interpolant's own wiggles cost
            # transforms a hundred times larger.
            _force_maxk=atmosphere.maxk,
            _force_stepk=np.pi / (0.5 * self.size * self.pixel_scale),
        )

    def _defocus(self) -> list[Any]:
        """Return the image of the pupil, if the exposure is out of focus."""
        import galsim

        optics = self.optics
        if optics.donut_diameter == 0:
            return []
        radius, hole = 0.5 * optics.donut_diameter, optics.obscuration**2
        disc = galsim.TopHat(radius, flux=1.0 / (1.0 - hole))
        if hole == 0:
            return [disc]
        return [disc - galsim.TopHat(radius * optics.obscuration, flux=hole / (1.0 - hole))]


def _centers(start: int, stop: int, cell: int) -> np.ndarray:
    """Return the middle of each cell, or of the part of it that is inside."""
    starts = np.arange(start, stop, cell)
    return 0.5 * (starts + np.minimum(starts + cell, stop) - 1)


def _taper(side: int) -> np.ndarray:
    """Return a round window that falls from 1 to 0 as a squared cosine."""
    offset = np.arange(side) - side // 2
    radius = np.hypot(offset[:, None], offset[None, :]) / (side // 2)
    phase = np.clip((radius - TAPER_START) / (1.0 - TAPER_START), 0.0, 1.0)
    return np.cos(0.5 * np.pi * phase) ** 2
