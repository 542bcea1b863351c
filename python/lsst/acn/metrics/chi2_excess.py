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

"""The error of a restoration, measured on exposures it has not seen."""

from __future__ import annotations

__all__ = ("Chi2Excess", "choose_held_out", "image_excess", "latent_excess", "richest_box")

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from ..exposures.boxes import Box
from ..exposures.random_streams import random_stream
from ..exposures.stack import ExposureStack
from .prediction import predict_exposure
from .residuals import normalized_residual

MIN_KEPT = 2
"""Smallest number of exposures that a restoration is made from."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chi2Excess:
    """Mean square of normalised residuals, less the noise's own share.

    Parameters
    ----------
    value : `float`
        Mean of (y - prediction)^2 / v over all pixels that count, minus 1.
    error : `float`
        Standard error of ``value`` if pixels are independent.
    n_pixels : `int`
        Number of pixels that count, in all exposures.
    by_exposure : `numpy.ndarray`
        The same for each exposure alone, shape ``(n,)``.
    """

    value: float
    error: float
    n_pixels: int
    by_exposure: np.ndarray


def latent_excess(stack: ExposureStack, latent: np.ndarray, latent_box: Box, where: np.ndarray) -> Chi2Excess:
    r"""Return the chi-square excess of a latent image on held-out exposures.

    Parameters
    ----------
    stack : `ExposureStack`
        Exposures that had no part in making the image.
    latent : `numpy.ndarray`
        Latent image of any method, or an image that is taken for one.
    latent_box : `Box`
        Pixels of ``latent``; beyond them, its outermost pixels are repeated.
    where : `numpy.ndarray`
        `True` for pixels to measure in, shape ``stack.shape``.

    Returns
    -------
    excess : `Chi2Excess`
        The excess.

    Notes
    -----
    Write the image as the true one plus an error, :math:`x + e`.  Noise of an
    exposure that :math:`e` knows nothing of drops out of the mean, and

    .. math::

        \mathrm{E}\,\frac{(y - f * (x + e))^2}{v} - 1
        = \frac{(f * e)^2}{v}

    is the square of the error at the resolution of the exposure, in units of
    its noise, and nothing else.  The right variance is assumed; what is wrong
    with it, or with the exposure, adds the same to all methods.
    """
    return _excess(stack, lambda index: predict_exposure(latent, latent_box, stack, index), where)


def image_excess(stack: ExposureStack, image: np.ndarray, where: np.ndarray) -> Chi2Excess:
    """Return the chi-square excess of an image as it stands.

    Parameters
    ----------
    stack : `ExposureStack`
        Exposures that had no part in making the image.
    image : `numpy.ndarray`
        What to expect of every exposure, whichever its PSF: the coadd of the
        other exposures.  Pixels that are not finite do not count.
    where : `numpy.ndarray`
        `True` for pixels to measure in, shape ``stack.shape``.

    Returns
    -------
    excess : `Chi2Excess`
        The excess.

    Notes
    -----
    `latent_excess` of a coadd blurs it a second time, with the PSF of the
    exposure.  Which of the two is smaller depends on the seeing of the
    exposures; the smaller one is what a restoration has to beat.
    """
    known = np.isfinite(image)
    return _excess(stack, lambda index: np.where(known, image, 0.0), where & known)


def _excess(stack: ExposureStack, predict: Callable[[int], np.ndarray], where: np.ndarray) -> Chi2Excess:
    count, total, total_square = 0, 0.0, 0.0
    by_exposure = np.full(len(stack), np.nan)
    for index in range(len(stack)):
        residual = normalized_residual(stack, index, predict(index))
        chi2 = residual[where & stack.valid[index]].astype(np.float64) ** 2
        if chi2.size:
            by_exposure[index] = chi2.mean() - 1.0
            count, total, total_square = count + chi2.size, total + chi2.sum(), total_square + (chi2**2).sum()
    if not count:
        return Chi2Excess(np.nan, np.nan, 0, by_exposure)
    mean = total / count
    error = np.sqrt(max(total_square / count - mean**2, 0.0) / count)
    return Chi2Excess(float(mean - 1.0), float(error), count, by_exposure)


def choose_held_out(visits: Sequence[int], share: float, seed: int) -> list[int]:
    """Return which exposures a restoration shall not see.

    Parameters
    ----------
    visits : `~collections.abc.Sequence` [`int`]
        Identifiers of the exposures.
    share : `float`
        Share of them to hold out.
    seed : `int`
        Seed of the draw.

    Returns
    -------
    held_out : `list` [`int`]
        Visits, in ascending order: the nearest number to the share, at least
        one, but none where fewer than two would be left.
    """
    number = min(max(round(share * len(visits)), 1), len(visits) - MIN_KEPT)
    if number < 1:
        return []
    # By rank, so that the order in which the visits come does not matter.
    drawn = random_stream(seed, "held-out exposures").permutation(len(visits))[:number]
    ordered = sorted(visits)
    return sorted(ordered[rank] for rank in drawn)


def richest_box(where: np.ndarray, box: Box, size: int) -> Box:
    """Return the part of a patch that has most pixels of a class.

    Parameters
    ----------
    where : `numpy.ndarray`
        `True` for pixels of the class, shape ``box.shape``.
    box : `Box`
        Pixels of the patch.
    size : `int`
        Side of the part; smaller where the patch is.

    Returns
    -------
    part : `Box`
        The part; the first one if several have equally many.
    """
    height, width = (min(size, side) for side in box.shape)
    total = np.pad(where.cumsum(axis=0, dtype=np.int64).cumsum(axis=1), ((1, 0), (1, 0)))
    sums = (
        total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    )
    y, x = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return Box.from_shape((height, width), (box.y_start + int(y), box.x_start + int(x)))
