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

"""PSF kernels of a stack of exposures that may vary over the patch."""

from __future__ import annotations

__all__ = ("PsfKernels", "constant_kernels", "gaussian_kernel", "kernel_moments", "padded_kernels")

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InvalidExposureError
from .boxes import Box
from .plain_numbers import real_numbers

UNIT_SUM_TOLERANCE = 0.05
FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True, eq=False)
class PsfKernels:
    """Kernels on a grid of cells, constant inside each cell.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Kernels, shape ``(n, n_cells_y, n_cells_x, k, k)``, ``k`` odd, each of
        unit sum.  Cells where an exposure has no PSF are all NaN.  Sums that
        are off by no more than 5 % (light beyond the stamp) are mended.
    box : `Box`
        Pixels that the grid of cells covers.
    cell_shape : `tuple` [`int`, `int`]
        Height and width of a cell, in pixels.
    oversampling : `int`, optional
        Samples of ``kernels`` per pixel, along each axis.  Exposures have PSFs
        with one.
    finer : `PsfKernels`, optional
        The same PSFs before pixels see them, oversampled, in the same cells,
        if they are known.

    Raises
    ------
    InvalidExposureError
        Raised if a kernel is not odd and square, not finite, or not of unit
        sum, or if an exposure has no kernel in any cell.
    """

    kernels: np.ndarray
    box: Box
    cell_shape: tuple[int, int]
    oversampling: int = 1
    finer: PsfKernels | None = None

    def __post_init__(self) -> None:
        kernels = np.array(self.kernels, dtype=np.float32)
        if kernels.ndim != 5 or kernels.shape[-1] != kernels.shape[-2] or kernels.shape[-1] % 2 == 0:
            raise InvalidExposureError(
                f"PSF kernels must be square with odd sides; got an array of shape {kernels.shape}.",
                shape=str(kernels.shape),
            )
        missing = np.isnan(kernels).all(axis=(-1, -2))
        for index in np.flatnonzero(missing.all(axis=(1, 2))):
            raise InvalidExposureError(f"Exposure number {index} has no PSF anywhere.", exposure=int(index))
        sums = kernels.sum(axis=(-1, -2), dtype=np.float64)
        bad = ~missing & ~(np.abs(sums - 1.0) <= UNIT_SUM_TOLERANCE)
        for index in np.flatnonzero(bad.any(axis=(1, 2))):
            worst = sums[index][bad[index]][0]
            raise InvalidExposureError(
                f"The PSF kernel of exposure number {index} has NaN pixels or no unit sum ({worst:g}).",
                exposure=int(index),
            )
        kernels /= np.where(missing, 1.0, sums).astype(np.float32)[..., None, None]
        kernels.flags.writeable = False
        object.__setattr__(self, "kernels", kernels)

    @classmethod
    def constant(cls, kernels: Any, box: Box) -> PsfKernels:
        """Return kernels that do not vary.

        Parameters
        ----------
        kernels : `numpy.ndarray`
            One kernel for each exposure, shape ``(n, k, k)``.
        box : `Box`
            Pixels where they hold.

        Returns
        -------
        psf : `PsfKernels`
            The kernels, in a grid of one cell.

        Raises
        ------
        InvalidExposureError
            Raised if they are of another shape, or as by `PsfKernels`.
        """
        if not isinstance(kernels, np.ndarray):
            parts = kernels if isinstance(kernels, list | tuple) else ()
            shapes = [getattr(part, "shape", type(part).__name__) for part in parts]
            raise InvalidExposureError(
                f"PSF kernels must be an array of shape (n, k, k); got a {type(kernels).__name__}"
                + (f" of {shapes}." if parts else ".")
            )
        real_numbers("PSF", kernels)
        if np.ma.is_masked(kernels):
            raise InvalidExposureError("Pixels of PSF kernels are masked: put into them what light they see.")
        if kernels.ndim != 3 or kernels.shape[1] != kernels.shape[2] or kernels.shape[2] % 2 == 0:
            raise InvalidExposureError(
                "PSF kernels must be square with odd sides, in an array of shape (n, k, k) with one for each "
                f"exposure; got {kernels.shape}.",
                shape=str(kernels.shape),
            )
        return cls(kernels[:, None, None], box, box.shape)

    def __len__(self) -> int:
        return len(self.kernels)

    @property
    def size(self) -> int:
        """Side of a kernel in pixels (`int`)."""
        return self.kernels.shape[-1]

    @property
    def radius(self) -> int:
        """Half side of a kernel in pixels, without the centre (`int`)."""
        return self.size // 2

    @property
    def is_constant(self) -> bool:
        """Whether there is just one cell (`bool`)."""
        return self.kernels.shape[1:3] == (1, 1)

    def cell_of(self, y: float, x: float) -> tuple[int, int]:
        """Return the cell that holds or is nearest a point.

        Parameters
        ----------
        y, x : `float`
            Row and column on the grid of the tract.

        Returns
        -------
        i, j : `int`
            Row and column of the cell.
        """
        rows, columns = self.kernels.shape[1:3]
        i = int((y - self.box.y_start + 0.5) // self.cell_shape[0])
        j = int((x - self.box.x_start + 0.5) // self.cell_shape[1])
        return min(max(i, 0), rows - 1), min(max(j, 0), columns - 1)

    def at(self, y: float, x: float) -> np.ndarray:
        """Return the kernels at a point.

        Parameters
        ----------
        y, x : `float`
            Row and column on the grid of the tract.

        Returns
        -------
        kernels : `numpy.ndarray`
            One kernel for each exposure, shape ``(n, k, k)``.

        Notes
        -----
        Where an exposure has no PSF in the cell of that point, its nearest
        cell that has one is taken.
        """
        i, j = self.cell_of(y, x)
        result = self.kernels[:, i, j].copy()
        for index in np.flatnonzero(np.isnan(result).any(axis=(-1, -2))):
            have = np.argwhere(np.isfinite(self.kernels[index]).all(axis=(-1, -2)))
            nearest = have[np.argmin(((have - (i, j)) ** 2).sum(axis=1))]
            result[index] = self.kernels[index, nearest[0], nearest[1]]
        return result

    def select(self, indices: np.ndarray) -> PsfKernels:
        """Return the kernels of some of the exposures.

        Parameters
        ----------
        indices : `numpy.ndarray`
            Positions of the exposures to keep.

        Returns
        -------
        psf : `PsfKernels`
            Their kernels.
        """
        finer = None if self.finer is None else self.finer.select(indices)
        return PsfKernels(self.kernels[indices], self.box, self.cell_shape, self.oversampling, finer)


def padded_kernels(kernels: np.ndarray, size: int) -> np.ndarray:
    """Return kernels in the middle of larger stamps.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Shape ``(..., k, k)``, all NaN where there is none.
    size : `int`
        Odd side of the stamps, no less than ``k``.

    Returns
    -------
    padded : `numpy.ndarray`
        Shape ``(..., size, size)``, 0 around the kernels, and all NaN where
        there is none.
    """
    edge = (size - kernels.shape[-1]) // 2
    missing = np.isnan(kernels).all(axis=(-1, -2), keepdims=True)
    widths = [(0, 0)] * (kernels.ndim - 2) + [(edge, edge)] * 2
    return np.where(missing, np.nan, np.pad(kernels, widths)).astype(np.float32, copy=False)


def constant_kernels(kernels: np.ndarray) -> np.ndarray | None:
    """Return one kernel for each exposure, if it does not vary.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Kernels in some cells, at least one of each exposure, all NaN where
        there is none; shape ``(n, n_cells, k, k)``.

    Returns
    -------
    constant : `numpy.ndarray` or `None`
        Shape ``(n, k, k)``; `None` if an exposure has different ones.
    """
    first = []
    for row in kernels:
        have = row[np.isfinite(row).all(axis=(1, 2))]
        if not (have == have[:1]).all():
            return None
        first.append(have[0])
    return np.stack(first)


def gaussian_kernel(fwhm: float, size: int | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Return a round Gaussian of unit sum, integrated at pixel centres.

    Parameters
    ----------
    fwhm : `float`
        Full width at half maximum in pixels.
    size : `int`, optional
        Odd side of the stamp; by default it reaches to 4.5 standard
        deviations.
    dtype : `numpy.typing.DTypeLike`, optional
        Precision of the stamp.

    Returns
    -------
    kernel : `numpy.ndarray`
        The stamp, shape ``(size, size)``.
    """
    sigma = fwhm / FWHM_PER_SIGMA
    radius = int(np.ceil(4.5 * sigma)) if size is None else size // 2
    profile = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = np.outer(profile, profile)
    return (kernel / kernel.sum()).astype(dtype)


def kernel_moments(kernel: np.ndarray) -> tuple[float, float, float]:
    """Return the second moments xx, yy, xy of a PSF kernel.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Kernel of unit sum.

    Returns
    -------
    xx, yy, xy : `float`
        Adaptive moments (Hirata and Seljak 2003) in pixels squared; NaN
        where these do not converge.
    """
    import galsim

    shape = galsim.hsm.FindAdaptiveMom(galsim.Image(np.asarray(kernel, np.float64), scale=1.0), strict=False)
    if shape.moments_status != 0:
        return np.nan, np.nan, np.nan
    e1, e2 = shape.observed_e1, shape.observed_e2
    # The determinant's fourth root is what galsim reports as the size.
    trace = 2.0 * shape.moments_sigma**2 / np.sqrt(1.0 - e1**2 - e2**2)
    return 0.5 * trace * (1.0 + e1), 0.5 * trace * (1.0 - e1), 0.5 * trace * e2
