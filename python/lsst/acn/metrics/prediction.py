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

"""What a latent image predicts for each exposure."""

from __future__ import annotations

__all__ = ("predict_exposure",)

from collections.abc import Iterator

import numpy as np

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.stack import ExposureStack
from ..forward.forward_model import ForwardModel
from ..tiles.grid import tile_grid

TILE_SIZE = 512
"""Side, in pixels, of the largest piece that is convolved at once."""


def predict_exposure(latent: np.ndarray, latent_box: Box, stack: ExposureStack, index: int) -> np.ndarray:
    """Return the noiseless exposure that a latent image predicts.

    Parameters
    ----------
    latent : `numpy.ndarray`
        Latent image, or any image that is taken for one, shape
        ``latent_box.shape``.
    latent_box : `Box`
        Pixels of ``latent``.  Where the PSF reaches beyond them, the
        outermost pixels are repeated.
    stack : `ExposureStack`
        The exposures, or a coadd as a stack of one.
    index : `int`
        Position of the exposure in the stack.

    Returns
    -------
    prediction : `numpy.ndarray`
        The latent image convolved with the PSF of the exposure (Sukurdeep,
        Navarro & Budavari 2025, eq. 1), float32, shape ``stack.shape``.  Each
        cell has the PSF of its own centre.

    Raises
    ------
    ValueError
        Raised if ``latent`` does not have the shape of its box.
    """
    if latent.shape != latent_box.shape:
        raise ValueError(f"A latent image of shape {latent.shape} does not fit its box {latent_box}.")
    psf = stack.psf
    padded, padded_box = _grown_to(latent, latent_box, stack.box.grown_by(psf.radius))
    prediction = np.empty(stack.shape, np.float32)
    for tile in _tiles(stack.box, psf):
        model = ForwardModel(tile.shape, psf.size)
        piece = padded[tile.grown_by(psf.radius).slices_within(padded_box)]
        kernel = psf.at(*tile.center)[index : index + 1]
        prediction[tile.slices_within(stack.box)] = model.apply(piece, model.spectra(kernel))[0]
    return prediction


def _grown_to(image: np.ndarray, box: Box, needed: Box) -> tuple[np.ndarray, Box]:
    """Return an image that covers ``needed``, its outermost pixels repeated."""
    widths = [
        (max(box.y_start - needed.y_start, 0), max(needed.y_stop - box.y_stop, 0)),
        (max(box.x_start - needed.x_start, 0), max(needed.x_stop - box.x_stop, 0)),
    ]
    image = np.asarray(image, np.float32)
    (top, bottom), (left, right) = widths
    if not any((top, bottom, left, right)):
        return image, box
    grown = Box(box.y_start - top, box.y_stop + bottom, box.x_start - left, box.x_stop + right)
    return np.pad(image, widths, mode="edge"), grown


def _tiles(box: Box, psf: PsfKernels) -> Iterator[Box]:
    """Yield pieces of ``box`` that lie in one cell each, disjoint."""
    for rows in _runs(box.y_start, box.y_stop, psf.box.y_start, psf.cell_shape[0], psf.kernels.shape[1]):
        for columns in _runs(
            box.x_start, box.x_stop, psf.box.x_start, psf.cell_shape[1], psf.kernels.shape[2]
        ):
            yield from tile_grid(Box(*rows, *columns), TILE_SIZE, 0)


def _runs(start: int, stop: int, origin: int, length: int, count: int) -> list[tuple[int, int]]:
    """Return the parts of an axis that lie in one cell each."""
    inner = [origin + number * length for number in range(1, count)]
    edges = [start, *(edge for edge in inner if start < edge < stop), stop]
    return list(zip(edges[:-1], edges[1:], strict=True))
