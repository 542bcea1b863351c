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

"""How far noise goes together, and what that does to thresholds of detection."""

from __future__ import annotations

__all__ = ("correlation_length", "detection_scale")

import numpy as np
import scipy.fft

from ..exposures.row_pieces import row_pieces
from ..exposures.variances import have_errors

MAX_LAG = 32
"""Pixels beyond which noise is not looked at."""

MIN_PIXELS = 64
"""Fewer pixels than these say nothing."""

WIDTHS = ((0.6826895, 1.0), (0.9973002, 3.0))
"""Shares of normal noise, and within how many standard deviations they are."""


def correlation_length(noise: np.ndarray, where: np.ndarray) -> float:
    r"""Return the distance at which the correlation of noise has fallen to 1/e.

    Parameters
    ----------
    noise : `numpy.ndarray`
        Noise, or an image of which only empty pixels are looked at, shape
        ``(height, width)``.
    where : `numpy.ndarray`
        Boolean, the pixels to look at, same shape.

    Returns
    -------
    length : `float`
        In pixels: about .6 for white noise, and :math:`2 \sigma` for white
        noise that was smoothed by a Gaussian of standard deviation
        :math:`\sigma`.  NaN if there are too few pixels; infinite if noise
        goes together over more than `MAX_LAG`.
    """
    where = where & np.isfinite(noise)
    if np.count_nonzero(where) < MIN_PIXELS:
        return float("nan")
    deviation = np.where(where, noise - noise[where].mean(dtype=np.float64), 0.0)
    products, pairs = (_autocorrelation(plane) for plane in (deviation, where))
    squares = np.add.outer(np.arange(MAX_LAG + 1) ** 2, np.arange(-MAX_LAG, MAX_LAG + 1) ** 2)
    known = (squares <= MAX_LAG**2) & (pairs > 0.5)
    # Lags to the left are those to the right once more; of other rows, only those below are there.
    known[0, :MAX_LAG] = False
    square, place = np.unique(squares[known], return_inverse=True)
    covariance = np.bincount(place, products[known]) / np.bincount(place, pairs[known])
    if covariance[0] <= 0:
        return float("nan")
    return _first_below(covariance / covariance[0], np.sqrt(square), np.exp(-1.0))


def _autocorrelation(plane: np.ndarray) -> np.ndarray:
    """Return the sums over pairs of pixels by their distance, rows down and columns either way."""
    lags = np.arange(MAX_LAG + 1)[:, None], np.arange(-MAX_LAG, MAX_LAG + 1)
    total = np.zeros((MAX_LAG + 1, 2 * MAX_LAG + 1))
    for piece in row_pieces(len(plane)):
        below = plane[piece.rows.start : piece.rows.stop + MAX_LAG].astype(np.float64)
        shape = [scipy.fft.next_fast_len(side + MAX_LAG + 1, real=True) for side in below.shape]
        first, second = (
            scipy.fft.rfft2(part, s=shape) for part in (below[: piece.rows.stop - piece.rows.start], below)
        )
        total += scipy.fft.irfft2(first.conj() * second, s=shape)[lags]
    return total


def _first_below(curve: np.ndarray, radius: np.ndarray, level: float) -> float:
    below = np.flatnonzero(curve < level)
    if not len(below):
        return float("inf")
    after = below[0]
    share = (curve[after - 1] - level) / (curve[after - 1] - curve[after])
    return float(radius[after - 1] + share * (radius[after] - radius[after - 1]))


def detection_scale(image: np.ndarray, variance: np.ndarray, kernel: np.ndarray, where: np.ndarray) -> float:
    r"""Return what a threshold of detection has to be multiplied by to mean what it says.

    Detection smooths an image :math:`p` by its PSF :math:`T`, takes its noise for
    white, and looks at :math:`(T * p) / \sqrt{T^2 * v}`.  If noise is not
    white, or its variance not :math:`v`, that is not 1 wide.

    Parameters
    ----------
    image : `numpy.ndarray`
        Noise, or an image of which only empty pixels are looked at, shape
        ``(height, width)``.
    variance : `numpy.ndarray`
        Its variance plane, same shape.
    kernel : `numpy.ndarray`
        Its PSF.
    where : `numpy.ndarray`
        Boolean, the pixels to look at, same shape.

    Returns
    -------
    scale : `float`
        Width of the noise in that image: the larger of what 68 % and what 99.7 %
        of its pixels say, so that tails count.  1 for white noise of the right
        variance, less if detection is safer than it seems, more if it finds
        what is not there.  NaN if there are too few pixels.
    """
    from scipy.signal import fftconvolve

    usable = have_errors(image, variance)
    where = where & usable
    if np.count_nonzero(where) < MIN_PIXELS:
        return float("nan")
    kernel = np.asarray(kernel, np.float64)
    level = np.median(image[where])
    typical = np.median(variance[where])
    found = []
    for piece in row_pieces(len(image), len(kernel) // 2):
        known, counts = usable[piece.wide], where[piece.rows]
        signal = np.where(known, image[piece.wide] - level, 0.0).astype(np.float64)
        noise = np.where(known, variance[piece.wide], typical).astype(np.float64)
        smooth = fftconvolve(signal, kernel, mode="same")[piece.inside][counts]
        square = fftconvolve(noise, kernel**2, mode="same")[piece.inside][counts]
        found.append((np.abs(smooth) / np.sqrt(square)).astype(np.float32))
    deviations = np.concatenate(found)
    return float(max(np.quantile(deviations, share) / sigmas for share, sigmas in WIDTHS))
