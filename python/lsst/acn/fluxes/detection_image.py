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

"""Picture and residual as detection sees them best: sharp, and true in the faint."""

from __future__ import annotations

__all__ = ("make_detection_image",)

import dataclasses

import numpy as np

from ..exposures.psf_kernels import PsfKernels
from ..forward.target_psf import convolve_separable
from ..residual.target_division import without_target
from .cell_filters import CellSpectra, filtered_sum
from .completed_image import CompletedImage
from .flux_images import FluxImages

CLEAR = 7.0
"""Signal to noise of a point source on the restored image at which half of it
is taken as it is.  At 4, there are as many false detections more around bright
stars as true ones; at 12, half of what is gained in crowded fields is lost."""


def make_detection_image(images: FluxImages) -> CompletedImage:
    r"""Return an image to detect sources on, at the target PSF.

    What is clear on the restored image, :math:`g p`, is kept as it is: sharp,
    and apart from its neighbours.  All that the exposures say beyond it, which
    is linear in them, is smoothed by the target PSF :math:`T` and scaled:

    .. math::

        D = g p + \alpha \, T * \left[ R + \frac{P}{T} * (1 - g) p \right],
        \qquad \alpha = \frac{\sum_k T^2}{\sum_k T^2 P}, \qquad
        g = \frac{s^3}{1 + s^3},

    with :math:`s` the signal to noise of a point source on the restored image
    over `CLEAR`.  So a star has the same height once :math:`D` is smoothed by
    :math:`T`, whether it is clear, not there at all, or something in between,
    and the noise is that of the residual: white noise of the given variance
    has it, too, once it is smoothed.

    Parameters
    ----------
    images : `FluxImages`
        The images.

    Returns
    -------
    image : `CompletedImage`
        For detection alone: sources that are not clear are broader than the
        target PSF, and their light adds up to more than their flux.
    """
    # What a point source of unit flux is at its place, smoothed by the PSF.
    height = float((images.target_psf.astype(np.float64) ** 2).sum())
    flux = convolve_separable(images.image, images.target_psf) / height

    def filters(spectra: CellSpectra) -> tuple[np.ndarray, np.ndarray, float]:
        target = spectra.target.real
        weight = target * height / spectra.sum(target**2 * spectra.power)
        smoothed = spectra.sum(target**2 * weight**2 * spectra.power) / spectra.sum(target**2)
        picture = without_target(spectra.power, spectra.target) * weight
        return picture, weight, smoothed / spectra.peak

    clear = images.image * _clear_share(images, flux)
    rest = dataclasses.replace(images, image=images.image - clear)
    smooth, variance = filtered_sum(rest, filters, images.residual.psf.radius)
    psf = PsfKernels.constant(images.target_psf[None], images.box)
    return CompletedImage(clear + smooth, variance, psf)


def _clear_share(images: FluxImages, flux: np.ndarray) -> np.ndarray:
    """Return what part of the restored image is taken as it is, in each pixel."""
    noise = np.sqrt(images.residual.point_variance())
    cube = (np.maximum(flux, 0.0) / (np.float32(CLEAR) * noise)) ** 3
    return cube / (1.0 + cube)
