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

"""The whole restoration of a tile, as one function of tensors."""

from __future__ import annotations

__all__ = ("restore_tile",)

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.namespace import keras_transforms
from ..methods.cross_exposure.network.mixing_network import FEATURE_AREA
from .expected_error import expected_variance
from .exposure_sums import ExposureSums, TileExposures
from .family import DeviceFamily, make_family
from .refinement import refine_bright


def restore_tile(
    exposures: TileExposures, mix: Callable[[Any, Any], Any], updates: int, profile: Any = None
) -> tuple[Any, ...]:
    """Return the latent image of a tile and, if asked for, its expected error.

    Parameters
    ----------
    exposures : `TileExposures`
        Exposures of a box whose blocks of pixels begin where the network has
        them.
    mix : `~collections.abc.Callable`
        Takes features and members, with a first axis for tiles, and returns
        latent images.
    updates : `int`
        Number of updates of the refinement.
    profile : tensor, optional
        Profile of the kernel that the latent image will be convolved with.

    Returns
    -------
    latent : tensor
        In the unit of the exposures, on their pixels.
    variance : tensor
        Expected squared error of the restored image, in the unit of the
        exposures squared; only with a profile.
    """
    family = make_family(ExposureSums(exposures, keras_transforms()))
    latent = mix(_features(family)[None], family.members[None])[0]
    if updates:
        latent = refine_bright(latent, family, updates)
    restored = latent * family.unit
    return (restored,) if profile is None else (restored, expected_variance(latent, family, profile))


def _features(family: DeviceFamily) -> Any:
    """Return what the network sees, as `make_features` does."""
    from keras import ops

    area = ops.zeros_like(family.significance) + ops.log(family.effective_area / np.float32(FEATURE_AREA))
    context = ops.stack([ops.arcsinh(family.significance), area], axis=-1)
    return ops.concatenate([ops.arcsinh(family.members), context], axis=-1)
