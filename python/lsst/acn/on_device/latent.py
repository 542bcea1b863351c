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

"""The latent image of a sampled one, by the Keras backend."""

from __future__ import annotations

__all__ = ("to_latent",)

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.namespace import Transforms, keras_transforms
from ..machine.compiled_inference import compile_inference
from ..methods.cross_exposure.family.sampling import (
    ITERATIONS,
    MAX_RATIO,
    SAMPLING_VARIANCE,
    TINY,
    WEIGHTING_VARIANCE,
    pad_with_halo,
    sampling_spectrum,
)
from .arrays import blurred_by_transfer


def to_latent(sampled: np.ndarray) -> np.ndarray:
    """Return the latent image of a sampled one.

    Parameters
    ----------
    sampled : `numpy.ndarray`
        Non-negative image, shape ``(height, width)``.

    Returns
    -------
    latent : `numpy.ndarray`
        As `lsst.acn.methods.cross_exposure.family.sampling.to_latent` makes it strip by strip; here
        the whole image is worked on at once.
    """
    if not sampled.any():
        return sampled.astype(np.float32)
    image, inside = pad_with_halo(sampled.astype(np.float32, copy=False))
    transfers = [
        sampling_spectrum(image.shape, variance) for variance in (SAMPLING_VARIANCE, WEIGHTING_VARIANCE)
    ]
    return _compiled()(image, *transfers)[inside]


@functools.cache
def _compiled() -> Callable[..., Any]:
    transforms = keras_transforms()
    return compile_inference(functools.partial(_sharpen, transforms))


def _sharpen(transforms: Transforms, image: Any, sampling: Any, weighting: Any) -> Any:
    from keras import ops

    def blurred(image: Any, transfer: Any) -> Any:
        return ops.maximum(blurred_by_transfer(transforms, image, transfer), TINY * ops.max(image))

    both = sampling * weighting
    target = blurred(image, weighting)
    # What is sharp already is likely a star: most of the way in one step.
    latent = image * ops.minimum(image / blurred(image, sampling), MAX_RATIO) ** 3
    previous = latent
    for number in range(ITERATIONS):
        point = ops.maximum(latent + max(number - 1, 0) / (number + 2) * (latent - previous), 0.0)
        previous = latent
        latent = point * blurred(target / blurred(point, both), both)
    return latent
