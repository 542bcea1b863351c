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

"""Resampling exposures from the pixels of a detector to those of a patch."""

from __future__ import annotations

__all__ = ("WarpingConfig", "draw_detector_grid", "lanczos_weights", "warp_image", "warp_mask")

import dataclasses

import numpy as np

from ..exposures.boxes import Box
from ..exposures.random_streams import random_stream
from .pixel_grid import PixelGrid

REACH = 3
"""Order of the Lanczos kernel, which is its half width in pixels (`int`)."""


@dataclasses.dataclass(frozen=True)
class WarpingConfig:
    """Whether exposures are taken on the patch's own pixels, or warped to them.

    Parameters
    ----------
    is_on : `bool`, optional
        Whether exposures are drawn on dithered and turned pixels and
        resampled with a Lanczos kernel of order 3.
    dither : `float`, optional
        Largest shift of their pixels along each axis, in pixels.
    rotation : `float`, optional
        Largest angle between their pixels and those of the patch, in degrees.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    is_on: bool = False
    dither: float = 20.0
    rotation: float = 180.0

    def __post_init__(self) -> None:
        if self.dither < 0 or not 0 <= self.rotation <= 180:
            raise ValueError(
                "dither must not be negative and rotation lie from 0 to 180; got "
                f"{self.dither} and {self.rotation}."
            )


def draw_detector_grid(config: WarpingConfig, seed: int, visit: int, box: Box) -> PixelGrid:
    """Draw where the pixels of a detector lie.

    Parameters
    ----------
    config : `WarpingConfig`
        Dithers and angles.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.
    box : `Box`
        Tract pixels that its warp shall cover.

    Returns
    -------
    grid : `PixelGrid`
        Large enough to warp from; that of the tract if nothing is warped.
    """
    if not config.is_on:
        return PixelGrid(box)
    y, x, turn = random_stream(seed, "warping", visit).uniform(-1.0, 1.0, 3)
    grid = PixelGrid(
        box,
        shift=(float(config.dither * y), float(config.dither * x)),
        angle=float(np.deg2rad(config.rotation * turn)),
        pivot=box.center,
    )
    return grid.covering(box, REACH)


def lanczos_weights(offset: np.ndarray) -> np.ndarray:
    """Return the weights of the six pixels around each point.

    Parameters
    ----------
    offset : `numpy.ndarray`
        How far the point is beyond the third of them, from 0 to 1.

    Returns
    -------
    weights : `numpy.ndarray`
        Of unit sum, shape ``(6, *offset.shape)``.
    """
    distance = np.arange(1 - REACH, REACH + 1).reshape(-1, *[1] * offset.ndim) - offset
    weights = np.where(np.abs(distance) < REACH, np.sinc(distance) * np.sinc(distance / REACH), 0.0)
    return weights / weights.sum(axis=0)


def warp_image(image: np.ndarray, grid: PixelGrid, box: Box, *, power: int = 1) -> np.ndarray:
    """Return an image on the pixels of the tract.

    Parameters
    ----------
    image : `numpy.ndarray`
        On the pixels of ``grid``, all finite.
    grid : `PixelGrid`
        Where they lie, with a margin around ``box``.
    box : `Box`
        Tract pixels.
    power : `int`, optional
        Power to which weights are raised: 2 makes the variance of each pixel
        out of a variance plane.

    Returns
    -------
    warp : `numpy.ndarray`
        Float64, shape ``box.shape``.
    """
    y, x, weights_y, weights_x = _taps(grid, box)
    warp = np.zeros(box.shape)
    for i in range(2 * REACH):
        row = np.zeros(box.shape)
        for j in range(2 * REACH):
            row += weights_x[j] ** power * image[y + i, x + j]
        warp += weights_y[i] ** power * row
    return warp


def warp_mask(mask: np.ndarray, grid: PixelGrid, box: Box) -> np.ndarray:
    """Return a mask on the pixels of the tract: all bits of all pixels used.

    Parameters
    ----------
    mask : `numpy.ndarray`
        Bits, on the pixels of ``grid``.
    grid : `PixelGrid`
        Where they lie, with a margin around ``box``.
    box : `Box`
        Tract pixels.

    Returns
    -------
    warp : `numpy.ndarray`
        Bits, shape ``box.shape``.
    """
    y, x, _, _ = _taps(grid, box)
    warp = np.zeros(box.shape, mask.dtype)
    for i in range(2 * REACH):
        for j in range(2 * REACH):
            warp |= mask[y + i, x + j]
    return warp


def _taps(grid: PixelGrid, box: Box) -> tuple[np.ndarray, ...]:
    """Return the first row and column used for each pixel, and the weights."""
    rows, columns = np.mgrid[box.y_start : box.y_stop, box.x_start : box.x_stop]
    y, x = grid.from_tract(rows, columns)
    y, x = y - grid.box.y_start, x - grid.box.x_start
    first_y, first_x = np.floor(y).astype(int), np.floor(x).astype(int)
    return (
        first_y + 1 - REACH,
        first_x + 1 - REACH,
        lanczos_weights(y - first_y),
        lanczos_weights(x - first_x),
    )
