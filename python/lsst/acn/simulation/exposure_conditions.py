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

"""Under what conditions each exposure of a simulation is taken."""

from __future__ import annotations

__all__ = ("ConditionsConfig", "ExposureConditions", "draw_conditions")

import dataclasses

import numpy as np

from ..exposures.random_streams import random_stream

SHALLOWEST, DEEPEST = 10.0, 40.0
"""Magnitudes between which any depth lies."""

Gradient = tuple[float, float]
"""Change from one edge of the field to the other along (y, x)."""


@dataclasses.dataclass(frozen=True)
class ConditionsConfig:
    """Ranges of seeing, depth and sky residuals.

    Parameters
    ----------
    seeing : `tuple` [`float`, `float`], optional
        Least and largest FWHM of the PSF in arcsec; uniform between.
    ellipticity_scatter : `float`, optional
        Standard deviation of either component of the PSF's shape (reduced
        shear).
    depth : `float`, optional
        AB magnitude at which a point source on the sky reaches 5 sigma in one
        exposure.
    depth_scatter : `float`, optional
        Standard deviation of the depth in magnitudes.
    sky_offset : `float`, optional
        Standard deviation of the residual sky level, in units of the sky
        noise of a pixel.
    fwhm_gradient : `float`, optional
        Standard deviation of the relative change of the FWHM from one edge of
        the field to the other, along each axis.
    shear_gradient : `float`, optional
        The same for either component of the PSF's shape.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    seeing: tuple[float, float] = (0.5, 0.85)
    ellipticity_scatter: float = 0.03
    depth: float = 25.3
    depth_scatter: float = 0.1
    sky_offset: float = 0.0
    fwhm_gradient: float = 0.0
    shear_gradient: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.seeing[0] <= self.seeing[1]:
            raise ValueError(f"Seeing must be a range of positive values; got {self.seeing}.")
        if not SHALLOWEST <= self.depth <= DEEPEST:
            raise ValueError(
                f"depth must be a magnitude from {SHALLOWEST:g} to {DEEPEST:g}; got {self.depth}."
            )
        scatters = ("ellipticity_scatter", "depth_scatter", "sky_offset", "fwhm_gradient", "shear_gradient")
        for name in scatters:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative; got {getattr(self, name)}.")


@dataclasses.dataclass(frozen=True)
class ExposureConditions:
    """What one exposure is like.

    Parameters
    ----------
    visit : `int`
        Identifier of the exposure.
    fwhm : `float`
        FWHM of the PSF in the middle of the field, in arcsec.
    g1, g2 : `float`, optional
        Shape of the PSF (reduced shear) in the middle of the field.
    depth : `float`, optional
        AB magnitude of a point source at 5 sigma.
    sky_offset : `float`, optional
        Residual sky level in units of the sky noise.
    columns_along_x : `bool`, optional
        Whether the columns of the detector, along which charge bleeds and
        gaps may run, lie along x rather than y.
    fwhm_gradient : `tuple` [`float`, `float`], optional
        Relative change of ``fwhm`` from edge to edge along (y, x).
    g1_gradient, g2_gradient : `tuple` [`float`, `float`], optional
        Change of ``g1`` and ``g2`` from edge to edge along (y, x).
    """

    visit: int
    fwhm: float
    g1: float = 0.0
    g2: float = 0.0
    depth: float = 25.3
    sky_offset: float = 0.0
    columns_along_x: bool = False
    fwhm_gradient: Gradient = (0.0, 0.0)
    g1_gradient: Gradient = (0.0, 0.0)
    g2_gradient: Gradient = (0.0, 0.0)


def draw_conditions(config: ConditionsConfig, seed: int, visit: int) -> ExposureConditions:
    """Draw the conditions of one exposure.

    Parameters
    ----------
    config : `ConditionsConfig`
        Ranges.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure; each has draws of its own.

    Returns
    -------
    conditions : `ExposureConditions`
        The same for the same seed and visit.
    """
    rng = random_stream(seed, "conditions", visit)
    fwhm = rng.uniform(*config.seeing)
    g1, g2 = config.ellipticity_scatter * rng.normal(size=2).clip(-3, 3)
    depth = config.depth + config.depth_scatter * rng.normal()
    sky_offset = config.sky_offset * rng.normal()
    columns_along_x = bool(rng.random() < 0.5)
    # Slopes are cut at 3 sigma: a PSF must stay a PSF up to the corners.
    slopes = rng.normal(size=(3, 2)).clip(-3, 3)
    return ExposureConditions(
        visit=visit,
        fwhm=float(fwhm),
        g1=float(g1),
        g2=float(g2),
        depth=float(depth),
        # Plus zero, for there is no need of a minus zero in anyone's header.
        sky_offset=float(sky_offset) + 0.0,
        columns_along_x=columns_along_x,
        fwhm_gradient=_gradient(config.fwhm_gradient * slopes[0]),
        g1_gradient=_gradient(config.shear_gradient * slopes[1]),
        g2_gradient=_gradient(config.shear_gradient * slopes[2]),
    )


def _gradient(values: np.ndarray) -> Gradient:
    return float(values[0]), float(values[1])
