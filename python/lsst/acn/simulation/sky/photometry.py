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

"""Fluxes in nanojansky and AB magnitudes."""

from __future__ import annotations

__all__ = ("AB_ZERO_POINT", "flux_of", "magnitude_of")

from typing import Any

import numpy as np

AB_ZERO_POINT = 31.4
"""AB magnitude of a source of 1 nJy (`float`)."""


def flux_of(magnitude: Any) -> Any:
    """Return the flux in nJy of an AB magnitude.

    Parameters
    ----------
    magnitude : `float` or `numpy.ndarray`
        AB magnitude.

    Returns
    -------
    flux : `float` or `numpy.ndarray`
        Flux in nJy.
    """
    return 10.0 ** (-0.4 * (magnitude - AB_ZERO_POINT))


def magnitude_of(flux: Any) -> Any:
    """Return the AB magnitude of a flux in nJy.

    Parameters
    ----------
    flux : `float` or `numpy.ndarray`
        Flux in nJy, positive.

    Returns
    -------
    magnitude : `float` or `numpy.ndarray`
        AB magnitude.
    """
    return AB_ZERO_POINT - 2.5 * np.log10(flux)
