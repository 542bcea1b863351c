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

"""Simulating a field: its sky, and one exposure after the other."""

from __future__ import annotations

__all__ = ("simulate_field",)

import numpy as np

from .draw_exposures import draw_exposure, draw_nuisances
from .exposure_conditions import draw_conditions
from .field_psfs import drawn_psf, kernels_of_models
from .simulated_field import SimulatedField
from .simulation_config import SimulationConfig
from .sky.sky_scene import draw_scene


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
    drawn = [drawn_psf(config, each) for each in conditions]
    nuisances = tuple(draw_nuisances(psf, config) for psf in drawn)
    planes = [draw_exposure(scene, psf, truth, config) for psf, truth in zip(drawn, nuisances, strict=True)]
    psf = kernels_of_models(
        config,
        conditions,
        [truth.psf for truth in nuisances],
        config.box,
        (config.cell_size, config.cell_size),
    )
    return SimulatedField(
        config=config,
        scene=scene,
        conditions=conditions,
        image=np.stack([each.image for each in planes]),
        variance=np.stack([each.variance for each in planes]),
        mask=np.stack([each.mask for each in planes]),
        psf=psf,
        box=config.box,
        nuisances=nuisances,
        background=_stacked([each.background for each in planes]),
    )


def _stacked(planes: list[np.ndarray | None]) -> np.ndarray | None:
    present = [plane for plane in planes if plane is not None]
    return np.stack(present) if present else None
