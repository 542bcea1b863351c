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

"""What is said about the exposures of a stack, checked before it is believed."""

from __future__ import annotations

__all__ = ("bit_mask", "bit_numbers", "check_labels", "visit_numbers")

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import InvalidExposureError
from .boxes import Box
from .plain_numbers import real_numbers, whole_number

MASK_BITS = 32


def visit_numbers(visits: Any, n_exposures: int) -> tuple[int, ...]:
    """Return the identifiers of exposures.

    Parameters
    ----------
    visits : `~collections.abc.Iterable` or `None`
        Whole numbers; `None` for 0, 1, and so on.
    n_exposures : `int`
        Number of exposures.

    Returns
    -------
    visits : `tuple` [`int`]
        The same.

    Raises
    ------
    InvalidExposureError
        Raised if one is no whole number from 0 on.
    """
    if visits is None:
        return tuple(range(n_exposures))
    if not isinstance(visits, Iterable) or isinstance(visits, str):
        raise InvalidExposureError(f"Visits must be one number for each exposure; got {visits!r}.")
    try:
        return tuple(whole_number("a visit", visit) for visit in visits)
    except ValueError as error:
        raise InvalidExposureError(f"Visits are of no use: {error}.") from error


def bit_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask as bits.

    Parameters
    ----------
    mask : `numpy.ndarray` or `None`
        Whole numbers, in which -1 is all bits if they have 32 of them; `None`
        if nothing is set.
    shape : `tuple` [`int`, ...]
        Of the exposures.

    Returns
    -------
    mask : `numpy.ndarray`
        Of type uint32.

    Raises
    ------
    InvalidExposureError
        Raised if they are not whole, or do not fit into 32 bits.
    """
    if mask is None:
        return np.zeros(shape, np.uint32)
    values = real_numbers("mask", np.asarray(mask))
    if values.dtype.kind not in "bui" or values.dtype.itemsize > 4 or values.dtype.kind == "i":
        lowest = -(2 ** (MASK_BITS - 1)) if values.dtype == np.int32 else 0
        fits = (values >= lowest) & (values < 2**MASK_BITS) & (values == np.floor(values))
        if not fits.all():
            raise InvalidExposureError(
                f"The mask of a stack must be {MASK_BITS} bits; one of its values is {values[~fits][0]}.",
                plane="mask",
            )
    return values.astype(np.uint32, copy=False)


def bit_numbers(mask_planes: Any) -> dict[str, int]:
    """Return the bits of mask planes.

    Parameters
    ----------
    mask_planes : `~collections.abc.Mapping` [`str`, `int`] or `None`
        Bit number by name.

    Returns
    -------
    mask_planes : `dict` [`str`, `int`]
        The same.

    Raises
    ------
    InvalidExposureError
        Raised if they are none.
    """
    if mask_planes is None:
        return {}
    if not isinstance(mask_planes, Mapping):
        raise InvalidExposureError(f"Mask planes must be bit numbers by name; got {mask_planes!r}.")
    for name, bit in mask_planes.items():
        is_bit = isinstance(bit, int | np.integer) and not isinstance(bit, bool) and 0 <= bit < MASK_BITS
        if not isinstance(name, str) or not is_bit:
            raise InvalidExposureError(
                f"Mask plane {name!r} has the bit {bit!r}, which must be from 0 to {MASK_BITS - 1}."
            )
    return {name: int(bit) for name, bit in mask_planes.items()}


def check_labels(box: Any, band: Any) -> None:
    """Raise unless place and band of a stack are such.

    Parameters
    ----------
    box : `Box` or `None`
        The place, if any.
    band : `str` or `None`
        The band, if any.

    Raises
    ------
    InvalidExposureError
        Raised if they are something else.
    """
    if box is not None and not isinstance(box, Box):
        raise InvalidExposureError(f"The box of a stack must be a Box; got {box!r}.")
    if band is not None and not isinstance(band, str):
        raise InvalidExposureError(f"The band of a stack must be text; got {band!r}.")
