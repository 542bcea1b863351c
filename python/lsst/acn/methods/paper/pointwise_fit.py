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

"""Least-squares start of the last layer of an encoder."""

from __future__ import annotations

__all__ = ("PointwiseFit",)

import numpy as np

RIDGE = 1e-4


class PointwiseFit:
    """Weights and bias that turn features into a latent image.

    Parameters
    ----------
    n_features : `int`
        Number of features at every pixel.

    Notes
    -----
    Only the normal equations are kept, so any number of tiles can be added.
    """

    def __init__(self, n_features: int) -> None:
        self._matrix = np.zeros((n_features + 1, n_features + 1))
        self._vector = np.zeros(n_features + 1)

    def add_image(self, features: np.ndarray, image: np.ndarray) -> None:
        """Ask that the features make an image.

        Parameters
        ----------
        features : `numpy.ndarray`
            Shape ``(n_features, height, width)``.
        image : `numpy.ndarray`
            What to make, in units of the noise, shape ``(height, width)``.
        """
        flat = features.reshape(len(features), -1)
        design = np.concatenate([flat, np.ones_like(flat[:1])])
        target = image.ravel()
        # Bright pixels must not outweigh all others.
        weighted = design / (1.0 + np.abs(target))
        self._matrix += weighted @ design.T
        self._vector += weighted @ target

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights, shape ``(n_features,)``, and the bias.

        Returns
        -------
        weights, bias : `numpy.ndarray`
            Float32; the bias has no axes.
        """
        size = len(self._matrix)
        damped = self._matrix + RIDGE * np.trace(self._matrix) / size * np.eye(size)
        solution = np.linalg.solve(damped, self._vector).astype(np.float32)
        return solution[:-1], solution[-1]
