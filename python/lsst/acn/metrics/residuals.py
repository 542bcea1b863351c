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

"""What is left of the exposures when their prediction is taken away."""

from __future__ import annotations

__all__ = ("OUTLIER_SIGMA", "ResidualStatistics", "normalized_residual", "residual_statistics")

import dataclasses

import numpy as np

from ..exposures.robust import robust_sigma
from ..exposures.row_pieces import row_pieces
from ..exposures.stack import ExposureStack

OUTLIER_SIGMA = 5.0
"""Residual, in standard deviations, from which a pixel is an outlier."""

BLOCK = 16
"""Side in pixels of the blocks whose scatter tells the error of a chi-square:
residuals of one source, and noise that warping has spread, vary together."""


@dataclasses.dataclass(frozen=True)
class ResidualStatistics:
    """Normalised residuals of some pixels, summed up.

    Parameters
    ----------
    n_pixels : `int`
        Number of pixels.
    mean : `float`
        Mean; 0 for a perfect model.
    rms : `float`
        Root mean square; 1 for a perfect model and variance plane.
    sigma : `float`
        Standard deviation as the median absolute deviation gives it, blind
        to the few.
    outlier_fraction : `float`
        Share of pixels beyond 5 standard deviations on either side.
    chi2_error : `float`
        Standard error of the mean square; NaN where there is no telling.
    """

    n_pixels: int
    mean: float
    rms: float
    sigma: float
    outlier_fraction: float
    chi2_error: float = np.nan

    @property
    def reduced_chi2(self) -> float:
        """Mean square of the residuals (`float`)."""
        return self.rms**2


def normalized_residual(stack: ExposureStack, index: int, prediction: np.ndarray) -> np.ndarray:
    """Return the residual of one exposure in units of its noise.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    index : `int`
        Position of the exposure.
    prediction : `numpy.ndarray`
        Its noiseless prediction, shape ``stack.shape``.

    Returns
    -------
    residual : `numpy.ndarray`
        (y - prediction) / sigma, float32, 0 where not valid.
    """
    # The inverse standard deviation is 0 where the variance is infinite.
    residual = stack.image[index] - prediction
    residual /= np.sqrt(stack.variance[index])
    return residual


def residual_statistics(residual: np.ndarray, where: np.ndarray) -> ResidualStatistics:
    """Return the statistics of normalised residuals.

    Parameters
    ----------
    residual : `numpy.ndarray`
        From `normalized_residual`.
    where : `numpy.ndarray`
        `True` for the pixels that count, same shape: valid, and source or
        sky.

    Returns
    -------
    statistics : `ResidualStatistics`
        The statistics, NaN if no pixel counts (Sukurdeep, Navarro & Budavari
        2025, Figure 4, shows such residuals as images).
    """
    values = residual[where]
    if not values.size:
        return ResidualStatistics(0, np.nan, np.nan, np.nan, np.nan)
    squares, numbers = _block_sums(residual, where)
    n_outliers = np.count_nonzero(values > OUTLIER_SIGMA) + np.count_nonzero(values < -OUTLIER_SIGMA)
    return ResidualStatistics(
        n_pixels=values.size,
        mean=float(values.mean(dtype=np.float64)),
        rms=float(np.sqrt(squares.sum() / values.size)),
        sigma=robust_sigma(values),
        outlier_fraction=n_outliers / values.size,
        chi2_error=_error_of_ratio(squares, numbers),
    )


def _error_of_ratio(total: np.ndarray, number: np.ndarray) -> float:
    """Return the standard error of a mean square, from that of blocks of pixels as a ratio of sums."""
    if len(total) < 2:
        return np.nan
    rest = total - number * (total.sum() / number.sum())
    return float(np.sqrt(np.sum(rest**2) * len(rest) / (len(rest) - 1)) / number.sum())


def _block_sums(residual: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of squares and the number of the pixels that count, in each block that has any."""
    columns = np.arange(0, residual.shape[1], BLOCK)
    totals, numbers = [], []
    for piece in row_pieces(len(residual), height=BLOCK):
        counts = where[piece.rows]
        squares = np.where(counts, residual[piece.rows], 0.0).astype(np.float64) ** 2
        totals.append(np.add.reduceat(squares.sum(axis=0), columns))
        numbers.append(np.add.reduceat(np.count_nonzero(counts, axis=0), columns))
    total, number = np.concatenate(totals), np.concatenate(numbers)
    return total[number > 0], number[number > 0]
