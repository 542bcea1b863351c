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

"""What the variance plane says of the errors, and how true that is."""

from __future__ import annotations

__all__ = ("BEYOND", "SOURCE_CLASSES", "count_in_noise", "pull_numbers")

import math

import numpy as np

from ..peers.restored import Restored
from .detection import detect
from .errors_of_pixels import robust_width
from .field_truth import FieldTruth

BEYOND = 5.0
"""Pull beyond which a pixel is not what its variance says."""

SOURCE_CLASSES = ("faint", "middle", "bright")


def pull_numbers(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    """Return how wide the errors are in units of those that are claimed.

    Parameters
    ----------
    restored : `Restored`
        An image with a variance plane.
    truth : `FieldTruth`
        The truth.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        Robust width of (image - truth) / root of the variance and share of
        the pixels beyond 5, in the sky and, if the image is at the target
        PSF, in all pixels of sources and in bright ones.  Empty without a
        variance plane.
    """
    if restored.variance is None:
        return {}
    pulls = (restored.image - truth.image) / np.sqrt(restored.variance)
    classes = truth.classes
    chosen = {"sky": classes["sky"]}
    if restored.psf is None:
        sources = np.any([classes[name] for name in SOURCE_CLASSES], axis=0)
        chosen |= {"sources": sources, "bright": classes["bright"]}
    numbers = {}
    for name, where in chosen.items():
        numbers[f"width_{name}"] = robust_width(pulls[where])
        # A pull that is not a number is beyond, too.
        beyond = ~(np.abs(pulls[where]) <= BEYOND)
        numbers[f"beyond_{name}"] = float(beyond.mean()) if beyond.size else math.nan
    return numbers


def count_in_noise(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    """Return what is detected above 5 sigma of the variance plane in an empty field.

    Parameters
    ----------
    restored : `Restored`
        An image with a variance plane.
    truth : `FieldTruth`
        A truth without a source.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        Detections, and the megapixels that they are counted on; empty where
        there are sources or there is no variance plane.
    """
    if restored.variance is None or len(truth.y):
        return {}
    significance = restored.image / np.sqrt(restored.variance)
    return {
        "noise_detections": float(len(detect(significance, BEYOND, truth).y)),
        "megapixels": float(truth.scored.sum()) / 1e6,
    }
