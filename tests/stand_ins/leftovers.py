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

"""Exposures of stars, and pictures of them that lack something."""

from __future__ import annotations

import numpy as np

from lsst.acn import ExposureStack, ResidualImage, gaussian_kernel
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.fluxes.flux_images import FluxImages
from lsst.acn.forward.target_psf import convolve_to_target
from lsst.acn.residual.cell_residual import PictureSpectra
from lsst.acn.residual.patch_residual import residual_of_patch

SIDE, KERNEL_SIZE = 96, 31
FWHMS, SIGMAS = (3.6, 4.4, 5.0), (1.0, 2.0, 1.5)
SAMPLING = 2.0
TARGET, MATCHING = gaussian_kernel(3.0), gaussian_kernel(5.0**0.5)
"""PSF of the pictures, and what makes it of a sampled latent image, whose stars
are of the first width."""

MIDDLE = np.array([[48.3, 47.6]])


def star(fwhm: float, y: float, x: float, side: int = SIDE) -> np.ndarray:
    """Return a Gaussian star of unit flux."""
    sigma = fwhm / FWHM_PER_SIGMA
    along = [np.exp(-0.5 * ((np.arange(side) - place) / sigma) ** 2) for place in (y, x)]
    image = np.outer(*along)
    return image / (2.0 * np.pi * sigma**2)


def exposures_of(
    positions: np.ndarray = MIDDLE,
    fluxes: float | np.ndarray = 0.0,
    *,
    seed: int | None = None,
    valid: np.ndarray | None = None,
) -> ExposureStack:
    """Return three exposures of some stars, with noise if there is a seed."""
    fluxes = np.broadcast_to(fluxes, len(positions))
    images = np.array(
        [
            sum(flux * star(fwhm, *place) for flux, place in zip(fluxes, positions, strict=True))
            for fwhm in FWHMS
        ]
    )
    variance = np.broadcast_to(np.square(SIGMAS)[:, None, None], images.shape)
    if seed is not None:
        images = images + np.sqrt(variance) * np.random.default_rng(seed).normal(size=images.shape)
    kernels = np.stack([gaussian_kernel(fwhm, KERNEL_SIZE) for fwhm in FWHMS])
    return ExposureStack.from_arrays(images, variance, kernels, valid=valid)


def restored_of(
    positions: np.ndarray = MIDDLE, fluxes: float | np.ndarray = 0.0, fwhm: float = SAMPLING
) -> np.ndarray:
    """Return some stars as a sampled latent image has them, padding included."""
    fluxes = np.broadcast_to(fluxes, len(positions))
    edge = KERNEL_SIZE // 2
    side = SIDE + 2 * edge
    stars = (flux * star(fwhm, *(place + edge), side) for flux, place in zip(fluxes, positions, strict=True))
    return np.asarray(sum(stars), np.float32)


def residual_of(stack: ExposureStack, restored: np.ndarray) -> ResidualImage:
    """Return what such an image leaves over."""
    return residual_of_patch(stack, restored, PictureSpectra(MATCHING, TARGET))


def images_of(stack: ExposureStack, restored: np.ndarray) -> FluxImages:
    """Return the picture that is made of such an image, and what it leaves over."""
    box = stack.box.grown_by(stack.psf.radius)
    picture = convolve_to_target(restored, box, MATCHING, stack.box)
    return FluxImages(picture, TARGET, residual_of(stack, restored))
