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

"""Patches with mirrored edges, as Fourier transforms like them."""

from __future__ import annotations

__all__ = ("MirroredEdges", "kernel_spectrum")

import dataclasses

import numpy as np
import scipy.fft


@dataclasses.dataclass(frozen=True)
class MirroredEdges:
    """A grid that a patch is put on, its edges mirrored.

    Parameters
    ----------
    patch : `tuple` [`int`, `int`]
        Height and width of the patch.
    radius : `int`
        Least margin in pixels.
    """

    patch: tuple[int, int]
    radius: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the grid, fast to transform (`tuple` [`int`, `int`])."""
        height, width = (scipy.fft.next_fast_len(side + 2 * self.radius, real=True) for side in self.patch)
        return height, width

    def extend(self, image: np.ndarray) -> np.ndarray:
        """Return a patch on the grid, float64."""
        edges = [
            (self.radius, length - self.radius - side)
            for length, side in zip(self.shape, self.patch, strict=True)
        ]
        return np.pad(np.asarray(image, np.float64), edges, mode="symmetric")

    def crop(self, image: np.ndarray) -> np.ndarray:
        """Return the patch of what is on the grid."""
        height, width = self.patch
        return image[self.radius : self.radius + height, self.radius : self.radius + width]


def kernel_spectrum(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the real Fourier transform of a kernel, its middle at the origin.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Of odd sides.
    shape : `tuple` [`int`, `int`]
        Height and width of the grid.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Complex, shape ``(height, width // 2 + 1)``.
    """
    padded = np.zeros(shape)
    padded[: kernel.shape[0], : kernel.shape[1]] = kernel
    return scipy.fft.rfft2(np.roll(padded, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), (0, 1)))
