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

"""Dithered exposures of stars whose Gaussian PSFs are too narrow for their pixels, and the truth."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from lsst.acn import ExposureStack
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA

OVERSAMPLING = 4
SKY = 100.0
PAIR = ((20.1, 16.3), (20.1, 17.8)), 2e4
"""Two stars that are 1.5 pixels apart, and the flux of each."""

STARS = ((9.4, 8.7, 3e4), (33.2, 36.9, 5e3), (36.0, 12.4, 4e4), (8.6, 35.5, 1e3), (24.7, 30.2, 300.0))


def pixel_light(places, sigma, width=1.0):
    """Return the light of a Gaussian in pixels of some width at distances from its centre.

    Of width 0, its height.
    """
    if width == 0:
        return np.exp(-0.5 * (places / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    edge = 0.5 * width
    return 0.5 * (erf((places + edge) / (np.sqrt(2) * sigma)) - erf((places - edge) / (np.sqrt(2) * sigma)))


def star_image(stars, sigma, side, offset=(0.0, 0.0), factor=1):
    """Return stars (row, column, flux in pixels of the exposures) on a grid that is so much finer."""
    middles = (np.arange(factor * side) - 0.5 * (factor - 1)) / factor
    image = np.zeros((factor * side, factor * side))
    for y, x, flux in stars:
        along_y = pixel_light(middles - y - offset[0], sigma, 1.0 / factor)
        image += flux * np.outer(along_y, pixel_light(middles - x - offset[1], sigma, 1.0 / factor))
    return image


def target_image(fwhm, side, factor):
    """Return all stars at a target PSF, whose width is in pixels of the finer grid."""
    middles = (np.arange(factor * side) - 0.5 * (factor - 1)) / factor
    image = np.zeros((factor * side, factor * side))
    for y, x, flux in all_stars():
        along_y, along_x = (
            pixel_light(middles - place, fwhm / factor / FWHM_PER_SIGMA, 0) / factor for place in (y, x)
        )
        image += flux * np.outer(along_y, along_x)
    return image


def kernel_of(fwhm, oversampling=OVERSAMPLING, radius=6):
    """Return the light of a star in the middle of a stamp, before pixels see it."""
    places = np.arange(-radius * oversampling, radius * oversampling + 1) / oversampling
    profile = pixel_light(places, fwhm / FWHM_PER_SIGMA, 1.0 / oversampling)
    kernel = np.outer(profile, profile)
    return kernel / kernel.sum()


def all_stars():
    """Return row, column and flux of all stars."""
    return [*STARS, *((*place, PAIR[1]) for place in PAIR[0])]


def dithers(n, seed=0):
    """Return offsets of exposures that fill a pixel evenly."""
    steps = np.array([0.7548776662466927, 0.5698402909980532])
    return (0.5 + (seed + np.arange(n))[:, None] * steps) % 1.0 - 0.5


def dithered_stack(n=8, side=44, fwhm=1.2, seed=0, offsets=None, **options):
    """Return exposures of the stars, with oversampled PSFs that are off centre by the dithers."""
    rng = np.random.default_rng(seed)
    offsets = dithers(n) if offsets is None else offsets
    light = np.array([star_image(all_stars(), fwhm / FWHM_PER_SIGMA, side, offset) for offset in offsets])
    variance = SKY + light
    return ExposureStack.from_arrays(
        rng.normal(light, np.sqrt(variance)),
        variance,
        np.repeat(kernel_of(fwhm)[None], n, axis=0),
        psf_oversampling=OVERSAMPLING,
        offsets=offsets,
        **options,
    )
