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

"""Drawing an exposure: sources, sky residual, noise and defects."""

from __future__ import annotations

__all__ = ("draw_exposure", "draw_nuisances")

import numpy as np

from ..exposures.boxes import Box
from ..exposures.random_streams import random_stream
from .draw_sources import draw_noiseless
from .exposure_conditions import ExposureConditions
from .exposure_planes import ExposurePlanes
from .faults.calibration_errors import draw_calibration
from .faults.detector_defects import add_cosmic_rays, add_gap
from .faults.nuisances import Nuisances
from .faults.psf_errors import draw_psf_errors
from .faults.satellite_trails import add_trails
from .faults.saturation import mask_cores, saturate
from .faults.sky_residual import SkyResidual, draw_sky_residual, mesh_background
from .pixel_grid import PixelGrid
from .pixel_noise import add_noise, sky_noise
from .psf_model import PsfModel
from .simulation_config import SimulationConfig
from .sky.photometry import flux_of
from .sky.sky_scene import SkyScene
from .warping import draw_detector_grid


def draw_exposure(
    scene: SkyScene, psf: PsfModel, truth: Nuisances, config: SimulationConfig
) -> ExposurePlanes:
    """Draw one exposure of a scene.

    Parameters
    ----------
    scene : `SkyScene`
        The sources.
    psf : `PsfModel`
        PSF and conditions of the exposure.
    truth : `Nuisances`
        What is wrong with its sky and its calibration.
    config : `SimulationConfig`
        Pixels, seed, noise and defects.

    Returns
    -------
    planes : `ExposurePlanes`
        Image, variance and mask.
    """
    believed = draw_detector_grid(config.warping, config.seed, truth.visit, config.box)
    grid = believed.shifted_by(truth.calibration.shift)
    clean = truth.calibration.scale * draw_noiseless(scene, psf, grid)
    image, variance = add_noise(clean, truth.sky_noise, config.noise, _stream(config, "noise", truth))
    background = None
    if config.sky.mesh_size is not None:
        background = mesh_background(image, config.sky.mesh_size)
        image -= background
    image += _sky_on(believed, truth.sky, config.box)
    planes = ExposurePlanes(image, variance, np.zeros(image.shape, np.uint32), background)
    _add_defects(planes, scene, psf, grid, truth, config)
    return (planes.warped(believed, config.box) if config.warping.is_on else planes).as_float32()


def draw_nuisances(psf: PsfModel, config: SimulationConfig) -> Nuisances:
    """Draw what is wrong with an exposure.

    Parameters
    ----------
    psf : `PsfModel`
        PSF and conditions of the exposure.
    config : `SimulationConfig`
        Seed, and how wrong exposures are.

    Returns
    -------
    truth : `Nuisances`
        The same for the same seed and visit.
    """
    seed, conditions = config.seed, psf.conditions
    sigma = sky_noise(conditions.depth, psf.kernel_at(*config.box.center))
    sky = draw_sky_residual(config.sky, seed, conditions.visit, conditions.sky_offset)
    return Nuisances(
        visit=conditions.visit,
        sky_noise=sigma,
        sky=sky.times(sigma),
        calibration=draw_calibration(config.calibration, seed, conditions.visit),
        psf=draw_psf_errors(config.psf_errors, seed, conditions.visit),
    )


def _add_defects(
    planes: ExposurePlanes,
    scene: SkyScene,
    psf: PsfModel,
    grid: PixelGrid,
    truth: Nuisances,
    config: SimulationConfig,
) -> None:
    """Saturate, and add cosmic rays, trails and a gap, in place."""
    image, mask = planes.image, planes.mask
    defects, sigma, scale = config.defects, truth.sky_noise, config.pixel_scale
    if defects.saturation_mag is not None:
        level = _full_well(defects.saturation_mag, psf, config.median_seeing)
        saturate(image, mask, level, columns_along_x=psf.conditions.columns_along_x)
    if defects.core_mask_radius is not None:
        mask_cores(image, mask, _bright_stars(scene, defects.core_mask_mag, grid), defects.core_mask_radius)
    square_arcmin = image.size * (scale / 60.0) ** 2
    add_cosmic_rays(image, mask, sigma, square_arcmin, defects, _stream(config, "cosmic rays", truth))
    profile = psf.profile_at(*config.box.center)
    add_trails(image, sigma, profile, scale, config.trails, seed=config.seed, visit=truth.visit)
    add_gap(image, planes.variance, mask, defects, _stream(config, "gap", truth))


def _sky_on(grid: PixelGrid, sky: SkyResidual, field: Box) -> np.ndarray | float:
    rows, columns = np.ogrid[grid.box.y_start : grid.box.y_stop, grid.box.x_start : grid.box.x_stop]
    return sky.at(*grid.to_tract(rows, columns), field)


def _bright_stars(scene: SkyScene, faintest: float, grid: PixelGrid) -> np.ndarray:
    """Return where bright stars are, (y, x) in pixels from the corner of a grid."""
    stars = scene.catalog[scene.catalog["is_star"] & (scene.catalog["mag"] <= faintest)]
    y, x = grid.from_tract(np.asarray(stars["y"]), np.asarray(stars["x"]))
    return np.stack([y - grid.box.y_start, x - grid.box.x_start], axis=1)


def _stream(config: SimulationConfig, purpose: str, truth: Nuisances) -> np.random.Generator:
    return random_stream(config.seed, purpose, truth.visit)


def _full_well(saturation_mag: float, psf: PsfModel, median_seeing: float) -> float:
    """Return the flux in nJy at which a pixel of any exposure is full."""
    median = ExposureConditions(visit=0, fwhm=median_seeing)
    kernel = PsfModel(median, psf.box, psf.pixel_scale, psf.size).kernel_at(*psf.box.center)
    return float(flux_of(saturation_mag) * kernel.max())
