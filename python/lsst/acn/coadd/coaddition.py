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

"""The inverse-variance mean of a stack: what a restoration has to beat."""

from __future__ import annotations

__all__ = ("Coadd", "assemble_coadd", "exposure_weights")

import dataclasses

import numpy as np

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.row_pieces import row_pieces
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack


@dataclasses.dataclass(frozen=True, eq=False)
class Coadd:
    """The weighted mean of a stack of exposures.

    Parameters
    ----------
    image : `numpy.ndarray`
        Mean of the valid exposures, in the unit of the stack, float32, shape
        ``(height, width)``, NaN where no exposure is valid.
    variance : `numpy.ndarray`
        Variance of ``image``, same shape, NaN where no exposure is valid.
    n_valid : `numpy.ndarray`
        Number of exposures that contribute to each pixel, int32, same shape.
    exact_psf : `numpy.ndarray`
        `True` where the contributing exposures are exactly those that make up
        ``psf``, same shape.
    psf : `PsfKernels`
        Effective PSF of the coadd, as of one exposure; NaN in cells without
        data.
    weights : `numpy.ndarray`
        Weight of each exposure, in inverse variance, shape ``(n,)``.
    cell_weights : `numpy.ndarray`
        Share of each exposure in the PSF of each cell, shape
        ``(n, n_cells_y, n_cells_x)``; sums to one over the exposures, or is 0
        in cells without data.
    valid_fractions : `numpy.ndarray`
        Share of each cell's pixels where each exposure is valid, same shape.
    """

    image: np.ndarray
    variance: np.ndarray
    n_valid: np.ndarray
    exact_psf: np.ndarray
    psf: PsfKernels
    weights: np.ndarray
    cell_weights: np.ndarray
    valid_fractions: np.ndarray


def exposure_weights(stack: ExposureSource) -> np.ndarray:
    """Return the weight of each exposure, 1 / (its median variance).

    Parameters
    ----------
    stack : `ExposureSource`
        The exposures.

    Returns
    -------
    weights : `numpy.ndarray`
        Float64, shape ``(n,)``; 0 for an exposure without valid pixels.
    """
    return 1.0 / stack.median_variances()


def assemble_coadd(
    stack: ExposureStack,
    *,
    cell_box: Box | None = None,
    cell_shape: tuple[int, int] | None = None,
    min_valid_fraction: float = 0.5,
    weights: np.ndarray | None = None,
) -> Coadd:
    r"""Return the mean of the valid exposures, one weight per exposure.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    cell_box : `Box`, optional
        Pixels that the cells of the coadd's PSF cover; by default those of
        the stack's PSFs.
    cell_shape : `tuple` [`int`, `int`], optional
        Height and width of these cells; by default as in the stack's PSFs.
    min_valid_fraction : `float`, optional
        An exposure is part of a cell's PSF if it is valid in at least this
        share of the cell's pixels.
    weights : `numpy.ndarray`, optional
        Weight of each exposure, shape ``(n,)``; by default `exposure_weights`
        of the stack.

    Returns
    -------
    coadd : `Coadd`
        The coadd with its variance and effective PSF.

    Raises
    ------
    InvalidExposureError
        Raised if no pixel of the stack is valid.

    Notes
    -----
    With validity :math:`m_t`, variance :math:`v_t` and
    :math:`c_t = 1 / \mathrm{median}(v_t)`, at every pixel

    .. math::

        \bar y = \frac{\sum_t c_t m_t y_t}{\sum_t c_t m_t}, \qquad
        \mathrm{Var}\,\bar y = \frac{\sum_t c_t^2 m_t v_t}{(\sum_t c_t m_t)^2}.

    The inverse variance of each pixel would be a poor weight.  It holds the
    Poisson noise of the very pixel it weighs: where noise lifts the counts,
    the estimated variance rises and the weight falls, so that the mean is
    biased low on sources.  And since a sharp exposure is brighter than a
    blurred one in the core of a star, the mix of exposures, and with it the
    PSF, would depend on the brightness of the source.  One weight for an
    exposure is free of both and all but optimal where the sky dominates.

    The effective PSF is the mean of the exposures' PSFs with the same
    weights.  It is exact in all pixels where precisely the exposures that
    make up the PSF of the cell are valid.
    """
    if not stack.valid.any():
        raise InvalidExposureError(f"None of the {len(stack)} exposures has a valid pixel in {stack.box}.")
    weights = exposure_weights(stack) if weights is None else weights
    image, variance, n_valid = _weighted_mean(stack, weights)
    cells = _Cells(stack.box, cell_box or stack.psf.box, cell_shape or stack.psf.cell_shape)
    fractions = np.stack([cells.mean(valid) for valid in stack.valid])
    members = _psf_members(fractions, min_valid_fraction)
    shares = weights[:, None, None] * members
    shares /= np.where(members.any(axis=0), shares.sum(axis=0), 1.0)
    return Coadd(
        image=image,
        variance=variance,
        n_valid=n_valid,
        exact_psf=_exact_psf(stack.valid, members, cells),
        psf=_mean_psf(stack.psf, shares, cells),
        weights=weights,
        cell_weights=shares,
        valid_fractions=fractions,
    )


def _weighted_mean(stack: ExposureStack, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, variance and count; some rows of one exposure at a time, to save memory."""
    mean, variance = np.empty((2, *stack.shape), np.float32)
    for piece in row_pieces(stack.shape[0]):
        rows = piece.rows
        total, signal, noise = np.zeros((3, *mean[rows].shape))
        for index, weight in enumerate(weights):
            valid = stack.valid[index, rows]
            total += weight * valid
            signal += weight * stack.image[index, rows]
            noise += weight**2 * np.where(valid, stack.variance[index, rows], 0.0)
        total[total == 0] = np.nan
        mean[rows], variance[rows] = signal / total, noise / total**2
    return mean, variance, stack.valid.sum(axis=0, dtype=np.int32)


class _Cells:
    """A grid of cells, and which cell each pixel of a box is in."""

    def __init__(self, pixels: Box, box: Box, shape: tuple[int, int]) -> None:
        self.box, self.shape = box, shape
        self._rows = _membership(pixels.y_start, pixels.y_stop, box.y_start, box.y_stop, shape[0])
        self._columns = _membership(pixels.x_start, pixels.x_stop, box.x_start, box.x_stop, shape[1])

    def center(self, i: int, j: int) -> tuple[float, float]:
        # The middle of that part of a cell that is inside the grid.
        start = self.box.y_start + i * self.shape[0], self.box.x_start + j * self.shape[1]
        return Box.from_shape(self.shape, start).intersection(self.box).center

    def mean(self, plane: np.ndarray) -> np.ndarray:
        # The mean over each cell; 0 in cells outside the box.
        n_pixels = np.outer(self._rows.sum(axis=1), self._columns.sum(axis=1))
        return self._rows @ plane @ self._columns.T / np.maximum(n_pixels, 1.0)

    def spread(self, values: np.ndarray) -> np.ndarray:
        # At each pixel the value of its cell.
        return values[np.ix_(self._rows.argmax(axis=0), self._columns.argmax(axis=0))]


def _membership(first: int, last: int, start: int, stop: int, length: int) -> np.ndarray:
    """Return as 0 or 1 which pixels of one axis are in each cell, shape ``(n_cells, n_pixels)``.

    Pixels beyond the grid count as those of the nearest cell.
    """
    n_cells = -(-(stop - start) // length)
    cell_of = np.clip((np.arange(first, last) - start) // length, 0, n_cells - 1)
    return (cell_of == np.arange(n_cells)[:, None]).astype(np.float32)


def _psf_members(fractions: np.ndarray, min_valid_fraction: float) -> np.ndarray:
    """Return which exposures make up each cell's PSF.

    Where no exposure covers enough of a cell, all that touch it do.
    """
    touching = fractions > 0
    members = touching & (fractions >= min_valid_fraction)
    return np.where(members.any(axis=0), members, touching)


def _exact_psf(valid: np.ndarray, members: np.ndarray, cells: _Cells) -> np.ndarray:
    exact = np.ones(valid.shape[1:], bool)
    for in_pixel, in_cell in zip(valid, members, strict=True):
        exact &= in_pixel == cells.spread(in_cell)
    return exact


def _mean_psf(psf: PsfKernels, shares: np.ndarray, cells: _Cells) -> PsfKernels:
    """Return the weighted mean of the PSFs in each cell, NaN where none has weight."""
    kernels = np.full((1, *shares.shape[1:], psf.size, psf.size), np.nan)
    for i, j in np.argwhere(shares.any(axis=0)):
        kernels[0, i, j] = np.tensordot(shares[:, i, j], psf.at(*cells.center(i, j)), axes=1)
    return PsfKernels(kernels, cells.box, cells.shape)
