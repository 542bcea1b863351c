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

"""Expected errors of a restored tile, as tensors."""

from __future__ import annotations

__all__ = ("expected_variance",)

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..methods.cross_exposure.error_features import (
    AROUND,
    AROUND_REACH,
    FAINTEST,
    FAINTEST_AROUND,
    LEAST_COVERAGE,
    MEMBERS,
)
from ..methods.cross_exposure.error_model import LEAST_ERROR, UNSEEN_ERROR, load_error_model
from .arrays import correlate_separable
from .family import DeviceFamily


def expected_variance(latent: Any, family: DeviceFamily, profile: Any) -> Any:
    """Return the expected squared error of a restored tile.

    Parameters
    ----------
    latent : tensor
        In the unit of the family, on its pixels.
    family : `DeviceFamily`
        That it was mixed from.
    profile : tensor
        Profile, of unit sum, of the Gaussian kernel that the latent image is
        convolved with, along both axes.

    Returns
    -------
    variance : tensor
        In the unit of the exposures squared, as
        `lsst.acn.methods.cross_exposure.error_model.predict_variance` has it, on the same pixels.
    """
    from keras import ops

    peak = ops.max(profile) ** 2
    features, coverage = _features(latent, family, profile, peak)
    model = load_error_model()
    hidden = ops.reshape(features, (-1, features.shape[-1]))
    for weight, bias in zip(model.weights[:-1], model.biases[:-1], strict=True):
        hidden = ops.relu(ops.matmul(hidden, weight) + bias)
    log_sigma = ops.reshape(ops.matmul(hidden, model.weights[-1]) + model.biases[-1], features.shape[:-1])
    unseen = UNSEEN_ERROR**2 * ops.maximum(1.0 - coverage, 0.0) ** 2 / coverage
    return (ops.exp(2.0 * log_sigma) + unseen + LEAST_ERROR**2) * (family.unit * peak) ** 2


def _features(latent: Any, family: DeviceFamily, profile: Any, peak: Any) -> tuple[Any, Any]:
    """Return what errors are told from, in the order of `FEATURES`, and
    the coverage.
    """
    from keras import ops

    images = [latent, *(family.members[..., member] for member in MEMBERS)]
    *seen, coverage = _unstacked(correlate_separable(ops.stack([*images, family.coverage]), profile, profile))
    restored, *members = (image / peak for image in seen)
    spread = ops.sqrt(sum((member - restored) ** 2 for member in members) / len(members))
    around = correlate_separable(restored, _around_profile(), _around_profile())
    coverage = ops.maximum(coverage, LEAST_COVERAGE)
    flat = ops.zeros_like(restored)
    planes = [
        *(_log(image, FAINTEST) for image in (restored, *members, spread)),
        ops.arcsinh(family.significance),
        _log(_gradient(restored), FAINTEST),
        _log(around, FAINTEST_AROUND),
        flat + ops.log(peak),
        flat + ops.log(family.effective_area),
        ops.log(coverage),
    ]
    return ops.stack(planes, axis=-1), coverage


def _unstacked(images: Any) -> list[Any]:
    return [images[index] for index in range(images.shape[0])]


def _log(image: Any, faintest: float) -> Any:
    from keras import ops

    return ops.log(ops.maximum(image, 0.0) + faintest)


def _around_profile() -> np.ndarray:
    point = np.zeros(2 * AROUND_REACH + 1)
    point[AROUND_REACH] = 1.0
    return gaussian_filter1d(point, AROUND, radius=AROUND_REACH, mode="constant").astype(np.float32)


def _gradient(image: Any) -> Any:
    """Return the size of the gradient, by central differences."""
    from keras import ops

    half = np.array([-0.5, 0.0, 0.5], np.float32)
    none = np.ones(1, np.float32)
    return ops.sqrt(correlate_separable(image, half, none) ** 2 + correlate_separable(image, none, half) ** 2)
