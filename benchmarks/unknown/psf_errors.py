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

"""PSFs that are wrong, and by how much."""

from __future__ import annotations

__all__ = ("PsfErrors", "gaussians", "measure_psfs", "spoiled")

import dataclasses

import galsim
import numpy as np

from lsst.acn import gaussian_kernel
from lsst.acn.metrics.psf_width import psf_fwhm

WIDER, STRETCHED, MOVED = 1.05, 0.03, 0.3
"""What is wrong with spoiled PSFs: their width, ellipticity and place in pixels."""

AROUND = 5
"""Times that their directions go around: neighbours have other ones."""

WINGS = 1.6
"""Radius, in units of the FWHM, beyond which every third of them has no light."""


@dataclasses.dataclass(frozen=True)
class PsfErrors:
    """How wrong PSFs are, over all exposures.

    Parameters
    ----------
    pixel : `float`
        Root mean square error of a pixel over the peak.
    width : `float`
        Root mean square relative error of the FWHM.
    ellipticity, place : `float`
        Scatter of the errors of both components, and of the centroid in pixels.
        What all PSFs are off by in common is a convention.
    wings : `float`
        Largest error of the light beyond `WINGS`.
    """

    pixel: float
    width: float
    ellipticity: float
    place: float
    wings: float


def gaussians(kernels: np.ndarray, factor: float) -> np.ndarray:
    """Return round Gaussians that are so much wider than some kernels."""
    size = kernels.shape[-1]
    return np.array([gaussian_kernel(factor * psf_fwhm(kernel), size) for kernel in kernels])


def spoiled(kernels: np.ndarray, seed: int) -> np.ndarray:
    """Return kernels that are too wide, stretched, off centre, and some without wings.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Of unit sum, shape ``(n, k, k)``.
    seed : `int`
        Of the directions that they are stretched and moved along.

    Returns
    -------
    spoiled : `numpy.ndarray`
        Same shape, of unit sum.
    """
    rng, size = np.random.default_rng(seed), kernels.shape[-1]
    stretched, moved = rng.uniform(0.0, 2.0 * np.pi, 2)
    # All around: a shift of all exposures together is a convention, and no error.
    around = 2.0 * np.pi * AROUND * np.arange(len(kernels)) / len(kernels)
    found = []
    for number, kernel in enumerate(kernels.astype(np.float64)):
        angles = stretched - around[number], moved + around[number]
        e1, e2 = STRETCHED * np.array([np.cos(angles[0]), np.sin(angles[0])])
        profile = galsim.InterpolatedImage(galsim.Image(kernel, scale=1.0), flux=1.0)
        profile = profile.dilate(WIDER).shear(e1=e1, e2=e2)
        profile = profile.shift(MOVED * np.cos(angles[1]), MOVED * np.sin(angles[1]))
        wrong = profile.drawImage(nx=size, ny=size, scale=1.0, method="no_pixel").array.astype(np.float64)
        if number % 3 == 0:
            wrong = np.where(_radius(size) > WINGS * psf_fwhm(kernel), 0.0, wrong)
        wrong = np.maximum(wrong, 0.0)
        found.append(wrong / wrong.sum())
    return np.array(found)


def measure_psfs(found: np.ndarray, truth: np.ndarray) -> PsfErrors:
    """Compare PSFs with the true ones.

    Parameters
    ----------
    found, truth : `numpy.ndarray`
        Shape ``(n, k, k)``; those that were found may be on larger stamps.

    Returns
    -------
    errors : `PsfErrors`
        All figures.
    """
    size, edge = truth.shape[-1], (found.shape[-1] - truth.shape[-1]) // 2
    found = found[:, edge : edge + size, edge : edge + size].astype(np.float64)
    truth = truth.astype(np.float64)
    widths = np.array([[psf_fwhm(kernel) for kernel in each] for each in (found, truth)])
    shapes = np.array([[_shape(kernel) for kernel in each] for each in (found, truth)])
    off = shapes[0] - shapes[1]
    beyond = [_radius(size) > WINGS * fwhm for fwhm in widths[1]]
    light = [float((one - other)[far].sum()) for one, other, far in zip(found, truth, beyond, strict=True)]
    pixel = np.sqrt(np.mean((found - truth) ** 2, axis=(1, 2))) / truth.max(axis=(1, 2))
    return PsfErrors(
        pixel=float(pixel.mean()),
        width=float(np.sqrt(np.mean((widths[0] / widths[1] - 1.0) ** 2))),
        ellipticity=float(off[:, :2].std(axis=0).max()),
        place=float(off[:, 2:].std(axis=0).max()),
        wings=float(np.abs(light).max()),
    )


def _radius(size: int) -> np.ndarray:
    along = np.arange(size) - size // 2
    return np.hypot(along[:, None], along)


def _shape(kernel: np.ndarray) -> tuple[float, float, float, float]:
    found = galsim.hsm.FindAdaptiveMom(galsim.Image(kernel, scale=1.0))
    shape, place = found.observed_shape, found.moments_centroid
    return shape.e1, shape.e2, place.x, place.y
