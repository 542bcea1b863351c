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

"""The whole restoration of a tile, by NumPy or by a Keras backend."""

from __future__ import annotations

__all__ = ("TileRestorer",)

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays.namespace import Arrays
from ...exposures.boxes import Box
from ...exposures.stack import ExposureStack
from ...forward.target_psf import kernel_profiles
from ...machine.devices import Devices, working_on
from .error_model import expected_variance
from .family.exposure_sums import ExposureSums, sum_up
from .family.family import RestorationFamily, make_family
from .family.first_model import first_model_and_points
from .family.point_light import points_variance, told_coverage
from .family.refinement import refine_bright
from .family.restored_family import covering_stack
from .family.tile_exposures import TileExposures, tile_exposures
from .network.mixing_network import MixingNetwork, mix_family
from .photon_noise import photon_variance

EXPOSURES = 4
"""Numbers of exposures are rounded up to a multiple of this on a device, with
exposures that have no valid pixel: functions are compiled for each number."""

COMPARED_AGAIN = 2
"""Times that a restored tile on a grid which is finer than those of the exposures
is compared with these, and refined."""


class TileRestorer:
    """Restores tiles.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    network : `MixingNetwork`
        What mixes the restorations.
    updates : `int`
        Number of updates of the refinement.
    devices : `Devices`, optional
        Where tiles are restored; each has one at a time.  Without any, as many
        are restored at once as are asked for.
    """

    def __init__(
        self, xp: Arrays, network: MixingNetwork, updates: int, devices: Devices | None = None
    ) -> None:
        self._xp, self._devices = xp, devices
        self._weights = [xp.constant(weight) for weight in network.weights]
        self._options = {"dilations": network.dilations, "updates": updates}

    def __call__(
        self, stack: ExposureStack, latent_box: Box, margin: int, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the latent image of a box, and how wrong it is.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures around the box, at least one of them valid there.
        latent_box : `Box`
            Pixels of the latent image.
        margin : `int`
            How many more are restored with it on every side.
        kernel : `numpy.ndarray` or `None`
            Gaussian kernel that the latent image will be convolved with.

        Returns
        -------
        latent : `numpy.ndarray`
            In the unit of the stack.
        variance : `numpy.ndarray` or `None`
            Expected squared error of the restored image, in the unit of the
            stack squared, on the same pixels; `None` without a kernel.
        """
        xp, box = self._xp, latent_box.grown_by(margin)
        multiple = 1 if xp.name == "numpy" else EXPOSURES
        exposures = tile_exposures(covering_stack(stack, box), multiple)
        profile = None if kernel is None else kernel_profiles(kernel)[1]
        with self._device():
            sums, latent, points = first_model_and_points(xp, TileExposures(*map(xp.constant, exposures)))
            options = {**self._options, "margin": margin, "sampling": stack.sampling}
            if profile is None:
                return xp.to_numpy(xp.run(_latent, sums, latent, self._weights, **options)), None
            coverage = xp.constant(told_coverage(points, xp.to_numpy(sums.coverage)))
            arrays = (sums, latent, self._weights, xp.constant(profile), coverage)
            latent, variance = xp.run(_latent_and_variance, *arrays, **options)
            inside = Box.from_shape(latent_box.shape, (margin, margin))
            uncertain = points_variance(points, inside, profile)
            return xp.to_numpy(latent), xp.to_numpy(variance) + uncertain

    @contextlib.contextmanager
    def _device(self) -> Any:
        """Wait for a device that is free, and work there."""
        if self._devices is None:
            yield
            return
        with self._devices as device, working_on(device):
            yield


def mixed_family(
    xp: Arrays,
    sums: ExposureSums,
    start: Any,
    weights: Sequence[Any],
    *,
    dilations: Sequence[int],
    updates: int,
    sampling: int = 1,
) -> tuple[Any, RestorationFamily]:
    """Restore exposures many times over, and mix what comes of it.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    start : array
        The latent image of the first pass, with its holes filled.
    weights : `~collections.abc.Sequence` [array]
        Of the network.
    dilations : `~collections.abc.Sequence` [`int`]
        Of its residual blocks.
    updates : `int`
        Number of updates of the refinement.
    sampling : `int`, optional
        Pixels per pixel of the exposures, along each axis.  With more than 1,
        the exposures are compared with what the network made before it is
        refined, and all that is done more than once: sums on a finer grid hold
        only near what they were made by.

    Returns
    -------
    latent : array
        In the unit of the family, on all pixels of the exposures.
    family : `RestorationFamily`
        What it was mixed from.
    """
    family = make_family(xp, sums, start)
    latent = mix_family(xp, family, weights, dilations)
    for _ in range(COMPARED_AGAIN if sampling > 1 and updates else 0):
        compared = family._replace(statistics=sum_up(xp, sums, latent * family.unit))
        latent = refine_bright(xp, latent, compared, updates)
    if updates and sampling == 1:
        latent = refine_bright(xp, latent, family, updates)
    return latent, family


def _latent(xp: Arrays, sums: Any, start: Any, weights: Any, *, margin: int, **options: Any) -> Any:
    latent, family = mixed_family(xp, sums, start, weights, **options)
    return _without(latent, margin) * family.unit


def _latent_and_variance(
    xp: Arrays,
    sums: Any,
    start: Any,
    weights: Any,
    profile: Any,
    told: Any,
    *,
    margin: int,
    sampling: int,
    **options: Any,
) -> tuple[Any, Any]:
    latent, family = mixed_family(xp, sums, start, weights, sampling=sampling, **options)
    variance = expected_variance(xp, latent, family._replace(coverage=told), profile, margin)
    latent = latent * family.unit
    if sampling > 1:
        least = photon_variance(xp, sums, latent, profile, sampling)
        variance = xp.maximum(variance, _without(least, margin))
    return _without(latent, margin), variance


def _without(image: Any, margin: int) -> Any:
    height, width = image.shape
    return image[margin : height - margin, margin : width - margin]
