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

"""What the subtraction of the sky leaves in simulated exposures, or takes away."""

from __future__ import annotations

__all__ = ("SkyConfig", "SkyResidual", "draw_sky_residual", "mesh_background")

import dataclasses

import numpy as np

from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from .even_counts import even_count


@dataclasses.dataclass(frozen=True)
class SkyConfig:
    """How wrong the sky is; by default it is gone without a trace.

    Levels are in units of the sky noise of a pixel of the exposure; the
    scatter from exposure to exposure is `ConditionsConfig.sky_offset`.

    Parameters
    ----------
    level : `float`, optional
        Level that is left in all exposures; negative if too much was taken.
    some_level : `float`, optional
        Level that some of them have on top of it.
    some_share : `float`, optional
        Which share of the exposures that is.
    gradient : `float`, optional
        Standard deviation of the change of the sky from one edge of the field
        to the other, along each axis.
    mesh_size : `int` or `None`, optional
        Side in pixels of the mesh whose medians are subtracted from the noisy
        exposure, sources and all: bright ones get a moat.  By default nothing
        is.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    level: float = 0.0
    some_level: float = 0.0
    some_share: float = 0.5
    gradient: float = 0.0
    mesh_size: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.some_share <= 1:
            raise ValueError(f"some_share must lie from 0 to 1; got {self.some_share}.")
        if self.gradient < 0:
            raise ValueError(f"gradient must not be negative; got {self.gradient}.")
        if self.mesh_size is not None and self.mesh_size < 8:
            raise ValueError(f"mesh_size must be at least 8 pixels; got {self.mesh_size}.")


@dataclasses.dataclass(frozen=True)
class SkyResidual:
    """The plane that is left of the sky in one exposure.

    Parameters
    ----------
    level : `float`, optional
        In the middle of the field, in units of the sky noise or in nJy.
    gradient : `tuple` [`float`, `float`], optional
        Change from one edge of the field to the other along (y, x).
    """

    level: float = 0.0
    gradient: tuple[float, float] = (0.0, 0.0)

    def times(self, unit: float) -> SkyResidual:
        """Return the same plane in another unit.

        Parameters
        ----------
        unit : `float`
            What to multiply it with.

        Returns
        -------
        residual : `SkyResidual`
            The plane.
        """
        return SkyResidual(self.level * unit, (self.gradient[0] * unit, self.gradient[1] * unit))

    def at(self, y: np.ndarray, x: np.ndarray, field: Box) -> np.ndarray | float:
        """Return the residual at some points.

        Parameters
        ----------
        y, x : `numpy.ndarray`
            Tract pixels, of shapes that broadcast.
        field : `Box`
            The field from whose edges the gradient counts.

        Returns
        -------
        sky : `numpy.ndarray` or `float`
            A number if there is no gradient.
        """
        if not any(self.gradient):
            return self.level
        v = (y - field.center[0]) / field.shape[0]
        u = (x - field.center[1]) / field.shape[1]
        return self.level + self.gradient[0] * v + self.gradient[1] * u


def draw_sky_residual(config: SkyConfig, seed: int, visit: int, offset: float = 0.0) -> SkyResidual:
    """Draw what is left of the sky in one exposure.

    Parameters
    ----------
    config : `SkyConfig`
        How wrong it is.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.
    offset : `float`, optional
        Level that the exposure has anyway.

    Returns
    -------
    residual : `SkyResidual`
        In units of the sky noise, the same for the same seed and visit.
    """
    level = offset + config.level
    if config.some_level and even_count(config.some_share, seed, "sky", visit):
        level += config.some_level
    slopes = config.gradient * random_stream(seed, "sky", visit).normal(size=2)
    return SkyResidual(level, (float(slopes[0]), float(slopes[1])))


def mesh_background(image: np.ndarray, mesh_size: int) -> np.ndarray:
    """Return the background that medians on a coarse mesh find.

    Parameters
    ----------
    image : `numpy.ndarray`
        Noisy exposure.
    mesh_size : `int`
        Side of a cell in pixels; where the image is smaller, there is one cell.

    Returns
    -------
    background : `numpy.ndarray`
        Linear between the middles of the cells and constant beyond the
        outermost, same shape.
    """
    from scipy.ndimage import map_coordinates

    edges = [np.linspace(0, side, max(round(side / mesh_size), 1) + 1).astype(int) for side in image.shape]
    rows, columns = (list(zip(each[:-1], each[1:], strict=True)) for each in edges)
    medians = np.array([[np.median(image[a:b, c:d]) for c, d in columns] for a, b in rows])
    middles = [0.5 * (each[:-1] + each[1:] - 1) for each in edges]
    places = [
        np.interp(np.arange(side), middle, np.arange(len(middle)))
        for side, middle in zip(image.shape, middles, strict=True)
    ]
    return map_coordinates(medians, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
