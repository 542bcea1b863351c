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

"""A sky level that varies smoothly over a patch."""

from __future__ import annotations

__all__ = ("SmoothSky",)

import dataclasses

import numpy as np

from ..exposures.boxes import Box


@dataclasses.dataclass(frozen=True, eq=False)
class SmoothSky:
    """A surface through levels on a coarse grid; it may be negative.

    Parameters
    ----------
    box : `Box`
        Patch that the grid covers.
    levels : `numpy.ndarray`
        Level in the middle of each of equal cells, in the unit of the
        exposures, shape ``(n_y, n_x)``; a single one is the same everywhere.
    """

    box: Box
    levels: np.ndarray

    @classmethod
    def nothing(cls, box: Box) -> SmoothSky:
        """Return a sky that is 0.

        Parameters
        ----------
        box : `Box`
            The patch.

        Returns
        -------
        sky : `SmoothSky`
            Constant.
        """
        return cls(box, np.zeros((1, 1)))

    def __bool__(self) -> bool:
        return bool(np.any(self.levels))

    def plus(self, other: SmoothSky) -> SmoothSky:
        """Return the sum of two skies on the same patch.

        Parameters
        ----------
        other : `SmoothSky`
            On the same grid, or one of them constant.

        Returns
        -------
        sum : `SmoothSky`
            On the finer grid.
        """
        return SmoothSky(self.box, self.levels + other.levels)

    def on(self, box: Box) -> np.ndarray:
        """Return the sky on some pixels.

        Parameters
        ----------
        box : `Box`
            Pixels, also beyond the patch, where the nearest level holds.

        Returns
        -------
        sky : `numpy.ndarray`
            Float32, shape ``box.shape``: linear between the middles of cells.
        """
        along_y = _interpolation(
            box.y_start, box.y_stop, self.box.y_start, self.box.shape[0], self.levels.shape[0]
        )
        along_x = _interpolation(
            box.x_start, box.x_stop, self.box.x_start, self.box.shape[1], self.levels.shape[1]
        )
        return (along_y @ self.levels @ along_x.T).astype(np.float32)


def _interpolation(start: int, stop: int, first: int, length: int, n_cells: int) -> np.ndarray:
    """Return the weight of each cell in each pixel, shape ``(stop - start, n_cells)``."""
    place = (np.arange(start, stop) + 0.5 - first) * n_cells / length - 0.5
    place = np.clip(place, 0.0, n_cells - 1.0)
    return np.maximum(1.0 - np.abs(place[:, None] - np.arange(n_cells)), 0.0)
