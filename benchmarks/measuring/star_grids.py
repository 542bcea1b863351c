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

"""Fields of equal stars that are alone, or in pairs, and how well they can be known."""

from __future__ import annotations

__all__ = ("StarGrid", "catalog_of", "draw_planes", "grid_config", "make_grid", "psf_models")

import dataclasses

import numpy as np
from astropy.table import Table

from lsst.acn import Box, ExposureStack
from lsst.acn.exposures.random_streams import random_stream
from lsst.acn.simulation import (
    ConditionsConfig,
    DefectsConfig,
    PsfModel,
    SimulationConfig,
    SkyScene,
    draw_conditions,
    draw_exposure,
    draw_nuisances,
)

SIZE, VISITS, PSF_SIZE = 256, 12, 31
SPACING, BORDER = 40, 28
"""Pixels between stars, and from the edges."""


@dataclasses.dataclass(frozen=True, eq=False)
class StarGrid:
    """Exposures of a grid of stars.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    positions : `numpy.ndarray`
        Rows and columns, shape ``(n, 2)``.
    flux : `float`
        Of each star.
    flux_bound, position_bound : `float`
        Least standard deviation of the flux of a star alone, and of its place
        along an axis in pixels, that an unbiased measurement on all exposures
        can have (Cramér and Rao).
    """

    stack: ExposureStack
    positions: np.ndarray
    flux: float
    flux_bound: float
    position_bound: float


def make_grid(seed: int, signal_to_noise: float, separation: float = 0.0) -> StarGrid:
    """Simulate a grid of equal stars.

    Parameters
    ----------
    seed : `int`
        Seed of every draw.
    signal_to_noise : `float`
        Of each star in all exposures together, on the noise of the sky.
    separation : `float`, optional
        Pixels between the two stars of pairs; 0 for stars alone.

    Returns
    -------
    grid : `StarGrid`
        The exposures, without masked pixels.
    """
    config = grid_config(seed)
    models = psf_models(config)
    kernels = np.stack([model.kernel_at(*config.box.center) for model in models])
    # A field without light tells the noise of the sky.
    sky = _median_variances(Table(), models, config)
    unit = 1.0 / np.sqrt(((kernels.astype(np.float64) ** 2).sum(axis=(1, 2)) / sky).sum())
    flux = signal_to_noise * float(unit)
    positions = _positions(seed, separation)
    planes = draw_planes(catalog_of(positions, flux), models, config)
    stack = ExposureStack.from_arrays(*planes, kernels, box=config.box)
    bounds = _bounds(kernels.astype(np.float64), sky, flux, config.noise.electrons_per_njy)
    return StarGrid(stack, positions, flux, *bounds)


def grid_config(seed: int, conditions: ConditionsConfig = ConditionsConfig()) -> SimulationConfig:  # noqa: B008
    """Return how the exposures of a grid are simulated, in such conditions."""
    return SimulationConfig(
        seed=seed,
        box=Box.from_shape((SIZE, SIZE)),
        visits=VISITS,
        psf_size=PSF_SIZE,
        conditions=conditions,
        defects=DefectsConfig.none(),
    )


def psf_models(config: SimulationConfig) -> list[PsfModel]:
    """Return the PSF of each exposure."""
    conditions = [draw_conditions(config.conditions, config.seed, visit) for visit in config.visit_ids]
    return [PsfModel(each, config.box, config.pixel_scale, PSF_SIZE) for each in conditions]


def _positions(seed: int, separation: float) -> np.ndarray:
    rng = random_stream(seed, "star grid")
    places = np.arange(BORDER, SIZE - BORDER + 1, SPACING)
    grid = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    centres = grid + rng.uniform(-0.5, 0.5, grid.shape)
    if not separation:
        return centres
    angle = rng.uniform(0.0, 2.0 * np.pi, len(centres))
    step = 0.5 * separation * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return np.stack([centres - step, centres + step], axis=1).reshape(-1, 2)


def catalog_of(
    positions: np.ndarray, flux: float, half_light_radius: float = 0.0, sersic_index: float = 0.0
) -> Table:
    """Return equal round sources: stars, or galaxies of a half-light radius in arcsec."""
    zeros = np.zeros(len(positions))
    return Table(
        {
            "y": positions[:, 0],
            "x": positions[:, 1],
            "flux": zeros + flux,
            "is_star": np.full(len(positions), not half_light_radius),
            "half_light_radius": zeros + half_light_radius,
            "sersic_index": zeros + sersic_index,
            "g1": zeros,
            "g2": zeros,
        }
    )


def draw_planes(
    catalog: Table, models: list[PsfModel], config: SimulationConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and variances of exposures of some sources."""
    scene = SkyScene(catalog, config.pixel_scale)
    drawn = [draw_exposure(scene, model, draw_nuisances(model, config), config) for model in models]
    return np.stack([each.image for each in drawn]), np.stack([each.variance for each in drawn])


def _median_variances(catalog: Table, models: list[PsfModel], config: SimulationConfig) -> np.ndarray:
    return np.median(draw_planes(catalog, models, config)[1], axis=(1, 2)).astype(np.float64)


def _bounds(kernels: np.ndarray, sky: np.ndarray, flux: float, gain: float) -> tuple[float, float]:
    """Return the bounds of flux and position, by the photons of sky and star."""
    variance = sky[:, None, None] + flux * kernels / gain
    slope = np.gradient(kernels, axis=(1, 2))
    along_y, along_x = (((flux * each) ** 2 / variance).sum() for each in slope)
    return float(((kernels**2 / variance).sum()) ** -0.5), float((0.5 * (along_y + along_x)) ** -0.5)
