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


"""Bright light at the edges of the exposures, which no mirror image explains."""

from __future__ import annotations

__all__ = ("without_mirrored_light",)

import dataclasses

import numpy as np
from scipy.ndimage import distance_transform_cdt, maximum_filter

from ....exposures.boxes import Box
from ....exposures.stack import ExposureStack
from .tile_exposures import sampled_medians

MAX_POINT_SIGNAL = 180.0
"""Signal to noise of a point source that is as bright as a pixel at the edge,
from which on its mirror image does harm.  A star that stands outside has left
a part of its light inside; a mirror makes an arc of it, or a knot, that no
source of light can have, and the restoration would need invented ones."""

EDGE = 2
"""Pixels from the edge in which bright light is looked for."""


def without_mirrored_light(around: ExposureStack, box: Box) -> ExposureStack:
    """Return exposures whose mirrored pixels are unknown where light crosses an edge.

    Parameters
    ----------
    around : `ExposureStack`
        The exposures on a box that reaches beyond their edges, mirrored there.
    box : `Box`
        Pixels that the exposures have.

    Returns
    -------
    exposures : `ExposureStack`
        The same, but that mirrored pixels near bright light at an edge are not
        valid, from there to the end of the box; they are filled as others are
        that no exposure knows.
    """
    inside = np.zeros(around.box.shape, bool)
    inside[around.box.intersection(box).slices_within(around.box)] = True
    distance = distance_transform_cdt(inside, "chessboard")
    bright = (distance > 0) & (distance <= EDGE)
    bright[bright] = _point_signal(around, bright) > MAX_POINT_SIGNAL
    if not bright.any():
        return around
    # To the end of the box: what ends before would be taken for the core of a saturated star.
    reach = int(distance_transform_cdt(~inside, "chessboard").max()) + EDGE
    known = inside | ~maximum_filter(bright, 2 * reach + 1)
    return dataclasses.replace(
        around,
        variance=np.where(known, around.variance, np.float32(np.inf)),
        valid=around.valid & known,
    )


def _point_signal(exposures: ExposureStack, pixels: np.ndarray) -> np.ndarray:
    """Return the signal to noise of points as bright as some pixels are in the mean of the exposures."""
    weights = 1.0 / sampled_medians(exposures)
    kernels = exposures.psf.at(*exposures.box.center).astype(np.float64)
    areas = 1.0 / np.sum(kernels**2, axis=(1, 2))
    valid = exposures.valid[:, pixels]
    light = weights @ np.where(valid, exposures.image[:, pixels], 0.0)
    signal = light / np.maximum(weights @ valid, np.finfo(float).tiny) * np.sqrt(np.sum(weights * areas))
    return signal / exposures.sampling
