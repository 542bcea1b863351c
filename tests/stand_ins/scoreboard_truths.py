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

"""Small truths to score images against."""

from __future__ import annotations

from typing import Any

import numpy as np

SIGMA = 2.5 / 2.3548200450309493
"""Of the target PSF, in pixels."""


def make_truth(image: np.ndarray, y: list[float], x: list[float], flux: list[float], **changes: Any) -> Any:
    """Return a field of stars with noise 1; the benchmarks have to be importable."""
    from benchmarks.scoreboard.field_truth import FieldTruth

    values = np.array(flux, float)
    parts: dict[str, Any] = {
        "image": image,
        "noise": 1.0,
        "scored": np.ones(image.shape, bool),
        "target_fwhm": 2.5,
        "depth": 25.0,
        "y": np.array(y, float),
        "x": np.array(x, float),
        "flux": values,
        "mag": 27.0 - 2.5 * np.log10(values),
        "is_star": np.ones(len(values), bool),
        "half_light_radius": np.zeros(len(values)),
        "unseen": np.zeros(image.shape, bool),
    }
    return FieldTruth(**parts | changes)


def draw(shape: tuple[int, int], y: float, x: float, yy: float, xx: float, xy: float = 0.0) -> np.ndarray:
    """Return an elliptical Gaussian of unit flux."""
    rows, columns = np.indices(shape)
    offset = np.stack([rows - y, columns - x])
    covariance = np.array([[yy, xy], [xy, xx]])
    exponent = np.einsum("inm,ij,jnm->nm", offset, np.linalg.inv(covariance), offset)
    return np.exp(-0.5 * exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))


def spikes(places: dict[tuple[int, int], float], shape: tuple[int, int] = (60, 60)) -> np.ndarray:
    """Return an empty sky with some bright pixels."""
    image = np.zeros(shape, np.float32)
    for place, height in places.items():
        image[place] = height
    return image
