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


"""Stars of a tile without the light of what is around them."""

from __future__ import annotations

__all__ = ("stamps_of_tile",)

from collections.abc import Sequence

import numpy as np
import scipy.fft
from scipy.signal import fftconvolve

from ..arrays.numpy_arrays import numpy_arrays
from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from ..methods.cross_exposure.family.exposure_sums import sum_up
from ..methods.cross_exposure.family.first_model import first_model
from ..methods.cross_exposure.family.margins import family_margin
from ..methods.cross_exposure.family.path import follow_path
from ..methods.cross_exposure.family.restored_family import covering_stack
from ..methods.cross_exposure.family.tile_exposures import tile_exposures
from .star_stamps import StarStamps, cut_stamps
from .stars import Star

PATH = ((0.5, 30),)
"""Sparsity and updates by which a latent image is brought to fit its exposures."""

OWN_LIGHT = 1.2
"""Radius within which light is a star's own, in units of the FWHM of the PSFs."""


def stamps_of_tile(
    stack: ExposureStack, tile: Box, stars: Sequence[Star], fwhm: float, *, subtract: bool
) -> StarStamps:
    """Return the stars of a tile.

    Parameters
    ----------
    stack : `ExposureStack`
        Exposures on the tile and what is around it, with PSFs that are about
        right.
    tile : `Box`
        The pixels that the stars are on.
    stars : `~collections.abc.Sequence` [`Star`]
        The stars.
    fwhm : `float`
        Width of the PSFs, in pixels.
    subtract : `bool`
        Whether to restore the tile, and to take off what is not a star's own.

    Returns
    -------
    stamps : `StarStamps`
        All exposures of the stack; without valid pixels of those that do not
        reach a star.
    """
    kernels = stack.psf.at(*tile.center)
    places = [(star.y - stack.box.y_start, star.x - stack.box.x_start) for star in stars]
    stamps = cut_stamps(stack.image, stack.variance, kernels, places)
    if not subtract:
        return stamps
    margin = family_margin(stack.psf.radius, tile.shape)
    box = tile.grown_by(margin)
    covering = covering_stack(stack, box)
    xp = numpy_arrays()
    sums, latent = first_model(xp, tile_exposures(covering))
    latent = follow_path(xp, sum_up(xp, sums, latent), PATH, latent)[-1]
    spectrum, seen = scipy.fft.rfft2(latent), [stack.visits.index(visit) for visit in covering.visits]
    light = np.zeros((len(stack), *box.shape), np.float32)
    # The latent image is not one of points: what turns it into exposures is sharper than their PSFs.
    sharper = np.zeros((len(stack), *kernels.shape[1:]))
    for index, number in enumerate(seen):
        light[number] = scipy.fft.irfft2(sums.spectra[index] * spectrum, latent.shape)
        whole = np.roll(scipy.fft.irfft2(sums.spectra[index], latent.shape), stack.psf.radius, (0, 1))
        sharper[number] = whole[: stack.psf.size, : stack.psf.size]
    places = [(star.y - box.y_start, star.x - box.x_start) for star in stars]
    around = cut_stamps(light, np.ones_like(light), kernels, places).image
    own = np.array([_own_light(latent, y, x, OWN_LIGHT * fwhm, stack.psf.radius) for y, x in places])
    own_seen = fftconvolve(sharper[None], own[:, None], mode="full", axes=(2, 3))
    middle = slice(stack.psf.radius, -stack.psf.radius)
    stamps.image[:] -= around - own_seen[..., middle, middle]
    return stamps


def _own_light(latent: np.ndarray, y: float, x: float, radius: float, half: int) -> np.ndarray:
    """Return the latent light around a star on a stamp, 0 beyond a radius."""
    row, column = round(y), round(x)
    padded = np.pad(latent, half)
    stamp = padded[row : row + 2 * half + 1, column : column + 2 * half + 1].astype(np.float64)
    along = np.arange(-half, half + 1)
    distance = np.hypot(along[:, None] - (y - row), along[None, :] - (x - column))
    return np.where(distance <= radius, stamp, 0.0)
