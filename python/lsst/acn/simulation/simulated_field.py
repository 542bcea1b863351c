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

__all__ = ("SimulatedField", "simulate_field")

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.stack import ExposureStack
from ..image_io import tangent_plane_wcs
from .detector_defects import MASK_PLANES
from .draw_exposures import draw_exposure, draw_nuisances
from .draw_sources import draw_truth
from .exposure_conditions import ExposureConditions, draw_conditions
from .modelled_psf import ModelledPsf
from .nuisances import Nuisances
from .optics import draw_optics
from .psf_errors import PsfErrors
from .psf_model import PsfModel
from .simulation_config import SimulationConfig
from .sky_scene import SkyScene, draw_scene
from .warping import draw_detector_grid


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
        return _drawn_psf(self.config, self.conditions[index])

    def psf_on(self, box: Box, cell_shape: tuple[int, int]) -> PsfKernels:
        """Return the PSF kernels, right or wrong, on any grid of cells.

        Parameters
        ----------
        box : `Box`
            Pixels that the cells cover, in tract pixels.
        cell_shape : `tuple` [`int`, `int`]
            Height and width of a cell in pixels.

        Returns
        -------
        psf : `PsfKernels`
            The kernels of all exposures at the centres of the cells; in a
            single cell if they do not vary.
        """
        models = [_modelled_psf(self.config, *each) for each in self._conditions_and_errors]
        return _sample(models, box, cell_shape)

    def right_psf_on(self, box: Box, cell_shape: tuple[int, int]) -> PsfKernels:
        """Return the PSF kernels that models without an error would have.

        Parameters
        ----------
        box : `Box`
            Pixels that the cells cover, in tract pixels.
        cell_shape : `tuple` [`int`, `int`]
            Height and width of a cell in pixels.

        Returns
        -------
        psf : `PsfKernels`
            As `psf_on` has them.
        """
        models = [_modelled_psf(self.config, each, PsfErrors()) for each in self.conditions]
        return _sample(models, box, cell_shape)

    @property
    def _conditions_and_errors(self) -> list[tuple[ExposureConditions, PsfErrors]]:
        return [(a, b.psf) for a, b in zip(self.conditions, self.nuisances, strict=True)]

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


def simulate_field(config: SimulationConfig) -> SimulatedField:
    """Simulate the exposures of a field.

    Parameters
    ----------
    config : `SimulationConfig`
        What to simulate.

    Returns
    -------
    field : `SimulatedField`
        Exposures and truth, the same for the same ``config``.
    """
    scene = draw_scene(config.scene, config.seed, config.box, config.pixel_scale)
    conditions = tuple(draw_conditions(config.conditions, config.seed, visit) for visit in config.visit_ids)
    drawn = [_drawn_psf(config, each) for each in conditions]
    nuisances = tuple(draw_nuisances(psf, config) for psf in drawn)
    planes = [draw_exposure(scene, psf, truth, config) for psf, truth in zip(drawn, nuisances, strict=True)]
    modelled = [_modelled_psf(config, a, b.psf) for a, b in zip(conditions, nuisances, strict=True)]
    return SimulatedField(
        config=config,
        scene=scene,
        conditions=conditions,
        image=np.stack([each.image for each in planes]),
        variance=np.stack([each.variance for each in planes]),
        mask=np.stack([each.mask for each in planes]),
        psf=_sample(modelled, config.box, (config.cell_size, config.cell_size)),
        box=config.box,
        nuisances=nuisances,
        background=_stacked([each.background for each in planes]),
    )


def _drawn_psf(config: SimulationConfig, conditions: ExposureConditions) -> PsfModel:
    visit = conditions.visit
    grid = draw_detector_grid(config.warping, config.seed, visit, config.box)
    optics = draw_optics(config.optics, config.seed, visit)
    return PsfModel(conditions, config.box, config.pixel_scale, config.psf_size, optics, grid.angle)


def _modelled_psf(config: SimulationConfig, conditions: ExposureConditions, errors: PsfErrors) -> ModelledPsf:
    grid = draw_detector_grid(config.warping, config.seed, conditions.visit, config.box)
    return ModelledPsf(_drawn_psf(config, conditions), errors, grid)


def _stacked(planes: list[np.ndarray | None]) -> np.ndarray | None:
    present = [plane for plane in planes if plane is not None]
    return np.stack(present) if present else None


def _sample(models: Sequence[PsfModel], box: Box, cell_shape: tuple[int, int]) -> PsfKernels:
    kernels = np.stack([model.kernels(box, cell_shape) for model in models])
    if kernels.shape[1:3] == (1, 1):
        cell_shape = box.shape
    return PsfKernels(kernels, box, cell_shape)
