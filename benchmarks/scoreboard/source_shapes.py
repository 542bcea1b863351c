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

"""Errors of positions, sizes and shapes in a restored image."""

from __future__ import annotations

__all__ = ("ShapeErrors", "measure_shapes", "spread")

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA

from .field_truth import FieldTruth
from .moments import Moments, adaptive_moments, ellipticity, is_isolated, shift_moments

GALAXY_LIMIT = -0.8
STAR_LIMIT = 0.0
"""Faintest magnitude, less the depth of one exposure, of sources measured."""

SPREAD_PERCENTILE = 68.27
FAILURE = 1.0
"""What a source that cannot be measured counts as: an error in ellipticity,
or in position (pixels), of 1."""


@dataclasses.dataclass(frozen=True, eq=False)
class ShapeErrors:
    """Errors of each source that was measured.

    Parameters
    ----------
    position : `numpy.ndarray`
        Measured less true position of stars, in pixels, shape ``(n, 2)``.
    ellipticity, true_ellipticity : `numpy.ndarray`
        Error and truth of both components for galaxies, shape ``(m, 2)``.
    size : `numpy.ndarray`
        Relative error of the size of galaxies, shape ``(m,)``; NaN where it
        could not be measured.
    """

    position: np.ndarray
    ellipticity: np.ndarray
    true_ellipticity: np.ndarray
    size: np.ndarray

    @classmethod
    def pool(cls, errors: Sequence[ShapeErrors]) -> ShapeErrors:
        """Return the errors of all sources together."""
        if not errors:
            return cls(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(each, name) for each in errors]) for name in names))

    def numbers(self) -> dict[str, float]:
        """Return spread and bias over all sources."""
        power = float((self.true_ellipticity**2).sum())
        measured = self.size[np.isfinite(self.size)]
        slope = float((self.ellipticity * self.true_ellipticity)[np.isfinite(self.size)].sum())
        return {
            "position": spread(self.position),
            "ellipticity": spread(self.ellipticity),
            "ellipticity_bias": slope / power if power else math.nan,
            "size_bias": float(np.median(measured)) if measured.size else math.nan,
            "count_stars": len(self.position),
            "count_galaxies": len(self.size),
        }


def spread(errors: np.ndarray) -> float:
    """Return the value that 68 % of the absolute errors do not exceed.

    Parameters
    ----------
    errors : `numpy.ndarray`
        Errors of any number of components.

    Returns
    -------
    spread : `float`
        The standard deviation if they are Gaussian; NaN if there are none.
    """
    return float(np.percentile(np.abs(errors), SPREAD_PERCENTILE)) if errors.size else math.nan


def measure_shapes(image: np.ndarray, truth: FieldTruth, psf: np.ndarray | None = None) -> ShapeErrors:
    """Measure isolated stars and galaxies, and compare them with the truth.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image.
    truth : `FieldTruth`
        The truth at the target PSF, where galaxies are measured likewise.
    psf : `numpy.ndarray`, optional
        PSF kernel of ``image`` if it is not at the target PSF; the second
        moments are then corrected for the difference.

    Returns
    -------
    errors : `ShapeErrors`
        Of every source that can be measured in the truth.
    """
    sigma = truth.target_fwhm / FWHM_PER_SIGMA
    isolated = is_isolated(truth.y, truth.x, truth.flux) & truth.on_scored(truth.y, truth.x)
    star = isolated & truth.is_star & (truth.mag < truth.depth + STAR_LIMIT)
    galaxy = isolated & ~truth.is_star & (truth.mag < truth.depth + GALAXY_LIMIT)
    change = (
        None if psf is None else (_kernel_moments(psf, sigma), Moments(0.0, 0.0, sigma**2, sigma**2, 0.0))
    )

    def measure(y: float, x: float) -> Moments:
        moments = adaptive_moments(image, y, x, 1.5 * sigma)
        return moments if change is None else shift_moments(moments, *change)

    positions = [
        _position_error(measure(y, x), y, x) for y, x in zip(truth.y[star], truth.x[star], strict=True)
    ]
    rows = []
    for y, x in zip(truth.y[galaxy], truth.x[galaxy], strict=True):
        expected = adaptive_moments(truth.image, y, x, 1.5 * sigma)
        if not math.isnan(expected.y):
            rows.append(_galaxy_row(measure(y, x), expected))
    table = np.array(rows, float).reshape(-1, 5)
    return ShapeErrors(np.array(positions, float).reshape(-1, 2), table[:, 0:2], table[:, 2:4], table[:, 4])


def _kernel_moments(kernel: np.ndarray, sigma: float) -> Moments:
    middle = len(kernel) // 2
    return adaptive_moments(kernel, middle, middle, 1.5 * sigma)


def _position_error(moments: Moments, y: float, x: float) -> tuple[float, float]:
    if math.isnan(moments.y):
        return FAILURE, FAILURE
    return moments.y - y, moments.x - x


def _galaxy_row(measured: Moments, expected: Moments) -> tuple[float, ...]:
    """Return errors in ellipticity, the true one, and the error in size."""
    true = ellipticity(expected)
    area = measured.yy * measured.xx - measured.xy**2
    if math.isnan(measured.y) or not (area > 0 and measured.yy > 0):
        return FAILURE, FAILURE, *true, math.nan
    seen = ellipticity(measured)
    size = np.sqrt((measured.xx + measured.yy) / (expected.xx + expected.yy)) - 1.0
    return seen[0] - true[0], seen[1] - true[1], *true, float(size)
