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

"""Unit, band, patch and mask planes that the warps of a stack share."""

from __future__ import annotations

__all__ = ("SharedTerms",)

from collections.abc import Sequence

import astropy.units
import numpy as np

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import NO_DATA
from .geometry import PatchGeometry
from .warp_arrays import MASK_BITS, WarpArrays

MAX_SEPARATION = 0.1
"""Distance, in pixels, by which the grids of two warps may differ."""


class SharedTerms:
    """What the first warps lay down for all that are read after them.

    Pieces of a patch that are read one after the other share their terms, so
    that a bit of a mask means the same in all of them.

    Parameters
    ----------
    reserved : `~collections.abc.Sequence` [`str`], optional
        Mask planes that get a bit whether or not a warp has them.
    """

    def __init__(self, reserved: Sequence[str] = ()) -> None:
        self.planes = {name: bit for bit, name in enumerate(dict.fromkeys((NO_DATA, *reserved)))}
        """Bit number of each mask plane, by name (`dict`)."""
        self.geometry: PatchGeometry | None = None
        """Patch that all warps belong to, once one has said so."""
        self._corners: np.ndarray | None = None
        self.boxes: dict[int, Box] = {}
        """Pixels of each warp by visit, once known (`dict`)."""
        self._unit: astropy.units.UnitBase | None = None
        self._bands: set[str] = set()

    @property
    def unit(self) -> str:
        """Unit of the pixels (`str`)."""
        return str(self._unit)

    @property
    def band(self) -> str | None:
        """Name of the band, if a warp has one (`str` or `None`)."""
        return next(iter(self._bands), None)

    def adopt(self, geometry: PatchGeometry | None) -> None:
        """Take the patch of a warp for that of all, unless one has said so before.

        Parameters
        ----------
        geometry : `PatchGeometry` or `None`
            Of the warp, if it knows.
        """
        if self.geometry is None and geometry is not None:
            self.geometry, self._corners = geometry, geometry.corners()

    def check(self, arrays: WarpArrays) -> None:
        """Raise if a warp is of another band or patch than those before.

        Parameters
        ----------
        arrays : `WarpArrays`
            The warp.

        Raises
        ------
        InvalidExposureError
            Raised if it does not fit.
        """
        if arrays.band is not None:
            self._bands.add(arrays.band)
        if len(self._bands) > 1:
            raise InvalidExposureError(f"Its band {arrays.band} is not that of the others.")
        mine, its = self.geometry, arrays.geometry
        self.adopt(its)
        if mine is None or its is None or mine is its or self._corners is None:
            return
        if (mine.skymap, mine.tract, mine.patch.id) != (its.skymap, its.tract, its.patch.id):
            raise InvalidExposureError("It belongs to another patch than the others.")
        if (distance := its.distance(mine.outer_box, self._corners)) > MAX_SEPARATION:
            raise InvalidExposureError(f"Its pixels lie {distance:.3g} pixels away from those of the others.")

    def factor(self, unit: str, visits: Sequence[int]) -> float:
        """Return what to multiply with to get to the unit of the stack.

        Parameters
        ----------
        unit : `str`
            Unit of a warp.
        visits : `~collections.abc.Sequence` [`int`]
            Exposures before it, for the error.

        Returns
        -------
        factor : `float`
            Nanojansky per ``unit`` where it can be converted to that.

        Raises
        ------
        InvalidExposureError
            Raised if it cannot be converted to the unit of the others.
        """
        parsed, nanojansky = astropy.units.Unit(unit), astropy.units.nJy
        if self._unit is None:
            self._unit = nanojansky if parsed.is_equivalent(nanojansky) else parsed
        try:
            return parsed.to(self._unit)
        except astropy.units.UnitConversionError as error:
            others = f"visits {list(visits)}" if visits else "the others"
            raise InvalidExposureError(
                f"Its unit {str(parsed)!r} cannot be converted to {str(self._unit)!r}, that of {others}."
            ) from error

    def translate(self, arrays: WarpArrays) -> np.ndarray:
        """Return a warp's mask with the bits that planes have in the stack.

        Parameters
        ----------
        arrays : `WarpArrays`
            The warp.

        Returns
        -------
        mask : `numpy.ndarray`
            Bit mask, uint32.

        Raises
        ------
        InvalidExposureError
            Raised if no bit is left for a plane that is in use.
        """
        result = np.zeros(arrays.mask.shape, np.uint32)
        for name, bit in arrays.mask_planes.items():
            pixels = arrays.mask >> np.uint32(bit) & np.uint32(1)
            if name not in self.planes and len(self.planes) == MASK_BITS:
                if not pixels.any():
                    continue
                raise InvalidExposureError(f"There is no bit left for its mask plane {name}.")
            result |= pixels << np.uint32(self.planes.setdefault(name, len(self.planes)))
        return result
