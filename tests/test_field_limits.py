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

"""Numbers of configs have limits, and messages that state them."""

from __future__ import annotations

import math

import pytest

from lsst.acn import RestorationConfig
from lsst.acn.field_limits import within
from lsst.pex.config import Config, ConfigField, Field, FieldValidationError


@pytest.mark.parametrize("value", [1, 2.5, 8])
def test_what_lies_between_is_allowed(value: float) -> None:
    assert within(1, 8)(value)


@pytest.mark.parametrize("value", [0, 8.1, math.inf, -math.inf, math.nan])
def test_what_does_not_is_refused_with_the_limits(value: float) -> None:
    with pytest.raises(ValueError, match="is not from 1 to 8"):
        within(1, 8)(value)


def numbers(config: type[Config], path: str = "") -> list[str]:
    """Return the names of all fields that are numbers."""
    result = []
    for name, field in config._fields.items():
        if isinstance(field, ConfigField):
            result += numbers(field.dtype, f"{path}{name}.")
        elif type(field) is Field and field.dtype in (int, float):
            result.append(path + name)
    return result


@pytest.mark.parametrize("name", numbers(RestorationConfig))
@pytest.mark.parametrize("value", [10**30, math.inf, -1, -math.inf])
def test_no_number_of_a_restoration_is_without_limits(name: str, value: float) -> None:
    config = RestorationConfig()
    *path, last = name.split(".")
    part = config
    for step in path:
        part = getattr(part, step)
    with pytest.raises(FieldValidationError, match=name):
        setattr(part, last, type(getattr(part, last))(value) if math.isfinite(value) else value)
