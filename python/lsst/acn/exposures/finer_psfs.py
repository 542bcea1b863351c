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

"""PSFs of exposures on a grid that is finer than their pixels."""

from __future__ import annotations

__all__ = ("MOST_OVERSAMPLING", "finer_psf", "moved", "psf_from_oversampled", "seen_by_pixels")

import dataclasses
import math
from typing import Any

import numpy as np

from ..errors import InvalidExposureError
from .boxes import Box
from .oversampled_psfs import FIT_OVERSAMPLING, resampled_kernels
from .psf_kernels import PsfKernels

MOST_OVERSAMPLING = 20
"""Samples per pixel that a PSF may have along each axis."""

MOST_OFFSET = 10
"""Pixels that an exposure may be dithered by; stamps of PSFs grow by as much."""


def psf_from_oversampled(kernels: Any, oversampling: int, box: Box, offsets: Any = None) -> PsfKernels:
    """Return the kernels that pixels see of PSFs that are known more finely.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Light of a star in squares of ``1 / oversampling`` pixel, before
        pixels see it, one kernel for each exposure, shape ``(n, k, k)``,
        ``k`` odd.  The star is in the middle of the kernel, and of a pixel.
        With ``oversampling`` 1, kernels as pixels see them.
    oversampling : `int`
        Samples per pixel along each axis.
    box : `Box`
        Pixels where they hold.
    offsets : `numpy.ndarray`, optional
        Pixels along y and x by which each exposure shows stars farther on than
        the grid of the patch says (its dither), shape ``(n, 2)``; they are put
        into the kernels.

    Returns
    -------
    psf : `PsfKernels`
        The kernels, with the oversampled ones as ``finer``.

    Raises
    ------
    InvalidExposureError
        Raised if kernels, oversampling or offsets cannot be such.
    """
    is_whole = isinstance(oversampling, int | np.integer) and not isinstance(oversampling, bool)
    if not is_whole or not 1 <= oversampling <= MOST_OVERSAMPLING:
        raise InvalidExposureError(
            f"PSF kernels have 1 to {MOST_OVERSAMPLING} samples per pixel; got {oversampling!r}."
        )
    given = PsfKernels.constant(kernels, box)
    if oversampling == 1 and offsets is None:
        return given
    finer = _fitted(given) if oversampling == 1 else dataclasses.replace(given, oversampling=oversampling)
    if offsets is not None:
        finer = moved(finer, _checked_offsets(offsets, len(given)))
    return seen_by_pixels(finer)


def _checked_offsets(offsets: Any, n_exposures: int) -> np.ndarray:
    try:
        values = np.asarray(offsets, np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.shape != (n_exposures, 2) or not (np.abs(values) <= MOST_OFFSET).all():
        raise InvalidExposureError(
            f"Offsets of {n_exposures} exposures are finite, of shape ({n_exposures}, 2), and of at most "
            f"{MOST_OFFSET} pixels; got {offsets!r}."
        )
    return values


def seen_by_pixels(finer: PsfKernels) -> PsfKernels:
    """Return what pixels see of oversampled PSFs.

    Parameters
    ----------
    finer : `PsfKernels`
        Oversampled.

    Returns
    -------
    psf : `PsfKernels`
        In the same cells, with ``finer``.
    """
    kernels = resampled_kernels(finer.kernels, finer.oversampling, 1)
    return PsfKernels(kernels, finer.box, finer.cell_shape, finer=finer)


def finer_psf(psf: PsfKernels, factor: int) -> PsfKernels:
    """Return PSFs as a grid of pixels has them that is finer than the exposures.

    Parameters
    ----------
    psf : `PsfKernels`
        Of the exposures.  Where no oversampled kernels are known, they are
        fitted.
    factor : `int`
        Pixels of the finer grid per pixel of the exposures, along each axis.

    Returns
    -------
    psf : `PsfKernels`
        What a pixel of an exposure sees of a point on the finer grid, in units
        of the light of a mean pixel of that grid, in the same cells.
    """
    known = psf.finer or _fitted(psf)
    kernels = resampled_kernels(known.kernels, known.oversampling, factor)
    height, width = psf.cell_shape
    return PsfKernels(kernels, psf.box.on_finer_grid(factor), (factor * height, factor * width))


def moved(psf: PsfKernels, offsets: np.ndarray) -> PsfKernels:
    """Return PSFs that are off the middle of their kernels.

    Parameters
    ----------
    psf : `PsfKernels`
        Oversampled.
    offsets : `numpy.ndarray`
        Pixels of the exposures, along y and x, by which each is moved, shape
        ``(n, 2)``.

    Returns
    -------
    moved : `PsfKernels`
        On stamps that are so much larger.
    """
    samples = offsets * psf.oversampling
    more = math.ceil(float(np.abs(samples).max(initial=0.0)))
    missing = np.isnan(psf.kernels).all(axis=(-1, -2), keepdims=True)
    padded = np.pad(np.nan_to_num(psf.kernels.astype(np.float64)), [(0, 0)] * 3 + [(more, more)] * 2)
    size = padded.shape[-1]
    y, x = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    along_y, along_x = (samples[:, axis, None, None, None, None] for axis in (0, 1))
    spectra = np.fft.rfft2(padded) * np.exp(-2j * np.pi * (y * along_y + x * along_x))
    kernels = np.fft.irfft2(spectra, (size, size))
    return dataclasses.replace(psf, kernels=np.where(missing, np.nan, kernels))


def _fitted(psf: PsfKernels) -> PsfKernels:
    """Return oversampled PSFs that are fitted to what pixels see of them."""
    # SciPy is not loaded before it is needed: importing the package is quick.
    from .subpixel_fit import fit_subpixels

    kernels = psf.kernels
    shape = (*kernels.shape[:3], FIT_OVERSAMPLING * psf.size, FIT_OVERSAMPLING * psf.size)
    finer = np.full(shape, np.nan, np.float32)
    for place in np.ndindex(*kernels.shape[:3]):
        if not np.isnan(kernels[place]).all():
            finer[place] = fit_subpixels(kernels[place])
    return dataclasses.replace(psf, kernels=finer, oversampling=FIT_OVERSAMPLING)
