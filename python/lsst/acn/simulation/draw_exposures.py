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

__all__ = ("ExposurePlanes", "draw_exposure")

import dataclasses

import numpy as np

from ..exposures.random_streams import random_stream
from .detector_defects import add_cosmic_rays, add_gap, saturate
from .draw_sources import draw_noiseless
from .exposure_conditions import ExposureConditions
from .photometry import flux_of
from .pixel_noise import add_noise, sky_noise
from .psf_model import PsfModel
from .simulation_config import SimulationConfig
from .sky_scene import SkyScene


@dataclasses.dataclass(frozen=True, eq=False)
class ExposurePlanes:
    """The pixels of one exposure as a pipeline would deliver them.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, float32; NaN in part of the gaps.
    variance : `numpy.ndarray`
        Variance in nJy squared, float32, same shape.
    mask : `numpy.ndarray`
        Bits of `MASK_PLANES`, uint32, same shape.
    """

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray


def draw_exposure(scene: SkyScene, psf: PsfModel, config: SimulationConfig) -> ExposurePlanes:
    """Draw one exposure of a scene.

    Parameters
    ----------
    scene : `SkyScene`
        The sources.
    psf : `PsfModel`
        PSF and conditions of the exposure.
    config : `SimulationConfig`
        Pixels, seed, noise and defects.

    Returns
    -------
    planes : `ExposurePlanes`
        Image, variance and mask.
    """
    box, defects, conditions = config.box, config.defects, psf.conditions
    sigma = sky_noise(conditions.depth, psf.kernel_at(*box.center))
    clean = draw_noiseless(scene, psf, box)
    image, variance = add_noise(clean, sigma, config.noise, _stream(config, "noise", psf))
    image += conditions.sky_offset * sigma
    mask = np.zeros(box.shape, np.uint32)
    if defects.saturation_mag is not None:
        level = _full_well(defects.saturation_mag, psf, config.median_seeing)
        saturate(image, mask, level, columns_along_x=conditions.columns_along_x)
    square_arcmin = image.size * (scene.pixel_scale / 60.0) ** 2
    add_cosmic_rays(image, mask, sigma, square_arcmin, defects, _stream(config, "cosmic rays", psf))
    add_gap(image, variance, mask, defects, _stream(config, "gap", psf))
    return ExposurePlanes(image.astype(np.float32), variance.astype(np.float32), mask)


def _stream(config: SimulationConfig, purpose: str, psf: PsfModel) -> np.random.Generator:
    return random_stream(config.seed, purpose, psf.conditions.visit)


def _full_well(saturation_mag: float, psf: PsfModel, median_seeing: float) -> float:
    """Return the flux in nJy at which a pixel of any exposure is full."""
    median = ExposureConditions(visit=0, fwhm=median_seeing)
    kernel = PsfModel(median, psf.box, psf.pixel_scale, psf.size).kernel_at(*psf.box.center)
    return float(flux_of(saturation_mag) * kernel.max())
