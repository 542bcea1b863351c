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

"""From warps, wherever they are, to one `ExposureStack`."""

from __future__ import annotations

__all__ = ("read_exposure_stack",)

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import astropy.units
import numpy as np

from lsst.pipe.base import NoWorkFound

from ..boxes import Box
from ..errors import InvalidExposureError
from ..exposure_stack import ExposureStack
from ..mask_planes import DEFAULT_BAD_MASK_PLANES, plane_bitmask
from .cell_coadds import MASK_BITS
from .geometry import PatchGeometry
from .psf_grid import PsfSampler
from .warp_arrays import WarpArrays, read_arrays, warp_box

_LOG = logging.getLogger(__name__)

NO_DATA = "NO_DATA"
MAX_SEPARATION = 0.1
"""Distance, in pixels, by which the grids of two warps may differ."""


def read_exposure_stack(
    warps: Mapping[int, Any] | Iterable[Any],
    *,
    bad_mask_planes: Sequence[str] = DEFAULT_BAD_MASK_PLANES,
    psf_cell_size: int = 300,
    band: str | None = None,
    box: Box | None = None,
    sky_map: Any = None,
) -> ExposureStack:
    """Read the warps of one patch.

    Parameters
    ----------
    warps : `~collections.abc.Mapping` or `~collections.abc.Iterable`
        Warps by visit, or dataset handles whose data IDs name their visits.
        A warp is a dataset handle or an image in memory, and holds a
        `lsst.images.cells.CellCoadd` or a ``lsst.afw.image.ExposureF``.
    bad_mask_planes : `~collections.abc.Sequence` [`str`], optional
        Planes whose pixels are not valid, named as ``lsst.afw`` or as
        ``lsst.images`` does.
    psf_cell_size : `int`, optional
        Side, in pixels, of the cells in which the PSF is taken as constant.
        Where warps bring cells of their own that are not much smaller,
        these are kept.
    band : `str`, optional
        Name of the band; by default what the warps say.
    box : `Box`, optional
        Pixels to read, so that a large patch can be read piece by piece; by
        default the whole patch.  Warps that do not reach it are left out.
    sky_map : ``lsst.skymap.BaseSkyMap``, optional
        Where tracts and patches lie, for exposures, which do not say.

    Returns
    -------
    stack : `ExposureStack`
        The exposures in the order of their visits.  Fluxes are in nanojansky
        where the unit of the warps can be converted, else in the unit of the
        first.  Pixels that a warp does not cover are not valid and have
        ``NO_DATA`` set.

    Raises
    ------
    InvalidExposureError
        Raised if a warp cannot be used or does not fit the others; says
        which.
    lsst.pipe.base.NoWorkFound
        Raised if no warp has a valid pixel.
    """
    warps = warps if isinstance(warps, Mapping) else _by_visit(warps)
    reader = _StackReader(bad_mask_planes, psf_cell_size, band, box, sky_map)
    for number, visit in enumerate(sorted(warps)):
        try:
            reader.add(visit, warps[visit], remaining=len(warps) - number, warps=warps)
        except InvalidExposureError as error:
            raise InvalidExposureError(f"{_name(visit, warps[visit])}: {error}", visit=visit) from error
    return reader.finish()


def _by_visit(handles: Iterable[Any]) -> dict[int, Any]:
    result: dict[int, Any] = {}
    for handle in handles:
        visit = int(handle.dataId["visit"])
        if visit in result:
            raise InvalidExposureError(f"Visit {visit} occurs more than once.", visit=visit)
        result[visit] = handle
    return result


def _name(visit: int, warp: Any) -> str:
    reference = getattr(warp, "ref", None)
    return f"Visit {visit}" if reference is None else f"Visit {visit} ({reference})"


class _StackReader:
    """Grow a stack by one warp at a time, never holding two of them."""

    def __init__(
        self, bad_planes: Sequence[str], cell_size: int, band: str | None, box: Box | None, sky_map: Any
    ) -> None:
        self._bad_planes = bad_planes
        self._cell_size = cell_size
        self._sky_map = sky_map
        self._band = band
        self._box = box
        self._unit: astropy.units.UnitBase | None = None
        self._geometry: PatchGeometry | None = None
        self._planes: dict[str, int] = {NO_DATA: 0}
        self._visits: list[int] = []
        self._psfs: PsfSampler | None = None

    def add(self, visit: int, warp: Any, *, remaining: int, warps: Mapping[int, Any]) -> None:
        wanted = None
        if self._box is not None:
            whole = warp_box(warp)
            if not whole.overlaps(self._box):
                _LOG.debug("%s does not reach %s.", _name(visit, warp), self._box)
                return
            wanted = whole.intersection(self._box)
        arrays = read_arrays(warp, wanted, sky_map=self._sky_map, cell_size=self._cell_size)
        if self._psfs is None:
            self._start(arrays, remaining, warps)
        self._check(arrays)
        if self._paste(arrays):
            self._psfs.add(arrays.kernel_at)
            self._visits.append(visit)
        else:
            _LOG.warning("%s has no valid pixel and is left out.", _name(visit, warp))

    def _start(self, arrays: WarpArrays, count: int, warps: Mapping[int, Any]) -> None:
        """Allocate the stack, once the first warp has told where it lies."""
        self._geometry = arrays.geometry
        if self._box is None and arrays.geometry is not None:
            self._box = arrays.geometry.outer_box
        self._box = self._box or _union([warp_box(warp) for warp in warps.values()])
        self._psfs = PsfSampler(self._box, arrays.geometry, self._cell_size)
        shape = (count, *self._box.shape)
        self._image = np.zeros(shape, np.float32)
        self._variance = np.full(shape, np.inf, np.float32)
        self._valid = np.zeros(shape, bool)
        self._mask = np.full(shape, 1 << self._planes[NO_DATA], np.uint32)

    def _check(self, arrays: WarpArrays) -> None:
        if not self._box.contains(arrays.box):
            raise InvalidExposureError(f"Its pixels {arrays.box} are not inside the patch's {self._box}.")
        self._band = self._band or arrays.band
        if arrays.band is not None and arrays.band != self._band:
            raise InvalidExposureError(f"Its band is {arrays.band}, not {self._band}.")
        mine, its = self._geometry, arrays.geometry
        if mine is None or its is None or mine is its:
            return
        if (mine.skymap, mine.tract, mine.patch.id) != (its.skymap, its.tract, its.patch.id):
            raise InvalidExposureError("It belongs to another patch.")
        if (distance := mine.separation(its)) > MAX_SEPARATION:
            raise InvalidExposureError(f"Its pixels lie {distance:.3g} pixels away from those of the others.")

    def _paste(self, arrays: WarpArrays) -> bool:
        """Copy a warp's planes into the next place; tell if any is valid."""
        factor = self._factor(arrays.unit)
        rows, columns = arrays.box.slices_within(self._box)
        here = np.s_[len(self._visits), rows, columns]
        bad = plane_bitmask(self._bad_planes, arrays.mask_planes)
        valid = np.isfinite(arrays.image) & np.isfinite(arrays.variance) & (arrays.variance > 0)
        valid &= (arrays.mask & np.uint32(bad)) == 0
        self._image[here] = np.where(valid, arrays.image * np.float32(factor), 0)
        self._variance[here] = np.where(valid, arrays.variance * np.float32(factor**2), np.inf)
        self._valid[here] = valid
        self._mask[here] = self._translate(arrays)
        if valid.any():
            return True
        self._mask[len(self._visits)] = 1 << self._planes[NO_DATA]
        return False

    def _factor(self, unit: str) -> float:
        parsed = astropy.units.Unit(unit)
        if self._unit is None:
            nanojansky = astropy.units.nJy
            self._unit = nanojansky if parsed.is_equivalent(nanojansky) else parsed
        try:
            return parsed.to(self._unit)
        except astropy.units.UnitConversionError as error:
            raise InvalidExposureError(
                f"Its unit {str(parsed)!r} cannot be converted to {str(self._unit)!r}, the unit of "
                f"{f'visits {self._visits}' if self._visits else 'the others'}."
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

    def finish(self) -> ExposureStack:
        count = len(self._visits)
        if not count or self._psfs is None or self._box is None:
            raise NoWorkFound("No warp has a valid pixel" + (f" in {self._box}." if self._box else "."))
        return ExposureStack(
            image=self._image[:count],
            variance=self._variance[:count],
            valid=self._valid[:count],
            psf=self._psfs.finish(),
            box=self._box,
            visits=tuple(self._visits),
            unit=str(self._unit),
            mask=self._mask[:count],
            mask_planes=self._planes,
            band=self._band,
            geometry=self._geometry,
        )


def _union(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.y_start for box in boxes),
        max(box.y_stop for box in boxes),
        min(box.x_start for box in boxes),
        max(box.x_stop for box in boxes),
    )
