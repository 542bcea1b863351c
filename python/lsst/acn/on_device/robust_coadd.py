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

"""The robust coadd of the exposures of a tile, as tensors."""

from __future__ import annotations

__all__ = ("robust_coadd",)

from typing import Any

import numpy as np

from ..arrays.namespace import Transforms
from ..coadd.robust_coadd import CLIP_FRACTION, CLIP_SIGMA
from ..methods.cross_exposure.family.sampling import sampling_spectrum
from .arrays import scaled

FIRST_SIGMA = 2.0
"""Pixels over which unknown pixels are interpolated; twice as many where that
is not enough, and so on."""

LEAST_SHARE = 1e-3
"""Weight of known pixels from which on a mean over them is taken."""


def robust_coadd(transforms: Transforms, image: Any, variance: Any, weights: Any) -> Any:
    """Return the outlier-clipped, weighted mean of exposures.

    Parameters
    ----------
    transforms : `Transforms`
        Of the backend.
    image, variance : tensor
        Shape ``(n, height, width)``; the variance of masked pixels is
        infinite.
    weights : tensor
        Of each exposure, shape ``(n,)``.

    Returns
    -------
    coadd : tensor
        Shape ``(height, width)``, as `lsst.acn.coadd.robust_coadd.robust_coadd` makes it;
        pixels with no valid exposure are interpolated in the periodic image.
    """
    from keras import ops

    valid = ops.isfinite(variance)
    center = _masked_median(image, valid)
    limit = CLIP_SIGMA * ops.sqrt(variance) + CLIP_FRACTION * ops.abs(center)
    is_kept = ops.logical_and(valid, ops.abs(image - center) <= limit)
    keep = ops.where(is_kept, weights[:, None, None], 0.0)
    total = ops.sum(keep, axis=0)
    mean = ops.sum(keep * image, axis=0) / ops.where(total > 0, total, 1.0)
    coadd = ops.where(total > 0, mean, center)
    known = ops.any(valid, axis=0)
    return ops.cond(ops.all(known), lambda: coadd, lambda: _interpolate(transforms, coadd, known))


def _masked_median(image: Any, valid: Any) -> Any:
    """Return the median of the valid exposures, 0 where there are none."""
    from keras import ops

    order = ops.sort(ops.where(valid, image, np.float32(np.inf)), axis=0)
    count = ops.sum(ops.cast(valid, "int32"), axis=0)
    places = [ops.maximum((count - 1) // 2, 0), ops.minimum(count // 2, image.shape[0] - 1)]
    lower, upper = (ops.take_along_axis(order, place[None], axis=0)[0] for place in places)
    return ops.where(count > 0, 0.5 * (lower + upper), 0.0)


def _interpolate(transforms: Transforms, image: Any, known: Any) -> Any:
    """Fill unknown pixels by ever wider Gaussian-weighted means of the others."""
    from keras import ops

    shape = tuple(image.shape)
    values = ops.where(known, image, 0.0)
    planes = transforms.rfft2(ops.stack([values, ops.cast(known, "float32")]), shape)
    sigma = FIRST_SIGMA
    while sigma < 4 * max(shape):
        transfer = ops.convert_to_tensor(sampling_spectrum(shape, sigma**2))
        blurred = transforms.irfft2(scaled(transforms, planes, transfer), shape)
        total, share = blurred[0], blurred[1]
        is_near = ops.logical_and(ops.logical_not(known), share > LEAST_SHARE)
        values = ops.where(is_near, total / ops.maximum(share, LEAST_SHARE), values)
        known = ops.logical_or(known, is_near)
        sigma *= 2
    return values
