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

"""Limits of the numbers of a simulation, so that it ends, and fits into memory."""

from __future__ import annotations

__all__ = ("MOST", "check_extent", "check_numbers")

import dataclasses
import math
from typing import Any

from ..exposures.boxes import Box
from ..exposures.plain_numbers import MOST

LARGEST = 1e12
"""What no other number is beyond: single precision holds its square (`float`)."""

MOST_PIXELS = 2**32
"""Of all exposures: 16 GiB in single precision (`int`)."""

MOST_SOURCES = 10_000_000


def check_numbers(config: Any, where: str = "") -> None:
    """Raise if a number of a configuration, or of a part of it, is beyond all bounds.

    Parameters
    ----------
    config : `object`
        A dataclass of numbers, tuples of numbers, and such dataclasses.
    where : `str`, optional
        What the names of its fields begin with.

    Raises
    ------
    ValueError
        Raised if one is not finite, or larger than anything that means
        something; names the field.
    """
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), f"{where}{field.name}"
        if dataclasses.is_dataclass(value):
            check_numbers(value, f"{name}.")
            continue
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, float) and not abs(number) <= LARGEST:
                raise ValueError(f"{name} must be a finite number, of at most {LARGEST:g}; got {number}.")
            if isinstance(number, int) and not abs(number) <= MOST:
                raise ValueError(f"{name} must be a number of at most {MOST}; got {number}.")


def check_extent(box: Box, visits: int, pixel_scale: float, crowding: float) -> None:
    """Raise if a field has too many pixels or sources.

    Parameters
    ----------
    box : `Box`
        Pixels of the field.
    visits : `int`
        Number of exposures.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    crowding : `float`
        Mean number of sources per square arcminute.

    Raises
    ------
    ValueError
        Raised if there are more than `MOST_PIXELS` or `MOST_SOURCES`.
    """
    height, width = box.shape
    pixels = visits * height * width
    if pixels > MOST_PIXELS:
        raise ValueError(
            f"{visits} exposures of {height} x {width} pixels are {pixels:.3g} pixels, more than the "
            f"{MOST_PIXELS:.3g} that a simulation may have."
        )
    sources = crowding * height * width * (pixel_scale / 60.0) ** 2
    if not (math.isfinite(sources) and sources <= MOST_SOURCES):
        raise ValueError(
            f"A crowding of {crowding:g} on {height} x {width} pixels of {pixel_scale:g} arcsec makes "
            f"{sources:.3g} sources, more than the {MOST_SOURCES} that a simulation may have."
        )
