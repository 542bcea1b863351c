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

"""Pixels as users have them, be they masked, with units or with uncertainties."""

from __future__ import annotations

__all__ = ("PlainPlanes", "single_precision")

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidExposureError
from .flux_units import flux_unit
from .plain_numbers import real_numbers
from .variances import MOST_SIGMA, are_measurements, have_errors

if TYPE_CHECKING:
    from astropy.nddata import NDData
    from astropy.units import UnitBase

DEFAULT_UNIT = "nJy"

POWERS = {"std": 2, "var": 1, "ivar": -1}
"""Of which an uncertainty of astropy's is a variance, by its kind."""

MAX_SEPARATION = 0.01
"""In pixels, of corners that are the same."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Plane:
    """Values of any shape, where they are masked, and their unit, if there are such."""

    values: np.ndarray
    masked: np.ndarray | None = None
    unit: UnitBase | None = None

    @classmethod
    def of(cls, what: str, given: Any) -> _Plane:
        """Take values apart, or a sequence of those of several exposures.

        Parameters
        ----------
        what : `str`
            Which plane they are, for messages.
        given : `object`
            Of any kind that `PlainPlanes` takes.

        Returns
        -------
        plane : `_Plane`
            Its parts.
        """
        if type(given) is np.ndarray:
            return cls(real_numbers(what, given))
        if isinstance(given, list | tuple) and any(not np.isscalar(one) for one in given):
            return cls._stacked([cls.of(what, one) for one in given])
        if hasattr(given, "uncertainty"):
            values, masked = np.asarray(given.data), given.mask
        else:
            masked = getattr(given, "mask", None)
            # What astropy has masked comes apart otherwise than what NumPy has.
            plain = np.ma.getdata(given) if isinstance(given, np.ma.MaskedArray) else given
            plain = getattr(plain, "unmasked", plain)
            values = np.asarray(getattr(plain, "value", plain))
        real_numbers(what, values)
        if masked is not None:
            masked = np.broadcast_to(np.asarray(masked) != 0, values.shape)
        return cls(values, masked, getattr(given, "unit", None))

    @classmethod
    def _stacked(cls, planes: list[_Plane]) -> _Plane:
        shapes = [plane.values.shape for plane in planes]
        if len(set(shapes)) > 1:
            raise InvalidExposureError(f"Exposures of one stack are of different shapes: {shapes}.")
        unit = planes[0].unit
        values = np.stack([plane.values * _factor(plane.unit, unit) for plane in planes])
        if all(plane.masked is None for plane in planes):
            return cls(values, None, unit)
        masked = [np.zeros(shapes[0], bool) if each.masked is None else each.masked for each in planes]
        return cls(values, np.stack(masked), unit)

    def within(self, valid: np.ndarray | None) -> np.ndarray | None:
        """Return where pixels are valid and not masked.

        Parameters
        ----------
        valid : `numpy.ndarray` or `None`
            Where they are valid, if anything is said of that.

        Returns
        -------
        usable : `numpy.ndarray` or `None`
            The same with this mask; as it was if the shapes do not agree.
        """
        if self.masked is None:
            return valid
        if valid is not None and np.shape(valid) != self.masked.shape:
            return valid
        return ~self.masked if valid is None else np.asarray(valid, bool) & ~self.masked


@dataclasses.dataclass(frozen=True, eq=False)
class PlainPlanes:
    """Planes of a stack as plain arrays.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        In ``unit`` and its square.
    valid : `numpy.ndarray` or `None`
        Where pixels may be used; `None` if nothing is said.
    unit : `str`
        Of the image.
    """

    image: np.ndarray
    variance: np.ndarray
    valid: np.ndarray | None
    unit: str

    @classmethod
    def of(cls, image: Any, variance: Any, valid: Any, unit: str | None) -> PlainPlanes:
        """Return planes without masks, units and uncertainties.

        Parameters
        ----------
        image, variance, valid : `object`
            As `ExposureStack.from_arrays` takes them.
        unit : `str` or `None`
            Unit that is wanted.

        Returns
        -------
        planes : `PlainPlanes`
            The same pixels.

        Raises
        ------
        InvalidExposureError
            Raised if there are no variances, or if units, shapes or pixel
            grids of the parts do not agree.
        """
        pixels = _Plane.of("image", image)
        noise = _Plane.of("variance", _variance(image) if variance is None else variance)
        usable = None if valid is None else _Plane.of("valid", valid)
        valid = noise.within(pixels.within(None if usable is None else usable.within(usable.values)))
        _check_grids(image)
        if pixels.unit is None and noise.unit is None:
            return cls(pixels.values, noise.values, valid, _unit(unit).to_string() if unit else DEFAULT_UNIT)
        wanted = _unit(unit) if unit else pixels.unit
        stated = wanted if pixels.unit is None else pixels.unit
        if stated is None or wanted is None:
            raise InvalidExposureError(f"Variances are in {noise.unit}, but nothing says what images are in.")
        if _is_logarithmic(stated):
            raise InvalidExposureError(f"Light does not add up in {stated}: give pixels in a unit of flux.")
        factor = _factor(stated, wanted)
        squared = factor**2 if noise.unit is None else _factor(noise.unit, wanted**2)
        return cls(pixels.values * factor, noise.values * squared, valid, wanted.to_string())


def _unit(text: Any) -> UnitBase:
    try:
        return flux_unit(text)
    except ValueError as error:
        raise InvalidExposureError(f"The unit of a stack is of no use: {error}.") from error


def _is_logarithmic(unit: UnitBase) -> bool:
    import astropy.units

    return not isinstance(unit, astropy.units.UnitBase) or unit.is_equivalent(astropy.units.mag)


def _factor(unit: UnitBase | None, wanted: UnitBase | None) -> float:
    """Return what to multiply with to get from one unit to another."""
    import astropy.units

    if unit == wanted:
        return 1.0
    if unit is None or wanted is None:
        raise InvalidExposureError(f"Some pixels are in {unit or wanted}, and others have no unit.")
    try:
        return float(unit.to(wanted))
    except astropy.units.UnitConversionError as error:
        raise InvalidExposureError(f"Pixels in {unit} cannot be converted to {wanted}.") from error


def _variance(image: Any) -> Any:
    """Return the variances that the uncertainties of exposures mean."""
    if isinstance(image, list | tuple):
        return [_variance(one) for one in image]
    uncertainty = getattr(image, "uncertainty", None)
    if uncertainty is None:
        raise InvalidExposureError("There are no variances: the image has no uncertainty.")
    if (power := POWERS.get(uncertainty.uncertainty_type)) is None:
        raise InvalidExposureError(
            f"An uncertainty of the kind {uncertainty.uncertainty_type!r} does not say what the variance is."
        )
    with np.errstate(divide="ignore", over="ignore"):
        values = np.asarray(uncertainty.array, np.float64) ** power
    unit = uncertainty.unit
    return values if unit is None else _quantity(values, unit**power)


def _quantity(values: np.ndarray, unit: UnitBase) -> Any:
    import astropy.units

    return astropy.units.Quantity(values, unit, copy=False)


def _check_grids(image: Any) -> None:
    """Raise unless exposures that say where on the sky they are all say the same."""
    if not isinstance(image, list | tuple):
        return
    known = [one for one in image if getattr(one, "wcs", None) is not None]
    for number, one in enumerate(known[1:], start=1):
        moved = _separation(known[0], one)
        if not moved < MAX_SEPARATION:
            raise InvalidExposureError(
                f"Exposures are not on one grid of pixels: by their WCS, those of number {number} lie "
                f"{moved:.3g} pixels away from those of the first.",
                exposure=number,
            )


def _separation(first: NDData, second: NDData) -> float:
    height, width = np.shape(first.data)[-2:]
    x, y = np.array([0, 0, width - 1, width - 1]), np.array([0, height - 1, 0, height - 1])
    back = first.wcs.world_to_pixel(second.wcs.pixel_to_world(x, y))
    return float(np.max(np.hypot(back[0] - x, back[1] - y)))


def single_precision(planes: PlainPlanes, visits: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return float32 image and variance, and the validity they allow.

    Parameters
    ----------
    planes : `PlainPlanes`
        The pixels.
    visits : `~collections.abc.Sequence` [`int`]
        Identifier of each exposure.

    Returns
    -------
    image : `numpy.ndarray`
        0 where not valid.
    variance : `numpy.ndarray`
        Infinite where not valid.
    valid : `numpy.ndarray`
        Where `are_measurements` says so.

    Raises
    ------
    InvalidExposureError
        Raised if most of an exposure is beyond the range of float32, or
        of `~lsst.acn.exposures.variances.MOST_SIGMA`.
    """
    image, variance = planes.image, planes.variance
    usable = have_errors(image, variance)
    if planes.valid is not None:
        usable &= np.nan_to_num(planes.valid).astype(bool)
    with np.errstate(over="ignore", under="ignore"):
        image32 = np.where(usable, image, 0).astype(np.float32, copy=False)
        variance32 = np.where(usable, variance, np.inf).astype(np.float32, copy=False)
    fits = usable & are_measurements(image32, variance32)
    if (lost := usable & ~fits).any():
        _check_range(variance, usable, fits, visits)
        image32[lost], variance32[lost] = 0.0, np.inf
    return image32, variance32, fits


def _check_range(variance: np.ndarray, usable: np.ndarray, fits: np.ndarray, visits: Sequence[int]) -> None:
    """Raise if most of an exposure is no measurement in single precision."""
    for index in map(int, np.flatnonzero(2 * fits.sum(axis=(1, 2)) < usable.sum(axis=(1, 2)))):
        typical = np.median(variance[index][usable[index]])
        raise InvalidExposureError(
            f"Most pixels of visit {visits[index]}, or their variances of about {typical:.3g}, are beyond "
            f"the range of single precision, or pixels are more than {MOST_SIGMA:.0e} times their errors: "
            "give them in another unit, or variances that fit.",
            visit=visits[index],
        )
