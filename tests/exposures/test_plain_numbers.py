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

"""Numbers that callers hand over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lsst.acn import InvalidExposureError
from lsst.acn.exposures.plain_numbers import MOST, real_numbers, whole_number


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.longdouble, ">f4"])
def test_numbers_on_a_line_are_left_as_they_are(dtype: Any) -> None:
    values = np.ones(3, dtype)
    assert real_numbers("image", values) is values


@pytest.mark.parametrize("dtype", ["U3", "S3", object, complex, "M8[s]", [("a", "f4")]])
def test_what_is_no_number_is_refused_by_its_name(dtype: Any) -> None:
    with pytest.raises(InvalidExposureError, match="The image of a stack must be real numbers"):
        real_numbers("image", np.zeros(3, dtype))


@pytest.mark.parametrize("value", [7, "7", " 7 ", 7.0, np.int16(7), np.float32(7)])
def test_whole_numbers_are_read_however_they_are_written(value: Any) -> None:
    assert whole_number("a visit", value) == 7


@pytest.mark.parametrize(
    "value", [7.9, -1, MOST + 1, 1e30, float("inf"), float("nan"), True, None, [7], "seven", "7.0", "", 7j]
)
def test_what_is_not_whole_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(ValueError, match="a visit must be a whole number from 0 to 9223372036854775807"):
        whole_number("a visit", value)
