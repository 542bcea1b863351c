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

"""Grow a stack by one warp at a time, so that no two have to be in memory."""

from __future__ import annotations

__all__ = ("StackBuilder",)

from collections.abc import Sequence

import astropy.units
import numpy as np

from ..boxes import Box
from ..errors import InvalidExposureError
from ..exposure_stack import ExposureStack
from ..mask_planes import plane_bitmask
from .geometry import PatchGeometry
from .psf_grid import PsfSampler
from .warp_arrays import MASK_BITS, WarpArrays

NO_DATA = "NO_DATA"
MAX_SEPARATION = 0.1
"""Distance, in pixels, by which the grids of two warps may differ."""


class StackBuilder:
    """A stack in the making.

    Parameters
    ----------
    box : `Box`
        Pixels of the stack.
    capacity : `int`
        Largest number of warps to come.
    geometry : `PatchGeometry` or `None`
        Patch that all warps have to belong to.
    bad_mask_planes : `~collections.abc.Sequence` [`str`]
        Planes whose pixels are not valid.
    cell_size : `int`
        Side of the cells in which the PSF is constant, in pixels.
    """

    def __init__(
        self,
        box: Box,
        capacity: int,
        geometry: PatchGeometry | None,
        bad_mask_planes: Sequence[str],
        cell_size: int,
    ) -> None:
        self.visits: list[int] = []
        self._box = box
        self._geometry = geometry
        self._bad_mask_planes = bad_mask_planes
        self._psfs = PsfSampler(box, geometry, cell_size)
        self._planes = {NO_DATA: 0}
        self._unit: astropy.units.UnitBase | None = None
        self._bands: set[str] = set()
        shape = (capacity, *box.shape)
        self._image = np.zeros(shape, np.float32)
        self._variance = np.full(shape, np.inf, np.float32)
        self._valid = np.zeros(shape, bool)
        self._mask = np.full(shape, 1 << self._planes[NO_DATA], np.uint32)

    def add(self, visit: int, arrays: WarpArrays) -> bool:
        """Add a warp, unless it has no valid pixel.

        Parameters
        ----------
        visit : `int`
            Identifier of the exposure.
        arrays : `WarpArrays`
            The warp.

        Returns
        -------
        added : `bool`
            Whether the warp has a valid pixel.

        Raises
        ------
        InvalidExposureError
            Raised if the warp does not fit those before it.
        """
        self._check(arrays)
        factor = self._factor(arrays.unit)
        bad = np.uint32(plane_bitmask(self._bad_mask_planes, arrays.mask_planes))
        valid = np.isfinite(arrays.image) & np.isfinite(arrays.variance) & (arrays.variance > 0)
        valid &= (arrays.mask & bad) == 0
        if not valid.any():
            return False
        self._psfs.add(arrays.kernel_at, valid, arrays.box)
        here = np.s_[len(self.visits), *arrays.box.slices_within(self._box)]
        self._image[here] = np.where(valid, arrays.image * np.float32(factor), 0)
        self._variance[here] = np.where(valid, arrays.variance * np.float32(factor**2), np.inf)
        self._valid[here] = valid
        self._mask[here] = self._translate(arrays)
        self.visits.append(visit)
        return True

    def _check(self, arrays: WarpArrays) -> None:
        if not self._box.contains(arrays.box):
            raise InvalidExposureError(f"Its pixels {arrays.box} are not inside the patch's {self._box}.")
        if arrays.band is not None:
            self._bands.add(arrays.band)
        if len(self._bands) > 1:
            raise InvalidExposureError(f"Its band {arrays.band} is not that of the others.")
        mine, its = self._geometry, arrays.geometry
        if mine is None or its is None or mine is its:
            return
        if (mine.skymap, mine.tract, mine.patch.id) != (its.skymap, its.tract, its.patch.id):
            raise InvalidExposureError("It belongs to another patch than the others.")
        if (distance := mine.separation(its)) > MAX_SEPARATION:
            raise InvalidExposureError(f"Its pixels lie {distance:.3g} pixels away from those of the others.")

    def _factor(self, unit: str) -> float:
        """Return what to multiply with to get to the unit of the stack."""
        parsed, nanojansky = astropy.units.Unit(unit), astropy.units.nJy
        if self._unit is None:
            self._unit = nanojansky if parsed.is_equivalent(nanojansky) else parsed
        try:
            return parsed.to(self._unit)
        except astropy.units.UnitConversionError as error:
            others = f"visits {self.visits}" if self.visits else "the others"
            raise InvalidExposureError(
                f"Its unit {str(parsed)!r} cannot be converted to {str(self._unit)!r}, that of {others}."
            ) from error

    def _translate(self, arrays: WarpArrays) -> np.ndarray:
        """Return a warp's mask with the bits that planes have in the stack."""
        result = np.zeros(arrays.mask.shape, np.uint32)
        for name, bit in arrays.mask_planes.items():
            pixels = arrays.mask >> np.uint32(bit) & np.uint32(1)
            if name not in self._planes and len(self._planes) == MASK_BITS:
                if not pixels.any():
                    continue
                raise InvalidExposureError(f"There is no bit left for its mask plane {name}.")
            result |= pixels << np.uint32(self._planes.setdefault(name, len(self._planes)))
        return result

    def finish(self, band: str | None = None) -> ExposureStack:
        """Return the stack of all warps that were added, at least one.

        Parameters
        ----------
        band : `str`, optional
            Name of the band; by default what the warps say.

        Returns
        -------
        stack : `ExposureStack`
            The stack.
        """
        count = len(self.visits)
        return ExposureStack(
            image=self._image[:count],
            variance=self._variance[:count],
            valid=self._valid[:count],
            psf=self._psfs.finish(),
            box=self._box,
            visits=tuple(self.visits),
            unit=str(self._unit),
            mask=self._mask[:count],
            mask_planes=self._planes,
            band=band or next(iter(self._bands), None),
            geometry=self._geometry,
        )
