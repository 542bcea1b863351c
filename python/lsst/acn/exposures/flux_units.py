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

"""Units that light adds up in, however they are spelled."""

from __future__ import annotations

__all__ = ("NotAFluxUnitError", "adds_up", "flux_unit")

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropy.units import UnitBase

LINEAR = (
    "Jy",
    "Jy / sr",
    "Jy / beam",
    "W / (m2 Hz)",
    "erg / (s cm2 AA)",
    "adu",
    "DN",
    "ct",
    "electron",
    "ph",
)
"""Units that light adds up in; those per second, pixel or solid angle do as well."""

PER = ("", "s", "pix", "s pix", "arcsec2", "s arcsec2")

SPELLINGS = {
    "ADU": "adu",
    "ADUS": "adu",
    "DN": "DN",
    "COUNT": "ct",
    "COUNTS": "ct",
    "CTS": "ct",
    "E-": "electron",
    "ELECTRON": "electron",
    "ELECTRONS": "electron",
    "NANOMAGGY": "3.631 uJy",
    "NANOMAGGIES": "3.631 uJy",
    "NMGY": "3.631 uJy",
    "SEC": "s",
    "SECOND": "s",
    "S": "s",
}
"""Names that cameras and surveys use, in capitals, and what they mean."""


class NotAFluxUnitError(ValueError):
    """Raised if light does not add up in a unit."""


def flux_unit(text: Any) -> UnitBase:
    """Return the unit that a text means.

    Parameters
    ----------
    text : `str` or `astropy.units.UnitBase`
        A unit of flux or of counts, as astropy, cameras or surveys spell it.

    Returns
    -------
    unit : `astropy.units.UnitBase`
        The unit.

    Raises
    ------
    NotAFluxUnitError
        Raised if light does not add up in it.
    ValueError
        Raised if it is not known.
    """
    import astropy.units

    try:
        unit = astropy.units.Unit(_respelled(text) if isinstance(text, str) else text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r} is no unit that is known") from error
    if not adds_up(unit):
        raise NotAFluxUnitError(
            f"light does not add up in {text!r}; it should be one such as nJy, adu or electron"
        )
    return unit


def adds_up(unit: Any) -> bool:
    """Tell whether light adds up in a unit.

    Parameters
    ----------
    unit : `object`
        Any of astropy's.

    Returns
    -------
    adds_up : `bool`
        Whether it does.
    """
    import astropy.units

    if not isinstance(unit, astropy.units.UnitBase) or not (0 < unit.decompose().scale < math.inf):
        return False
    return any(
        unit.is_equivalent(astropy.units.Unit(base) / astropy.units.Unit(per))
        for base in LINEAR
        for per in PER
    )


def _respelled(text: str) -> str:
    parts = text.strip().split("/")
    return " / ".join(SPELLINGS.get(part.strip().upper(), part.strip()) for part in parts)
