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

"""The PSFs of all exposures of a field, as they are and as their models have them."""

from __future__ import annotations

__all__ = ("drawn_psf", "kernels_of_models")

from collections.abc import Sequence

import numpy as np

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from .exposure_conditions import ExposureConditions
from .faults.psf_errors import PsfErrors
from .modelled_psf import ModelledPsf
from .optics import draw_optics
from .psf_model import PsfModel
from .simulation_config import SimulationConfig
from .warping import draw_detector_grid


def drawn_psf(config: SimulationConfig, conditions: ExposureConditions) -> PsfModel:
    """Return the PSF through which an exposure is drawn.

    Parameters
    ----------
    config : `SimulationConfig`
        The field.
    conditions : `ExposureConditions`
        Of the exposure.

    Returns
    -------
    psf : `PsfModel`
        The truth.
    """
    visit = conditions.visit
    grid = draw_detector_grid(config.warping, config.seed, visit, config.box)
    optics = draw_optics(config.optics, config.seed, visit)
    return PsfModel(conditions, config.box, config.pixel_scale, config.psf_size, optics, grid.angle)


def kernels_of_models(
    config: SimulationConfig,
    conditions: Sequence[ExposureConditions],
    errors: Sequence[PsfErrors],
    box: Box,
    cell_shape: tuple[int, int],
) -> PsfKernels:
    """Return the kernels that the PSF models of exposures have.

    Parameters
    ----------
    config : `SimulationConfig`
        The field.
    conditions : `~collections.abc.Sequence` [`ExposureConditions`]
        Of each exposure.
    errors : `~collections.abc.Sequence` [`PsfErrors`]
        What its model gets wrong.
    box : `Box`
        Pixels that the cells cover, in tract pixels.
    cell_shape : `tuple` [`int`, `int`]
        Height and width of a cell in pixels.

    Returns
    -------
    psf : `PsfKernels`
        In the middle of each cell; in a single cell if they do not vary.
    """
    kernels = np.stack(
        [
            _modelled_psf(config, *each).kernels(box, cell_shape)
            for each in zip(conditions, errors, strict=True)
        ]
    )
    if kernels.shape[1:3] == (1, 1):
        cell_shape = box.shape
    return PsfKernels(kernels, box, cell_shape)


def _modelled_psf(config: SimulationConfig, conditions: ExposureConditions, errors: PsfErrors) -> ModelledPsf:
    grid = draw_detector_grid(config.warping, config.seed, conditions.visit, config.box)
    return ModelledPsf(drawn_psf(config, conditions), errors, grid)
