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

"""A simulated field: exposures, and the truth behind them."""

from __future__ import annotations

__all__ = ("SimulatedField",)

import dataclasses
import functools

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.stack import ExposureStack
from ..image_io import tangent_plane_wcs
from .draw_sources import draw_truth
from .exposure_conditions import ExposureConditions
from .faults.detector_defects import MASK_PLANES
from .faults.nuisances import Nuisances
from .faults.psf_errors import PsfErrors
from .field_psfs import drawn_psf, kernels_of_models
from .psf_model import PsfModel
from .simulation_config import SimulationConfig
from .sky.sky_scene import SkyScene


@dataclasses.dataclass(frozen=True, eq=False)
class SimulatedField:
    """Exposures of one scene together with that scene.

    Parameters
    ----------
    config : `SimulationConfig`
        What was asked for.
    scene : `SkyScene`
        The sources, some of them just outside the field.
    conditions : `tuple` [`ExposureConditions`]
        Seeing, depth and sky residual of each exposure.
    image, variance : `numpy.ndarray`
        Flux in nJy and its variance, float32, shape ``(n, height, width)``,
        NaN in part of the gaps.
    mask : `numpy.ndarray`
        Bits of `MASK_PLANES`, uint32, same shape.
    psf : `PsfKernels`
        PSF kernels of the exposures as their models have them, right or
        wrong.
    box : `Box`
        Pixels of the field on the grid of its tract.
    nuisances : `tuple` [`Nuisances`]
        What is wrong with each exposure.
    background : `numpy.ndarray` or `None`
        What the medians of a coarse mesh took away from each exposure in nJy,
        of the shape of ``image``; `None` if nothing did.

    See Also
    --------
    simulate_field : Makes one.
    """

    config: SimulationConfig
    scene: SkyScene
    conditions: tuple[ExposureConditions, ...]
    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    psf: PsfKernels
    box: Box
    nuisances: tuple[Nuisances, ...]
    background: np.ndarray | None = None

    @functools.cached_property
    def stack(self) -> ExposureStack:
        """The exposures without their masked pixels (`ExposureStack`)."""
        return ExposureStack.from_arrays(
            self.image,
            self.variance,
            self.psf,
            valid=self.mask == 0,
            box=self.box,
            visits=[conditions.visit for conditions in self.conditions],
            unit="nJy",
            mask=self.mask,
            mask_planes=MASK_PLANES,
            band=self.config.band,
        )

    @functools.cached_property
    def wcs(self) -> WCS:
        """Tangent-plane sky coordinates of tract pixels (`~astropy.wcs.WCS`)."""
        y, x = self.config.center_pixel or self.config.box.center
        return tangent_plane_wcs(*self.config.center, self.config.pixel_scale, y=y, x=x)

    @functools.cached_property
    def catalog(self) -> Table:
        """The true sources (`~astropy.table.Table`).

        The columns of `SkyScene.catalog`, ``ra`` and ``dec`` (degrees), and
        ``in_field``, which tells whether the source is inside the field.
        """
        catalog = self.scene.catalog.copy()
        ra, dec = self.wcs.pixel_to_world_values(catalog["x"], catalog["y"])
        catalog.add_columns([ra, dec], names=["ra", "dec"], indexes=[3, 3])
        catalog["ra"].unit = catalog["dec"].unit = "deg"
        y, x = np.round(catalog["y"]), np.round(catalog["x"])
        rows = (y >= self.box.y_start) & (y < self.box.y_stop)
        catalog["in_field"] = np.asarray(rows & (x >= self.box.x_start) & (x < self.box.x_stop))
        return catalog

    def psf_model(self, index: int) -> PsfModel:
        """Return the continuous PSF of an exposure.

        Parameters
        ----------
        index : `int`
            Position of the exposure in the stack.

        Returns
        -------
        psf : `PsfModel`
            What its sources were drawn through.
        """
        return drawn_psf(self.config, self.conditions[index])

    def psf_on(self, box: Box, cell_shape: tuple[int, int], *, is_right: bool = False) -> PsfKernels:
        """Return the PSF kernels on any grid of cells, as the exposures have them.

        Parameters
        ----------
        box : `Box`
            Pixels that the cells cover, in tract pixels.
        cell_shape : `tuple` [`int`, `int`]
            Height and width of a cell in pixels.
        is_right : `bool`, optional
            Whether to leave out the errors of the PSF models.

        Returns
        -------
        psf : `PsfKernels`
            The kernels of all exposures at the centres of the cells; in a
            single cell if they do not vary.
        """
        errors = [PsfErrors() if is_right else each.psf for each in self.nuisances]
        return kernels_of_models(self.config, self.conditions, errors, box, cell_shape)

    def sky_image(self, index: int) -> np.ndarray:
        """Return what is left of the sky in an exposure.

        Parameters
        ----------
        index : `int`
            Position of the exposure in the stack.

        Returns
        -------
        sky : `numpy.ndarray`
            What was added less what a coarse mesh took away, in nJy, float64,
            shape ``box.shape``.
        """
        box = self.box
        rows, columns = np.ogrid[box.y_start : box.y_stop, box.x_start : box.x_stop]
        sky = np.zeros(box.shape) + self.nuisances[index].sky.at(rows, columns, self.config.box)
        return sky if self.background is None else sky - self.background[index]

    def truth_image(self, fwhm: float) -> np.ndarray:
        """Return the field as a round Gaussian PSF alone would show it.

        Parameters
        ----------
        fwhm : `float`
            Full width at half maximum in pixels.

        Returns
        -------
        truth : `numpy.ndarray`
            Flux of each pixel in nJy, float32, shape ``box.shape``.
        """
        return draw_truth(self.scene, fwhm, self.box).astype(np.float32)

    def cutout(self, box: Box) -> SimulatedField:
        """Return the part of the field inside ``box``, sharing memory.

        Parameters
        ----------
        box : `Box`
            The pixels to keep.

        Returns
        -------
        field : `SimulatedField`
            The same exposures and sources on ``box``.

        Raises
        ------
        ValueError
            Raised if ``box`` is not inside the field.
        """
        if not self.box.contains(box):
            raise ValueError(f"Box {box} is not inside the field's {self.box}.")
        index = np.s_[:, *box.slices_within(self.box)]
        return dataclasses.replace(
            self,
            box=box,
            image=self.image[index],
            variance=self.variance[index],
            mask=self.mask[index],
            background=None if self.background is None else self.background[index],
        )
