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

"""From the exposures of a tile on the host to its restoration on a device, and back."""

from __future__ import annotations

__all__ = ("TileRestorer", "tile_arrays", "working_box")

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft

from ..exposures.boxes import Box
from ..exposures.mirrored_cutout import mirrored_cutout
from ..exposures.stack import ExposureStack
from ..machine.compiled_inference import compile_inference
from ..machine.devices import Devices
from ..methods.cross_exposure.family.exposure_sums import sampled_medians
from ..methods.cross_exposure.network.mixing_network import STRIDE
from .exposure_sums import TileExposures
from .tile_restoration import restore_tile

EXPOSURES = 4
"""Numbers of exposures are rounded up to a multiple of this, with exposures
that have no valid pixel: functions are compiled for each number."""

PIXELS = 16
"""The same of the sides of what is restored at once."""


class TileRestorer:
    """Restores tiles by the Keras backend.

    Parameters
    ----------
    mix : `~collections.abc.Callable`
        Takes features and members as tensors and returns latent images.
    updates : `int`
        Number of updates of the refinement.
    devices : `Devices`
        Where tiles are restored; each has one at a time.
    """

    def __init__(self, mix: Callable[[Any, Any], Any], updates: int, devices: Devices) -> None:
        def restore(*arrays: Any) -> tuple[Any, ...]:
            *planes, profile = arrays
            return restore_tile(TileExposures(*planes), mix, updates, profile)

        def restore_alone(*planes: Any) -> tuple[Any, ...]:
            return restore_tile(TileExposures(*planes), mix, updates)

        self._with_variance, self._alone = compile_inference(restore), compile_inference(restore_alone)
        self._devices = devices

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
            How many more, at least, are restored with it on every side.
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
        box = working_box(latent_box, margin)
        arrays = tile_arrays(mirrored_cutout(stack, box))
        inside = latent_box.slices_within(box)
        with self._devices as device:
            if kernel is None:
                (latent,) = self._alone(*arrays, device=device)
                return latent[inside], None
            profile = kernel.sum(axis=0, dtype=np.float64).astype(np.float32)
            latent, variance = self._with_variance(*arrays, profile, device=device)
        return latent[inside], variance[inside]


def working_box(tile: Box, margin: int) -> Box:
    """Return the pixels that are restored along with a tile.

    Parameters
    ----------
    tile : `Box`
        Pixels that are wanted.
    margin : `int`
        Pixels that they cannot do without, on every side.

    Returns
    -------
    box : `Box`
        Of one of few sizes, that are fast to transform; the blocks of pixels
        that the network sees as one begin where they do in the whole patch.
    """
    rows = _working_axis(tile.y_start, tile.y_stop, margin)
    return Box(*rows, *_working_axis(tile.x_start, tile.x_stop, margin))


def _working_axis(start: int, stop: int, margin: int) -> tuple[int, int]:
    least = -(-(stop - start + 2 * margin + STRIDE) // PIXELS)
    side = PIXELS * scipy.fft.next_fast_len(least, real=False)
    first = start - (side - (stop - start)) // 2
    first -= first % STRIDE
    return first, first + side


def tile_arrays(part: ExposureStack) -> list[np.ndarray]:
    """Return the attributes of `TileExposures` as arrays.

    Parameters
    ----------
    part : `ExposureStack`
        The exposures.

    Returns
    -------
    arrays : `list` [`numpy.ndarray`]
        Float32, with so many exposures added that their number is a multiple
        of `EXPOSURES`.
    """
    medians = sampled_medians(part)
    weights = 1.0 / medians
    total = weights.sum()
    missing = -len(part) % EXPOSURES
    kernels = part.psf.at(*part.box.center)
    finite = np.where(np.isfinite(medians), medians, 1.0)
    added = [(0, missing)]
    return [
        _padded(part.image, missing, 0.0),
        _padded(part.variance, missing, np.inf),
        np.pad(kernels.astype(np.float32), added + [(0, 0), (0, 0)]),
        np.pad(finite.astype(np.float32), added, constant_values=1.0),
        np.pad((weights / total).astype(np.float32), added),
        np.asarray(1.0 / np.sqrt(total), np.float32),
    ]


def _padded(planes: np.ndarray, missing: int, value: float) -> np.ndarray:
    """Return contiguous planes, with some more of one value."""
    added = np.full((missing, *planes.shape[1:]), value, np.float32)
    return np.concatenate([planes, added], dtype=np.float32)
