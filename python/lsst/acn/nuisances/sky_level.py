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


"""The level of the empty sky, from the faint side of a coadd's histogram."""

from __future__ import annotations

__all__ = ("SkyLevel", "sky_level")

import dataclasses

import numpy as np
from scipy.special import ndtri

QUANTILES = np.array([0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1])
"""Of a coadd's pixels; hardly any of these has light of sources."""

EMPTY_SHARES = np.linspace(0.12, 1.0, 45)
"""Shares of empty pixels that are tried."""

LEAST_PIXELS = 400
"""Fewer than so many pixels do not tell."""


@dataclasses.dataclass(frozen=True)
class SkyLevel:
    """Level of the empty pixels of an image.

    Parameters
    ----------
    level, error : `float`
        In the unit of the image.
    empty_share : `float`
        Share of the pixels that are empty.
    """

    level: float
    error: float
    empty_share: float


def sky_level(pixels: np.ndarray, sigma: float) -> SkyLevel | None:
    """Return the level of the empty pixels of an image.

    Where a share p of the pixels is empty and their noise is Gaussian, the
    quantile q lies at the quantile q / p of that Gaussian.  Of all p, that one
    is taken for which the faintest quantiles agree best on one level.

    Parameters
    ----------
    pixels : `numpy.ndarray`
        Any shape.
    sigma : `float`
        Standard deviation of their noise.

    Returns
    -------
    level : `SkyLevel` or `None`
        `None` of too few pixels.
    """
    if pixels.size < LEAST_PIXELS or not sigma > 0:
        return None
    seen = np.quantile(pixels, QUANTILES)
    levels = seen - sigma * ndtri(np.minimum(QUANTILES / EMPTY_SHARES[:, None], 0.999))
    best = int(np.argmin(levels.std(axis=1)))
    share = float(EMPTY_SHARES[best])
    error = 2.0 * sigma / np.sqrt(pixels.size * share)
    return SkyLevel(float(np.median(levels[best])), float(error + levels[best].std() / 2.0), share)
