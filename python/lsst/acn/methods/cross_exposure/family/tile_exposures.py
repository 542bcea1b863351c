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

"""The exposures of a tile, as the formulas take them."""

from __future__ import annotations

__all__ = ("TileExposures", "is_finer", "sampled_medians", "tile_exposures")

import math
from typing import Any, NamedTuple

import numpy as np

from ....exposures.stack import ExposureStack
from ....exposures.variances import median_variances

MEDIAN_PIXELS = 5000
"""Pixels of each exposure, at most, that its median variance is taken from."""


class TileExposures(NamedTuple):
    """Exposures on a box that has room around what is of interest.

    Images are taken as periodic, with the PSFs at the centre of the box.

    Parameters
    ----------
    image, variance : array
        Shape ``(n, height, width)``, float32; the variance of pixels that are
        not valid is infinite.
    kernels : array
        PSF kernels at the centre, shape ``(n, k, k)``, float32.
    medians : array
        Median variances, shape ``(n,)``, float32.
    share : array
        Weights, shape ``(n,)``, float32; their sum is 1.
    noise : array
        Noise of a pixel of the weighted mean of the exposures, scalar.
    counts : array
        For how many pixels each one stands, of a shape that broadcasts to
        ``(height, width)``: not 1 on grids that are finer than those of the
        exposures.
    """

    image: Any
    variance: Any
    kernels: Any
    medians: Any
    share: Any
    noise: Any
    counts: Any


def tile_exposures(stack: ExposureStack, multiple: int = 1) -> TileExposures:
    """Return the exposures of a box.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    multiple : `int`, optional
        What their number is made a multiple of, by exposures that have no
        valid pixel.

    Returns
    -------
    exposures : `TileExposures`
        Arrays of NumPy.
    """
    medians = sampled_medians(stack)
    weights = 1.0 / medians
    total = weights.sum()
    missing = -len(stack) % multiple
    finite = np.where(np.isfinite(medians), medians, 1.0)
    return TileExposures(
        image=_with_more(stack.image, missing, 0.0),
        variance=_with_more(stack.variance, missing, np.inf),
        kernels=_with_more(stack.psf.at(*stack.box.center), missing, 0.0),
        medians=_with_more(finite, missing, 1.0),
        share=_with_more(weights / total, missing, 0.0),
        noise=np.float32(stack.sampling / np.sqrt(total)),
        counts=stack.sampling_counts(),
    )


def is_finer(exposures: TileExposures) -> bool:
    """Tell whether the grid is finer than those of the exposures.

    Parameters
    ----------
    exposures : `TileExposures`
        The exposures.

    Returns
    -------
    is_finer : `bool`
        Known from shapes, when functions are compiled.
    """
    return tuple(exposures.counts.shape) != (1, 1)


def sampled_medians(stack: ExposureStack) -> np.ndarray:
    """Return the median variance of each exposure, of some of its pixels.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.

    Returns
    -------
    medians : `numpy.ndarray`
        Shape ``(n,)``, of all pixels where some of them do not tell.
    """
    step = max(math.isqrt(stack.shape[0] * stack.shape[1] // MEDIAN_PIXELS), 1)
    medians = median_variances(stack.variance[:, ::step, ::step], stack.valid[:, ::step, ::step])
    return medians if np.isfinite(medians).all() else stack.median_variances()


def _with_more(planes: np.ndarray, missing: int, value: float) -> np.ndarray:
    """Return float32 planes, with some more of one value."""
    if not missing:
        return planes.astype(np.float32, copy=False)
    added = np.full((missing, *planes.shape[1:]), value, np.float32)
    return np.concatenate([planes, added], dtype=np.float32)
