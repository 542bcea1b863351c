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

"""Sparse, crowded and empty fields, and the images of them that detection is run on."""

from __future__ import annotations

__all__ = ("KINDS", "DetectionImage", "detection_images", "make_field")

import dataclasses
import math

import numpy as np

from lsst.acn import Box, ExposureStack, RestorationResult
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.flux_measurement import flux_images
from lsst.acn.fluxes.completed_image import complete_image
from lsst.acn.fluxes.detection_image import make_detection_image
from lsst.acn.simulation import (
    ConditionsConfig,
    DefectsConfig,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    simulate_field,
)

SIZE, VISITS, PSF_SIZE, DEPTH = 256, 12, 31, 25.3
BEYOND_COADD_DEPTH = 0.7
BRIGHTEST = 19.0

KINDS = {"empty": 0, "sparse": 40, "crowded": 800}
"""Sources of a field, on average, by its name (`dict`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class DetectionImage:
    """An image that detection is run on.

    Parameters
    ----------
    name : `str`
        What it is called in the table.
    image, variance : `numpy.ndarray`
        Shape ``(height, width)``.
    psf : `numpy.ndarray`
        Its PSF kernel.
    """

    name: str
    image: np.ndarray
    variance: np.ndarray
    psf: np.ndarray


def make_field(seed: int, kind: str) -> SimulatedField:
    """Simulate a field.

    Parameters
    ----------
    seed : `int`
        Seed of every draw.
    kind : `str`
        One of `KINDS`.

    Returns
    -------
    field : `~lsst.acn.simulation.SimulatedField`
        Exposures without masked pixels.
    """
    conditions = ConditionsConfig(depth=DEPTH)
    config = SimulationConfig(seed=seed, box=Box.from_shape((SIZE, SIZE)), visits=VISITS, psf_size=PSF_SIZE)
    arcmin2 = (SIZE * config.pixel_scale / 60.0) ** 2
    scene = SceneConfig(
        crowding=KINDS[kind] / arcmin2,
        star_share=0.3,
        faint_limit=DEPTH + 1.25 * math.log10(VISITS) + BEYOND_COADD_DEPTH,
        star_bright_limit=BRIGHTEST,
        galaxy_bright_limit=BRIGHTEST,
    )
    config = dataclasses.replace(config, scene=scene, conditions=conditions, defects=DefectsConfig.none())
    return simulate_field(config)


def detection_images(stack: ExposureStack, result: RestorationResult) -> list[DetectionImage]:
    """Return the images that are compared.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    result : `~lsst.acn.RestorationResult`
        Their restoration.

    Returns
    -------
    images : `list` [`DetectionImage`]
        The coadd; the restored image as it is written, and with the variance
        of each pixel by itself; the restored image with its residual, and as
        one is made of the two for detection.
    """
    coadd = assemble_coadd(stack)
    images = flux_images(result)
    center = stack.box.center
    return [
        DetectionImage("coadd", coadd.image, coadd.variance, coadd.psf.at(*center)[0]),
        DetectionImage("picture", result.image, result.detection_variance, result.target_psf),
        DetectionImage("picture, pixel variance", result.image, result.variance, result.target_psf),
        *(
            DetectionImage(name, made.image, made.variance, made.psf.at(*center)[0])
            for name, made in {
                "picture + residual": complete_image(images),
                "for detection": make_detection_image(images),
            }.items()
        ),
    ]
