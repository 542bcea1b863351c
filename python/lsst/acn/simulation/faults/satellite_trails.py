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

"""Trails of satellites that no mask tells of."""

from __future__ import annotations

__all__ = ("TrailsConfig", "add_trails")

import dataclasses
from typing import Any

import numpy as np

from ...exposures.random_streams import random_stream
from .even_counts import even_count

FREQUENCIES = 160
"""Samples of the PSF's transform along a line (`int`)."""


@dataclasses.dataclass(frozen=True)
class TrailsConfig:
    """How many trails there are, and how bright; by default there are none.

    Parameters
    ----------
    per_exposure : `float`, optional
        Trails for each exposure, spread evenly: 0.25 gives three to twelve
        exposures.
    signal : `tuple` [`float`, `float`], optional
        Least and largest brightness along the middle of a trail, in units of
        the sky noise of a pixel.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    per_exposure: float = 0.0
    signal: tuple[float, float] = (2.0, 5.0)

    def __post_init__(self) -> None:
        if self.per_exposure < 0:
            raise ValueError(f"per_exposure must not be negative; got {self.per_exposure}.")
        if not 0 < self.signal[0] <= self.signal[1]:
            raise ValueError(f"signal must be a range of positive values; got {self.signal}.")


def add_trails(
    image: np.ndarray,
    sigma: float,
    psf: Any,
    pixel_scale: float,
    config: TrailsConfig,
    *,
    seed: int,
    visit: int,
) -> None:
    """Add the trails of one exposure, straight from edge to edge.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, changed in place.
    sigma : `float`
        Sky noise of a pixel in nJy.
    psf : `galsim.GSObject`
        PSF in the middle of the exposure, sizes in arcsec.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    config : `TrailsConfig`
        Number and brightness.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.
    """
    rng = random_stream(seed, "trails", visit)
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    for _ in range(even_count(config.per_exposure, seed, "trails", visit)):
        y, x = rng.uniform(0.2, 0.8, 2) * image.shape
        angle = rng.uniform(0.0, np.pi)
        across = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
        image += sigma * rng.uniform(*config.signal) * _line_profile(psf, angle, pixel_scale, across)


def _line_profile(psf: Any, angle: float, pixel_scale: float, across: np.ndarray) -> np.ndarray:
    """Return how a thin line along an angle looks through a PSF, with a peak of 1.

    The transform of the profile across the line is the PSF's along that
    direction (the projection-slice theorem).
    """
    k = np.linspace(0.0, psf.maxk, FREQUENCIES)
    values = np.array([psf.kValue(-each * np.sin(angle), each * np.cos(angle)).real for each in k])
    values[0] *= 0.5
    distance = np.linspace(0.0, np.pi / (k[1] - k[0]), 4 * FREQUENCIES)
    profile = np.cos(distance[:, None] * k) @ values
    profile = np.maximum(profile / profile[0], 0.0)
    return np.interp(np.abs(across) * pixel_scale, distance, profile, right=0.0)
