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


"""Enough of lsst.cell_coadds, lsst.geom and afw for a CellCoadd to become what today's tasks read."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from lsst.images import YX, Box, Image, Mask, MaskedImage, Polygon, SkyProjection
from lsst.images.cells import CellCoadd, CellGrid, CellIJ, CellPointSpreadFunction


class Anything(types.SimpleNamespace):
    """An object of the stack: it keeps what it is made of."""

    nJy, patch = "nJy", None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(arguments=arguments, **keywords)

    def __hash__(self) -> int:
        return hash(repr(sorted(vars(self).items(), key=str)))


NAMES = (
    "CellIdentifiers",
    "CoaddInputs",
    "CoaddUnits",
    "CommonComponents",
    "MultipleCellCoadd",
    "ObservationIdentifiers",
    "OwnedImagePlanes",
    "PatchIdentifiers",
    "SingleCellCoadd",
)


class Recorder(CellCoadd):
    """A coadd that notes what is taken of it."""

    taken: set[str]

    @classmethod
    def of(cls, coadd: CellCoadd) -> Recorder:
        """Return the same coadd, of which nothing is taken yet."""
        result = object.__new__(cls)
        result.__dict__.update(coadd.__dict__, taken=set())
        return result

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "taken":
            object.__getattribute__(self, "taken").add(name)
        return object.__getattribute__(self, name)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of what `lsst.images` converts to."""
    cells = types.SimpleNamespace(**dict.fromkeys(NAMES, Anything))
    for module, content in {
        "lsst.cell_coadds": cells,
        "lsst.skymap": types.SimpleNamespace(Index2D=Anything),
        "lsst.afw": types.ModuleType("lsst.afw"),
        "lsst.afw.image": types.SimpleNamespace(Exposure=exposure, FilterLabel=FilterLabel),
        "lsst.afw.geom": types.ModuleType("lsst.afw.geom"),
        "lsst.afw.geom.ellipses": types.SimpleNamespace(Quadrupole=Anything),
        "frozendict": types.SimpleNamespace(frozendict=dict),
    }.items():
        monkeypatch.setitem(sys.modules, module, content)
    unchanged: dict[type, tuple[str, ...]] = {
        Image: ("to_legacy",),
        MaskedImage: ("to_legacy",),
        CellGrid: ("to_legacy",),
        CellPointSpreadFunction: ("to_legacy",),
        Polygon: ("to_legacy",),
        SkyProjection: ("to_legacy",),
        Box: ("to_legacy",),
    }
    for owner, names in unchanged.items():
        for name in names:
            monkeypatch.setattr(owner, name, lambda self, *_, **__: self)
    monkeypatch.setattr(CellIJ, "to_legacy", lambda self: Anything(x=self.j, y=self.i))
    monkeypatch.setattr(YX, "to_legacy_int_extent", lambda self: self)
    monkeypatch.setattr(Mask, "to_legacy", mask_to_legacy)


def mask_to_legacy(mask: Mask, plane_map: Any = None) -> Mask:
    """Return a mask whose planes today's tasks have names for."""
    known = {plane.name for plane in plane_map.values()}
    used = {name for name in mask.schema.names if mask.get(name).any()}
    assert used <= known, used - known
    return mask


class FilterLabel:
    """`lsst.afw.image.FilterLabel`."""

    @staticmethod
    def fromBand(band: str) -> str:
        return band


def exposure(masked_image: MaskedImage, dtype: Any) -> Any:
    """Return an exposure that keeps what it is given."""
    kept: dict[str, Any] = {}
    info = types.SimpleNamespace(
        **{
            f"set{name}": lambda value, name=name: kept.update({name: value})
            for name in ("Wcs", "Psf", "Filter", "PhotoCalib")
        },
        getMetadata=lambda: kept.setdefault("Metadata", {}),
    )
    return types.SimpleNamespace(info=info, kept=kept, masked_image=masked_image, dtype=dtype)
