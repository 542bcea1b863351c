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


"""Exposures in units of their noise, in which numbers are neither large nor small."""

from __future__ import annotations

__all__ = ("LEAST_VARIANCE", "ExposuresInUnit", "in_unit", "noise_unit")

import math
from collections.abc import Sequence

import numpy as np

from ..errors import InvalidExposureError
from .changed_exposures import ChangedExposures
from .source import ExposureSource
from .stack import ExposureStack

LEAST_VARIANCE = 1e-16
"""Median variance of an exposure, as a share of that of a typical one, below which it is taken for a mistake:
all other exposures would count for nothing, and weights be beyond single precision (`float`)."""


def noise_unit(exposures: ExposureSource) -> float:
    """Return the power of two that is nearest below the noise of a pixel.

    Single precision has no room for the squares of fluxes in Jy, say, and
    formulas hold numbers that are small or large as long as noise is about 1.
    Whatever is linear gives the same digits in units of a power of two.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.

    Returns
    -------
    unit : `float`
        In the unit of the exposures; 1 if none of them has a valid pixel.

    Raises
    ------
    InvalidExposureError
        Raised if an exposure claims to have next to no noise.
    """
    medians = exposures.median_variances()
    known = medians[np.isfinite(medians)]
    if not known.size:
        return 1.0
    typical = float(np.median(known))
    noiseless = [
        visit
        for visit, each in zip(exposures.visits, medians, strict=True)
        if each < LEAST_VARIANCE * typical
    ]
    if noiseless:
        raise InvalidExposureError(
            f"The variances of visits {noiseless} are less than {LEAST_VARIANCE:g} of the typical one.",
            visits=str(noiseless),
        )
    return math.ldexp(1.0, math.frexp(math.sqrt(typical))[1] - 1)


def in_unit(exposures: ExposureSource, factor: float) -> ExposureSource:
    """Return exposures in another unit.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    factor : `float`
        What pixels are multiplied by.

    Returns
    -------
    scaled : `ExposureSource`
        A stack of a stack, and a stream of what is streamed.
    """
    if isinstance(exposures, ExposureStack):
        return exposures.in_unit(factor)
    return exposures if factor == 1.0 else ExposuresInUnit(exposures, factor)


class ExposuresInUnit(ChangedExposures):
    """An `ExposureSource` that gives out another one in another unit.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    factor : `float`
        What pixels are multiplied by.
    """

    def __init__(self, exposures: ExposureSource, factor: float) -> None:
        super().__init__(exposures)
        self._factor = factor

    @property
    def unit(self) -> str:
        return f"{1.0 / self._factor!r} {super().unit}"

    def median_variances(self) -> np.ndarray:
        return super().median_variances() * self._factor**2

    def select(self, indices: Sequence[int] | np.ndarray) -> ExposuresInUnit:
        return ExposuresInUnit(self._exposures.select(indices), self._factor)

    def changed(self, stack: ExposureStack) -> ExposureStack:
        return stack.in_unit(self._factor)
