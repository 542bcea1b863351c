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

"""Positions, sizes and shapes of isolated sources, by adaptive moments."""

from __future__ import annotations

__all__ = ("Moments", "adaptive_moments", "ellipticity", "is_isolated", "shift_moments")

import math
from typing import NamedTuple

import numpy as np

MAX_ITERATIONS = 200
TOLERANCE = 1e-4
STAMP_RADIUS = 20
LARGEST_SIGMA = 8.0
"""Pixels; a fit that grows beyond is lost in a neighbour."""

ISOLATION_RADIUS = 12.0
ISOLATION_SHARE = 0.05


class Moments(NamedTuple):
    """Position and second moments of a source, in pixels.

    A fit that failed has NaN everywhere.
    """

    y: float
    x: float
    yy: float
    xx: float
    xy: float


FAILED = Moments(math.nan, math.nan, math.nan, math.nan, math.nan)


def adaptive_moments(image: np.ndarray, y: float, x: float, sigma: float) -> Moments:
    """Return the moments of the elliptical Gaussian that fits a source best.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image, shape ``(height, width)``, its sky at 0.
    y, x : `float`
        Where to begin.
    sigma : `float`
        Width to begin with, in pixels.

    Returns
    -------
    moments : `Moments`
        The best-fitting Gaussian's; all NaN if it is not found within 2 pixels
        of the beginning.

    Notes
    -----
    The image is weighted with a Gaussian that is moved and reshaped until the
    weighted moments are half the weight's, as they are where the weight
    matches the source (Bernstein & Jarvis 2002).
    """
    rows, columns, values = _stamp(image, y, x)
    center, weight = np.array([y, x]), sigma**2 * np.eye(2)
    for _ in range(MAX_ITERATIONS):
        offset = np.stack([rows - center[0], columns - center[1]])
        inverse = np.linalg.inv(weight)
        window = values * np.exp(-0.5 * np.einsum("inm,ij,jnm->nm", offset, inverse, offset))
        total = window.sum()
        if not total > 0:
            return FAILED
        shift = 2.0 * np.einsum("inm,nm->i", offset, window) / total
        # Twice the weighted moments: equal to the weight where it matches.
        moments = 2.0 * np.einsum("inm,jnm,nm->ij", offset, offset, window) / total
        center = center + shift
        change = np.abs(moments - weight).max() + np.abs(shift).max()
        weight = moments
        if not _is_reasonable(center, weight, y, x):
            return FAILED
        if change < TOLERANCE:
            return Moments(*(float(each) for each in (*center, weight[0, 0], weight[1, 1], weight[0, 1])))
    return FAILED


def _stamp(image: np.ndarray, y: float, x: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, columns and values around a position."""
    first = [max(round(each) - STAMP_RADIUS, 0) for each in (y, x)]
    values = image[
        first[0] : max(round(y) + STAMP_RADIUS + 1, 0), first[1] : max(round(x) + STAMP_RADIUS + 1, 0)
    ].astype(np.float64)
    rows, columns = np.indices(values.shape)
    return rows + first[0], columns + first[1], values


def _is_reasonable(center: np.ndarray, weight: np.ndarray, y: float, x: float) -> bool:
    if not np.isfinite(weight).all() or np.hypot(*(center - (y, x))) > 2.0:
        return False
    determinant = weight[0, 0] * weight[1, 1] - weight[0, 1] ** 2
    return bool(np.trace(weight) > 0 and 0.05 < determinant < LARGEST_SIGMA**4)


def shift_moments(moments: Moments, psf: Moments, target: Moments) -> Moments:
    """Return moments as they would be under another PSF.

    Parameters
    ----------
    moments : `Moments`
        Of a source in some image.
    psf : `Moments`
        Of the PSF of that image.
    target : `Moments`
        Of the PSF wanted.

    Returns
    -------
    moments : `Moments`
        Of the source with the PSF exchanged; exact for Gaussians.
    """
    return Moments(
        moments.y,
        moments.x,
        moments.yy - psf.yy + target.yy,
        moments.xx - psf.xx + target.xx,
        moments.xy - psf.xy + target.xy,
    )


def ellipticity(moments: Moments) -> tuple[float, float]:
    """Return both components of the ellipticity.

    Parameters
    ----------
    moments : `Moments`
        Second moments.

    Returns
    -------
    e1, e2 : `float`
        Difference of the moments along x and y, and twice the mixed one, over
        their sum.
    """
    total = moments.xx + moments.yy
    return (moments.xx - moments.yy) / total, 2.0 * moments.xy / total


def is_isolated(y: np.ndarray, x: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Return which sources have no neighbour to speak of.

    Parameters
    ----------
    y, x : `numpy.ndarray`
        Positions in pixels.
    flux : `numpy.ndarray`
        Fluxes.

    Returns
    -------
    isolated : `numpy.ndarray`
        `True` for sources whose neighbours within 12 pixels have less than
        5 % of their flux together.
    """
    near = np.hypot(y[:, None] - y, x[:, None] - x) < ISOLATION_RADIUS
    return near @ flux - flux < ISOLATION_SHARE * flux
