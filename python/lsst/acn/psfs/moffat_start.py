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


"""Moffat profiles that stars of an exposure ask for, to begin with."""

from __future__ import annotations

__all__ = ("moffat_kernels",)

from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares

from .star_stamps import StarStamps

MOST_STARS = 12
"""Brightest stars that are fitted."""

REACH = 2.0
"""Radius of the pixels that are fitted, in units of the FWHM."""

BETA = 3.0
"""Power of the wings of the first profile."""

LIMITS = (np.array([-8.0, -1.0, -0.8, -1.5, -1.5, 0.3]), np.array([4.0, 1.0, 0.8, 1.5, 1.5, 2.3]))
"""Of the parameters: logarithm of the inverse square of the radius, its stretch
along x, its slant, the place in y and x, and the logarithm of the power."""

FLOOR = 0.02
"""Error of a pixel, as a share of it."""


def moffat_kernels(stamps: StarStamps, fwhm: float) -> np.ndarray:
    """Fit an elliptical Moffat profile to the stars of each exposure.

    Parameters
    ----------
    stamps : `StarStamps`
        Stars with places, whose fluxes need not be known.
    fwhm : `float`
        About the width of a star, in pixels.

    Returns
    -------
    kernels : `numpy.ndarray`
        Of unit sum, shape ``(n, k, k)``; the mean of their places is the
        middle.
    """
    size, n = stamps.image.shape[-1], stamps.image.shape[1]
    start = np.array([np.log((2.0 ** (1 / BETA) - 1.0) / (0.5 * fwhm) ** 2), 0, 0, 0, 0, np.log(BETA)])
    fitted = np.array([_fit(stamps, index, start, fwhm) for index in range(n)])
    weight = np.array([stamps.weight[:, index].sum() for index in range(n)])
    fitted[:, 3:5] -= weight @ fitted[:, 3:5] / weight.sum()
    along = np.arange(size) - size // 2
    kernels = np.array([_profile(each, along[:, None], along[None, :]) for each in fitted])
    return kernels / kernels.sum(axis=(1, 2), keepdims=True)


def _fit(stamps: StarStamps, index: int, start: np.ndarray, fwhm: float) -> np.ndarray:
    size = stamps.image.shape[-1]
    along = np.arange(size) - size // 2
    parts = []
    for star in range(min(len(stamps), MOST_STARS)):
        y, x = along[:, None] - stamps.place[star, 0], along[None, :] - stamps.place[star, 1]
        inside = (np.hypot(y, x) < REACH * fwhm) & (stamps.weight[star, index] > 0)
        if inside.sum() > len(start):
            rows, columns = np.nonzero(inside)
            image = stamps.image[star, index][inside]
            variance = 1.0 / stamps.weight[star, index][inside]
            parts.append((y[rows, 0], x[0, columns], image, variance))
    if not parts:
        return start
    return least_squares(_residuals, start, bounds=LIMITS, loss="soft_l1", max_nfev=50, args=(parts,)).x


def _residuals(parameters: np.ndarray, parts: Sequence[tuple[np.ndarray, ...]]) -> np.ndarray:
    rows = []
    for y, x, image, variance in parts:
        shape = _profile(parameters, y, x)
        weight = 1.0 / (variance + (FLOOR * image) ** 2)
        flux = np.sum(weight * shape * image) / max(float(np.sum(weight * shape**2)), 1e-300)
        rows.append((image - flux * shape) * np.sqrt(weight))
    return np.concatenate(rows)


def _profile(parameters: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    scale, stretch, slant, dy, dx, power = parameters
    y, x = y - dy, x - dx
    radius2 = np.exp(scale + stretch) * x**2 + np.exp(scale - stretch) * y**2
    radius2 = radius2 + 2.0 * slant * np.exp(scale) * x * y
    return (1.0 + np.maximum(radius2, 0.0)) ** -np.exp(power)
