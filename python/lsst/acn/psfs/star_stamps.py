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


"""What exposures show around stars."""

from __future__ import annotations

__all__ = ("StarStamps", "cut_stamps", "fit_points", "joined")

import dataclasses
from collections.abc import Sequence

import numpy as np

from .shifts import moved, shift_matrices

FLOOR = 0.01
"""Error of a prediction, as a share of it, so that no star rules the fit."""

HUBER = 3.0
"""Residual, in standard deviations, from which a pixel loses weight."""

STEPS = 4
"""Linearised steps in which fluxes and places are fitted."""

LARGEST_STEP = 0.5
"""Pixels by which a star is moved at once, at most."""


@dataclasses.dataclass(frozen=True, eq=False)
class StarStamps:
    """Stars in exposures, without what else there is around them.

    Parameters
    ----------
    image, weight : `numpy.ndarray`
        Pixels around each star in each exposure and their inverse variance,
        0 where not valid, shape ``(stars, n, k, k)``.
    kernels : `numpy.ndarray`
        PSF of each exposure at each star, the same shape, or one that
        broadcasts to it.
    flux : `numpy.ndarray`
        Of each star, shape ``(stars,)``.
    place : `numpy.ndarray`
        Row and column of each star from the middle of its stamp, in pixels, shape
        ``(stars, 2)``.
    """

    image: np.ndarray
    weight: np.ndarray
    kernels: np.ndarray
    flux: np.ndarray
    place: np.ndarray

    def __len__(self) -> int:
        return len(self.flux)

    def with_kernel_changes(self, changes: np.ndarray) -> StarStamps:
        """Return the stamps with other kernels.

        Parameters
        ----------
        changes : `numpy.ndarray`
            What is added to the kernels of each exposure, shape ``(n, k, k)``.

        Returns
        -------
        stamps : `StarStamps`
            The same stars.
        """
        return dataclasses.replace(self, kernels=self.kernels + changes)

    def moves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the matrices that move a kernel to each star.

        Returns
        -------
        along_y, along_x : `numpy.ndarray`
            Shape ``(stars, 1, k, k)``.
        """
        size = self.image.shape[-1]
        return tuple(shift_matrices(self.place[:, axis], size)[0][:, None] for axis in (0, 1))  # type: ignore[return-value]

    def model(self) -> np.ndarray:
        """Return what the stars should look like, in the shape of ``image``."""
        return self.flux[:, None, None, None] * moved(self.kernels, *self.moves())

    def robust_weight(self, model: np.ndarray) -> np.ndarray:
        """Return the weights of pixels, less where they contradict a model.

        Parameters
        ----------
        model : `numpy.ndarray`
            Shape of ``image``.

        Returns
        -------
        weight : `numpy.ndarray`
            The same shape.
        """
        weight = self.weight / (1.0 + self.weight * (FLOOR * model) ** 2)
        residual = np.abs(self.image - model) * np.sqrt(weight)
        return weight * np.minimum(1.0, HUBER / np.maximum(residual, HUBER))


def cut_stamps(
    image: np.ndarray, variance: np.ndarray, kernels: np.ndarray, places: Sequence[tuple[float, float]]
) -> StarStamps:
    """Return the stamps of some stars.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Exposures, shape ``(n, height, width)``; the variance of what is not
        valid is infinite.
    kernels : `numpy.ndarray`
        Their PSFs, shape ``(n, k, k)``.
    places : `~collections.abc.Sequence`
        Row and column of each star, in pixels of the exposures.

    Returns
    -------
    stamps : `StarStamps`
        As large as the kernels; pixels beyond the exposures are not valid.
    """
    radius = kernels.shape[-1] // 2
    around = [(0, 0), (radius, radius), (radius, radius)]
    image, weight = np.pad(image, around), np.pad(1.0 / variance, around)
    corners = [(round(y), round(x)) for y, x in places]
    cut = [np.s_[:, y : y + 2 * radius + 1, x : x + 2 * radius + 1] for y, x in corners]
    return StarStamps(
        image=np.array([image[index] for index in cut], np.float64),
        weight=np.array([weight[index] for index in cut], np.float64),
        kernels=np.broadcast_to(kernels.astype(np.float64), (len(cut), *kernels.shape)),
        flux=np.zeros(len(cut)),
        place=np.array(places, float).reshape(-1, 2) - np.array(corners, float).reshape(-1, 2),
    )


def joined(parts: Sequence[StarStamps]) -> StarStamps:
    """Return the stars of several tiles together.

    Parameters
    ----------
    parts : `~collections.abc.Sequence` [`StarStamps`]
        Of the same exposures.

    Returns
    -------
    stamps : `StarStamps`
        One after the other.
    """
    names = [field.name for field in dataclasses.fields(StarStamps)]
    return StarStamps(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def fit_points(stamps: StarStamps) -> StarStamps:
    """Fit flux and place of each star to all exposures together.

    Parameters
    ----------
    stamps : `StarStamps`
        Stars that are about where they should be.

    Returns
    -------
    fitted : `StarStamps`
        With fluxes and places that fit.
    """
    for _ in range(STEPS):
        (along_y, slope_y), (along_x, slope_x) = (
            tuple(matrix[:, None] for matrix in shift_matrices(stamps.place[:, axis], stamps.image.shape[-1]))
            for axis in (0, 1)
        )
        unit = moved(stamps.kernels, along_y, along_x)
        flux = stamps.flux[:, None, None, None]
        if not stamps.flux.any():
            flux = _best_flux(stamps, unit)[:, None, None, None]
        weight = stamps.robust_weight(flux * unit)
        basis = np.stack(
            [
                unit,
                flux * moved(stamps.kernels, slope_y, along_x),
                flux * moved(stamps.kernels, along_y, slope_x),
            ]
        )
        matrix = np.einsum("asnij,bsnij,snij->sab", basis, basis, weight, optimize=True)
        vector = np.einsum("asnij,snij->sa", basis, weight * (stamps.image - flux * unit), optimize=True)
        tiny = 1e-9 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] * np.eye(3) + 1e-30 * np.eye(3)
        step = np.linalg.solve(matrix + tiny, vector[..., None])[..., 0]
        stamps = dataclasses.replace(
            stamps,
            flux=np.maximum(flux[:, 0, 0, 0] + step[:, 0], 0.0),
            place=stamps.place + np.clip(step[:, 1:], -LARGEST_STEP, LARGEST_STEP),
        )
    return stamps


def _best_flux(stamps: StarStamps, unit: np.ndarray) -> np.ndarray:
    total = np.sum(stamps.weight * unit**2, axis=(1, 2, 3))
    return np.sum(stamps.weight * unit * stamps.image, axis=(1, 2, 3)) / np.maximum(total, 1e-30)
