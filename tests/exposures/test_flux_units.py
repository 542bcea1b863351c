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

"""Units that light adds up in."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import pytest

from lsst.acn.exposures.flux_units import NotAFluxUnitError, adds_up, flux_unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("nJy", u.nJy),
        ("ELECTRONS/S", u.electron / u.s),
        ("COUNTS/S", u.ct / u.s),
        ("e-/s", u.electron / u.s),
        ("nanomaggies", 3.631 * u.uJy),
        ("MJy / sr", u.MJy / u.sr),
        (u.adu, u.adu),
    ],
)
def test_usual_spellings_are_understood(text: Any, unit: Any) -> None:
    assert flux_unit(text) == unit


@pytest.mark.parametrize("text", ["mag", "m", "%", "", 7, u.ABmag])
def test_units_that_light_does_not_add_up_in_are_refused(text: Any) -> None:
    with pytest.raises(NotAFluxUnitError, match="light does not add up in"):
        flux_unit(text)
    assert not adds_up(text)


@pytest.mark.parametrize("text", ["furlongs", None, ["nJy"]])
def test_what_is_no_unit_is_not_known(text: Any) -> None:
    with pytest.raises(ValueError, match="is no unit that is known"):
        flux_unit(text)
