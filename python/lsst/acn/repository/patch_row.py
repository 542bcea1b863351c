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

"""Adjacent patches on the grid of a tract."""

from __future__ import annotations

__all__ = ("PatchRow",)

import dataclasses

from astropy.wcs import WCS

from ..exposures.boxes import Box
from ..exposures.plain_numbers import MOST
from ..image_io import PatchGeometry, make_patch_geometry


@dataclasses.dataclass(frozen=True)
class PatchRow:
    """Adjacent patches of one tract, in its first row.

    Parameters
    ----------
    size : `int`, optional
        Side of a patch in pixels, overlaps included.
    count : `int`, optional
        Number of patches.
    overlap : `int`, optional
        Number of pixels, even, that neighbours share.
    skymap : `str`, optional
        Name of the skymap.
    tract : `int`, optional
        Identifier of the tract.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    size: int = 256
    count: int = 1
    overlap: int = 0
    skymap: str = "simulated"
    tract: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.size <= MOST and 1 <= self.count <= MOST and 0 <= self.tract <= MOST):
            raise ValueError(
                "Size and number of patches must be at least 1, the tract not negative, and no number beyond "
                f"{MOST}; got "
                f"{self.size}, {self.count} and {self.tract}."
            )
        if self.overlap % 2 or not 0 <= self.overlap < self.size:
            raise ValueError(
                f"The overlap of patches must be even and less than their size; got {self.overlap}."
            )

    @property
    def box(self) -> Box:
        """Pixels of all patches together (`Box`)."""
        return Box(0, self.size, 0, self.count * (self.size - self.overlap) + self.overlap)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches of a tract (`tuple`)."""
        return 10, max(10, self.count)

    def geometries(self, wcs: WCS, cell_size: int) -> list[PatchGeometry]:
        """Return where each patch lies.

        Parameters
        ----------
        wcs : `~astropy.wcs.WCS`
            Sky coordinates of the tract's pixels.
        cell_size : `int`
            Side in pixels that cells should have.

        Returns
        -------
        geometries : `list` [`PatchGeometry`]
            From left to right, the identifiers counting from 0.
        """
        return [
            make_patch_geometry(
                wcs,
                skymap=self.skymap,
                tract=self.tract,
                patch=patch,
                outer_box=self._outer_box(patch),
                inner_box=self._inner_box(patch),
                index=(0, patch),
                cell_size=cell_size,
            )
            for patch in range(self.count)
        ]

    def _outer_box(self, patch: int) -> Box:
        start = patch * (self.size - self.overlap)
        return Box(0, self.size, start, start + self.size)

    def _inner_box(self, patch: int) -> Box:
        outer, half = self._outer_box(patch), self.overlap // 2
        start = outer.x_start + (half if patch > 0 else 0)
        stop = outer.x_stop - (half if patch < self.count - 1 else 0)
        return Box(outer.y_start, outer.y_stop, start, stop)
