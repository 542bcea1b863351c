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

"""Numbers that callers hand over, which may be anything."""

from __future__ import annotations

__all__ = ("MOST", "real_numbers", "whole_number")

import math
from typing import Any

import numpy as np

from ..errors import InvalidExposureError

MOST = 2**63 - 1
"""Largest whole number that a registry can hold (`int`)."""

REAL_KINDS = "biuf"
"""Of NumPy's data types, those that are numbers on a line."""


def real_numbers(what: str, values: np.ndarray) -> np.ndarray:
    """Return an array, unless it holds anything but real numbers.

    Parameters
    ----------
    what : `str`
        What it is, for the message.
    values : `numpy.ndarray`
        The array.

    Returns
    -------
    values : `numpy.ndarray`
        The same.

    Raises
    ------
    InvalidExposureError
        Raised if it holds text, objects, dates, or complex numbers.
    """
    if values.dtype.kind not in REAL_KINDS:
        raise InvalidExposureError(
            f"The {what} of a stack must be real numbers; it is an array of {values.dtype}.", plane=what
        )
    return values


def whole_number(name: str, value: Any) -> int:
    """Return a whole number from 0 on, however somebody has written it.

    Parameters
    ----------
    name : `str`
        What it is, for the message.
    value : `object`
        A number, or text of digits.

    Returns
    -------
    whole : `int`
        The number.

    Raises
    ------
    ValueError
        Raised if it is anything else, or larger than a registry can hold.
    """
    whole: int | None = None
    if isinstance(value, str) and value.strip().isdecimal():
        whole = int(value) if len(value) < 20 else None
    elif isinstance(value, int | np.integer) and not isinstance(value, bool):
        whole = int(value)
    elif isinstance(value, float | np.floating) and math.isfinite(value) and value == round(value):
        # Above, neighbouring numbers are the same in double precision.
        whole = int(value) if abs(float(value)) < 2**53 else None
    if whole is None or not 0 <= whole <= MOST:
        raise ValueError(f"{name} must be a whole number from 0 to {MOST}; it is {value!r}")
    return whole
