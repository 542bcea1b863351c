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

"""Sufficient statistics of the exposures of a tile, as tensors."""

from __future__ import annotations

__all__ = ("DeviceStatistics",)

from typing import Any

import numpy as np

from ..arrays.namespace import Transforms
from ..methods.cross_exposure.family.statistics import FAINTEST
from .arrays import blurred_by_transfer


class DeviceStatistics:
    """What `~lsst.acn.methods.cross_exposure.family.statistics.SufficientStatistics` says, on a device.

    Parameters
    ----------
    transforms : `Transforms`
        Of the backend.
    back_projection, power : tensor
        Shape ``(height, width // 2 + 1)``.
    shape : `tuple` [`int`, `int`]
        Height and width of the images.
    noise : tensor
        Scalar.

    Attributes
    ----------
    image : tensor
        The back-projected image.
    target : tensor
        The same, nowhere negative.
    mean_power, point_source_noise, image_noise, faintest : tensor
        Scalars.
    """

    def __init__(
        self, transforms: Transforms, back_projection: Any, power: Any, shape: tuple[int, int], noise: Any
    ) -> None:
        from keras import ops

        self.transforms = transforms
        self.back_projection = back_projection
        self.power = power
        self.shape = shape
        # Frequencies that a real transform leaves out count twice.
        counts = np.full(power.shape[1], 2.0, np.float32)
        counts[0] = 1.0
        if shape[1] % 2 == 0:
            counts[-1] = 1.0
        self.mean_power = ops.sum(ops.sum(power, axis=0) * ops.convert_to_tensor(counts)) / (
            shape[0] * shape[1]
        )
        self.point_source_noise = noise / ops.sqrt(self.mean_power)
        self.image_noise = self.point_source_noise * self.mean_power
        self.faintest = FAINTEST * self.image_noise
        self.image = transforms.irfft2(back_projection, shape)
        self.target = ops.maximum(self.image, 0.0)

    def apply_power(self, latent: Any) -> Any:
        """Return what the back-projected image of a latent image would be.

        Parameters
        ----------
        latent : tensor
            Shape ``(height, width)``.

        Returns
        -------
        image : tensor
            Same shape.
        """
        return blurred_by_transfer(self.transforms, latent, self.power)
