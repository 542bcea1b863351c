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

"""Fluxes and positions of stars on a restored image, with and without its residual."""

from __future__ import annotations

__all__ = ("StarErrors", "measure_grid", "pooled")

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.optimize import minimize

from lsst.acn import RestorationResult, measure_fluxes
from lsst.acn.flux_measurement import flux_images
from lsst.acn.fluxes.point_fluxes import point_flux_map
from lsst.acn.forward.target_psf import convolve_separable

from .star_grids import StarGrid

RADII = (3.0, 5.0)
FAR = 2.0
"""Pixels from its true place at which a star is still looked for."""


@dataclasses.dataclass(frozen=True, eq=False)
class StarErrors:
    """What is wrong with the measurement of some stars.

    Parameters
    ----------
    relative : `dict` [`str`, `numpy.ndarray`]
        (Measured − true) / true flux, by measurement.
    scaled : `dict` [`str`, `numpy.ndarray`]
        (Measured − true) in units of the bound, of fluxes and positions.
    pull : `dict` [`str`, `numpy.ndarray`]
        (Measured − true) / claimed error.
    """

    relative: dict[str, np.ndarray]
    scaled: dict[str, np.ndarray]
    pull: dict[str, np.ndarray]


def measure_grid(grid: StarGrid, result: RestorationResult) -> StarErrors:
    """Measure the stars of a grid.

    Parameters
    ----------
    grid : `StarGrid`
        The truth.
    result : `~lsst.acn.RestorationResult`
        The restored image, with its residual.

    Returns
    -------
    errors : `StarErrors`
        Of the restored image alone (``picture ...``) and with its residual.
    """
    table = measure_fluxes(result, positions=grid.positions, aperture_radii=RADII)
    flux_map = point_flux_map(flux_images(result))[0]
    smoothed = convolve_separable(result.image, result.target_psf)
    enclosed = np.asarray(table["psf_aperture_covariance"][0]) / table["psf_flux_err"][0] ** 2
    # In pairs, the errors of the two are not those of one alone.
    enclosed = enclosed if table["members"].shape[1] == 1 else np.ones(len(RADII))
    height = float((result.target_psf.astype(np.float64) ** 2).sum())
    measured = {
        "psf": (np.asarray(table["psf_flux"]), np.asarray(table["psf_flux_err"])),
        "picture psf": (_values(smoothed, grid.positions) / height, None),
    }
    for number, radius in enumerate(RADII):
        name = f"aperture {radius:g}"
        flux, error = (np.asarray(table[each])[:, number] for each in ("aperture_flux", "aperture_flux_err"))
        measured[name] = flux / enclosed[number], error / enclosed[number]
        inside = _aperture_sums(result.image, grid.positions, radius) / enclosed[number]
        measured[f"picture {name}"] = inside, None
    relative = {name: flux / grid.flux - 1.0 for name, (flux, _) in measured.items()}
    scaled = {name: (flux - grid.flux) / grid.flux_bound for name, (flux, _) in measured.items()}
    pull = {name: (flux - grid.flux) / error for name, (flux, error) in measured.items() if error is not None}
    for name, image in {"position": flux_map, "picture position": smoothed}.items():
        scaled[name] = (_peaks(image, grid.positions) - grid.positions).ravel() / grid.position_bound
    return StarErrors(relative, scaled, pull)


def pooled(errors: Sequence[StarErrors]) -> StarErrors:
    """Return the errors of several grids together.

    Parameters
    ----------
    errors : `~collections.abc.Sequence` [`StarErrors`]
        Of each.

    Returns
    -------
    errors : `StarErrors`
        Of all.
    """
    parts = (
        {
            name: np.concatenate([getattr(each, part)[name] for each in errors])
            for name in getattr(errors[0], part)
        }
        for part in ("relative", "scaled", "pull")
    )
    return StarErrors(*parts)


def _values(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return map_coordinates(image.astype(np.float64), positions.T, order=5, mode="nearest")


def _aperture_sums(image: np.ndarray, positions: np.ndarray, radius: float) -> np.ndarray:
    import sep

    pixels = np.ascontiguousarray(image, np.float32)
    return sep.sum_circle(pixels, positions[:, 1], positions[:, 0], radius, subpix=0)[0]


def _peaks(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the places of the highest values near some positions."""
    found = []
    for y, x in positions:
        top, left = int(y) - 9, int(x) - 9
        stamp = image[top : top + 20, left : left + 20].astype(np.float64)

        def depth(place: np.ndarray, stamp: np.ndarray = stamp) -> float:
            return -float(map_coordinates(stamp, place[:, None], order=5)[0])

        start = np.array([y - top, x - left])
        fit = minimize(depth, start, bounds=[(each - FAR, each + FAR) for each in start], method="L-BFGS-B")
        found.append(fit.x + (top, left))
    return np.array(found)
