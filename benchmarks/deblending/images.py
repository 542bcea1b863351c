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

"""The images that are compared: Rubin's deconvolved coadd, and ours in its place."""

from __future__ import annotations

__all__ = ("DeblendingField", "deconvolved_images", "read_field")

import dataclasses

import numpy as np
from numpy.typing import NDArray

from lsst.acn import ExposureStack, RestorationConfig, restore
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.deconvolve_coadd import MODEL_PSF_FWHM
from lsst.acn.flux_measurement import flux_images
from lsst.acn.fluxes.detection_image import make_detection_image

from ..measuring.rubin_detection import find_peaks, smoothed_significance
from ..peers.classic import fill_gaps
from ..peers.periodic import MirroredEdges
from ..peers.rubin import deconvolve, footprints
from ..scoreboard.matching import Positions

RUBIN = "Rubin's deconvolution"
PICTURE, COMPLETED = "picture", "picture + residual"
TRUTH = "truth"
DETECTION = 5.0


@dataclasses.dataclass(frozen=True, eq=False)
class DeblendingField:
    """What a deblender knows of a field before it looks at a deconvolved image.

    Parameters
    ----------
    image : `numpy.ndarray`
        Coadd, without gaps.
    kernel : `numpy.ndarray`
        Its PSF.
    noise : `float`
        Median of its standard deviation, the unit of all thresholds.
    peaks : `Positions`
        Detections on it at 5 standard deviations.
    allowed : `numpy.ndarray`
        `True` inside their footprints.
    """

    image: np.ndarray
    kernel: np.ndarray
    noise: float
    peaks: Positions
    allowed: NDArray[np.bool_]


def read_field(stack: ExposureStack) -> DeblendingField:
    """Return the coadd of a field and what is detected on it.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.

    Returns
    -------
    field : `DeblendingField`
        The field.
    """
    coadd = assemble_coadd(stack)
    kernel = coadd.psf.at(*stack.box.center)[0].astype(np.float64)
    image = fill_gaps(coadd.image, stack)
    grid = MirroredEdges(stack.shape, stack.psf.radius)
    significance = smoothed_significance(image, coadd.variance, kernel)
    allowed = np.asarray(grid.crop(footprints(grid.extend(image), kernel)), bool)
    y, x = find_peaks(np.where(allowed, significance, 0.0), DETECTION)
    noise = float(np.sqrt(np.nanmedian(coadd.variance)))
    return DeblendingField(image, kernel, noise, Positions(y.astype(float), x.astype(float)), allowed)


def deconvolved_images(stack: ExposureStack, field: DeblendingField) -> dict[str, np.ndarray]:
    """Return the images that take the place of the coadd.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    field : `DeblendingField`
        Their coadd.

    Returns
    -------
    images : `dict` [`str`, `numpy.ndarray`]
        At the PSF of scarlet's models, not below 0, and empty outside the
        footprints of detections.
    """
    grid = MirroredEdges(stack.shape, stack.psf.radius)
    allowed = grid.extend(field.allowed.astype(float)) > 0.5
    rubin = grid.crop(deconvolve(grid.extend(field.image), field.kernel, field.noise, allowed))
    config = RestorationConfig()
    config.target_psf_fwhm = MODEL_PSF_FWHM
    result = restore(stack, config)
    ours = {PICTURE: result.image, COMPLETED: make_detection_image(flux_images(result)).image}
    sky = result.corrections.common_sky.on(stack.box)
    kept = {name: np.maximum(image + sky, 0.0) * field.allowed for name, image in ours.items()}
    return {RUBIN: rubin, **kept}
