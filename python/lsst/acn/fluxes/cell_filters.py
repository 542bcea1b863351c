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

"""Filtering the restored image and its residual, cell by cell."""

from __future__ import annotations

__all__ = ("CellSpectra", "filtered_sum")

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.fft

from ..exposures.boxes import Box
from ..machine.threads import for_each
from ..residual.target_division import centred_spectrum
from .flux_images import FluxImages

Filters = Callable[["CellSpectra"], tuple[np.ndarray, np.ndarray, float]]
"""Returns what to filter the restored image with, and the residual, and by
what to multiply the variance of the residual."""


@dataclasses.dataclass(frozen=True, eq=False)
class CellSpectra:
    """The PSFs of a cell, transformed.

    Parameters
    ----------
    power : `numpy.ndarray`
        :math:`P`, the transform of the residual's PSF, real, shape ``(height,
        width // 2 + 1)``.
    target : `numpy.ndarray`
        Transform of the target PSF, same shape.
    shape : `tuple` [`int`, `int`]
        Height and width of the images.
    """

    power: np.ndarray
    target: np.ndarray
    shape: tuple[int, int]

    @property
    def peak(self) -> float:
        """Height of the residual's PSF (`float`)."""
        return self.sum(self.power)

    @property
    def frequencies(self) -> np.ndarray:
        """Length of the wave vectors in radians per pixel, shape of ``power``."""
        y, x = scipy.fft.fftfreq(self.shape[0])[:, None], scipy.fft.rfftfreq(self.shape[1])
        return 2.0 * np.pi * np.hypot(y, x)

    def sum(self, spectrum: np.ndarray) -> float:
        """Return the mean of a real spectrum over all frequencies.

        Parameters
        ----------
        spectrum : `numpy.ndarray`
            Shape of ``power``.

        Returns
        -------
        mean : `float`
            Value at the origin of the image that it belongs to.
        """
        counts = np.full(spectrum.shape[1], 2.0)
        counts[0] = 1.0
        if self.shape[1] % 2 == 0:
            counts[-1] = 1.0
        return float((spectrum.real @ counts).sum() / (self.shape[0] * self.shape[1]))


def cell_spectra(images: FluxImages, y: float, x: float, shape: tuple[int, int]) -> CellSpectra:
    """Return the PSFs at a point as spectra.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    y, x : `float`
        Row and column on the grid of the tract.
    shape : `tuple` [`int`, `int`]
        Height and width of what is transformed, at least those of the PSFs.

    Returns
    -------
    spectra : `CellSpectra`
        The spectra.
    """
    power = centred_spectrum(images.residual.kernel_at(y, x), shape).real
    return CellSpectra(np.maximum(power, 0.0), centred_spectrum(images.target_psf, shape), shape)


def filtered_sum(images: FluxImages, filters: Filters, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of both images, filtered, and what its variance is.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    filters : `~collections.abc.Callable`
        Takes the `CellSpectra` of a cell; returns spectra for the restored
        image and for the residual, and a number for the variance of the
        residual.
    reach : `int`
        Pixels around a cell that matter to it.

    Returns
    -------
    image, variance : `numpy.ndarray`
        Float32, shape ``images.box.shape``.  Beyond the edges of the images,
        there is nothing.
    """
    box = images.box
    result, variance = np.empty(box.shape, np.float32), np.empty(box.shape, np.float32)
    cells = list(_cells(images))

    def fill(number: int) -> None:
        cell = cells[number]
        where = cell.slices_within(box)
        around = cell.grown_by(reach)
        shape = tuple(scipy.fft.next_fast_len(side, real=True) for side in around.shape)
        spectra = cell_spectra(images, *cell.center, shape)
        for_image, for_residual, factor = filters(spectra)
        total = for_image * _transformed(images.image, box, around, shape)
        total = total + for_residual * _transformed(images.residual.image, box, around, shape)
        result[where] = scipy.fft.irfft2(total, s=shape)[cell.slices_within(around)]
        variance[where] = factor * images.residual.variance[where]

    for_each(fill, len(cells))
    return result, variance


def _cells(images: FluxImages) -> Iterator[Box]:
    """Yield the parts of cells that are in the patch."""
    psf, box = images.residual.psf, images.box
    height, width = psf.cell_shape
    for y in range(psf.box.y_start, psf.box.y_stop, height):
        for x in range(psf.box.x_start, psf.box.x_stop, width):
            cell = Box.from_shape(psf.cell_shape, (y, x))
            if cell.overlaps(box):
                yield cell.intersection(box)


def _transformed(image: np.ndarray, box: Box, around: Box, shape: tuple[int, int]) -> Any:
    """Return the spectrum of some pixels, and of nothing beyond the edges."""
    part = around.intersection(box)
    padded = np.zeros(shape)
    padded[part.slices_within(around)] = image[part.slices_within(box)]
    return scipy.fft.rfft2(padded)
