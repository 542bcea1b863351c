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

"""Fluxes at given positions, as a table."""

from __future__ import annotations

__all__ = ("flux_table",)

import functools
from collections.abc import Sequence

import astropy.units
import numpy as np
from astropy.table import Column, Table
from scipy.ndimage import map_coordinates

from .aperture_fluxes import aperture_covariance, aperture_flux_map
from .flux_images import FluxImages
from .joint_fit import JointFluxes, fit_jointly
from .point_fluxes import point_flux_map

SPLINE_ORDER = 5
"""Of the splines that look up a map between pixels."""


def flux_table(images: FluxImages, positions: np.ndarray, radii: Sequence[float]) -> Table:
    """Return the fluxes of sources at given positions.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    positions : `numpy.ndarray`
        Row and column of each source on the grid of the tract, shape ``(n,
        2)``.
    radii : `~collections.abc.Sequence` [`float`]
        Of the circles, in pixels.

    Returns
    -------
    table : `astropy.table.Table`
        A row per position; `lsst.acn.measure_fluxes` says what is in it.

    Raises
    ------
    ValueError
        Raised if a position is outside of the images, or two are the same.
    """
    _check(images, positions)
    points = (positions - (images.box.y_start, images.box.x_start)).T
    alone, variance = _look_up(*point_flux_map(images), points)
    fluxes = _joint(images, positions, alone, np.sqrt(variance))
    unit = astropy.units.Unit(images.unit)
    table = Table({"y": positions[:, 0], "x": positions[:, 1]}, units={"y": "pix", "x": "pix"})
    table["psf_flux"] = Column(fluxes.flux, unit=unit)
    table["psf_flux_err"] = Column(fluxes.error, unit=unit)
    table["members"] = fluxes.members
    table["psf_flux_covariance"] = Column(fluxes.covariance, unit=unit**2)
    _add_apertures(table, images, points, radii, variance)
    return table


def _check(images: FluxImages, positions: np.ndarray) -> None:
    box = images.box
    if positions.ndim != 2 or positions.shape[1] != 2:
        raise ValueError(f"Positions are rows and columns, of shape (n, 2); got {positions.shape}.")
    low, high = (box.y_start - 0.5, box.x_start - 0.5), (box.y_stop - 0.5, box.x_stop - 0.5)
    outside = ~((positions >= low) & (positions < high)).all(axis=1)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise ValueError(f"Position {first}, {positions[first]}, is not inside the images' {box}.")


def _look_up(flux: np.ndarray, variance: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a map and its variance at points; NaN and infinite where nothing is known."""
    rows, columns = np.clip(np.rint(points).astype(int), 0, np.array(flux.shape)[:, None] - 1)
    known = np.isfinite(variance[rows, columns])
    values = map_coordinates(flux.astype(np.float64), points, order=SPLINE_ORDER, mode="nearest")
    nearest = variance[rows, columns].astype(np.float64)
    return np.where(known, values, np.nan), np.where(known, nearest, np.inf)


def _joint(images: FluxImages, positions: np.ndarray, alone: np.ndarray, sigma: np.ndarray) -> JointFluxes:
    """Return the joint fit of those sources of which anything is known."""
    known = np.flatnonzero(np.isfinite(sigma))
    fitted = fit_jointly(
        positions[known],
        alone[known],
        sigma[known],
        functools.partial(_overlap, images),
        images.residual.psf.radius,
    )
    width = fitted.members.shape[1]
    result = JointFluxes(
        np.full(len(alone), np.nan),
        np.full(len(alone), np.inf),
        np.full((len(alone), width), -1),
        np.zeros((len(alone), width)),
    )
    result.flux[known], result.error[known] = fitted.flux, fitted.error
    result.members[known] = np.where(fitted.members < 0, -1, known[fitted.members])
    result.covariance[known] = fitted.covariance
    return result


def _overlap(images: FluxImages, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Return the residual's PSF between pairs of positions, over its peak."""
    psf = images.residual.psf
    result = np.empty(len(one))
    cells = np.array([psf.cell_of(y, x) for y, x in 0.5 * (one + two)]).reshape(-1, 2)
    for cell in np.unique(cells, axis=0):
        pairs = np.flatnonzero((cells == cell).all(axis=1))
        kernel = images.residual.kernel_at(*(0.5 * (one[pairs[0]] + two[pairs[0]])))
        places = (one[pairs] - two[pairs]).T + psf.radius
        values = map_coordinates(kernel, places, order=SPLINE_ORDER, mode="constant")
        result[pairs] = values / kernel[psf.radius, psf.radius]
    return result


def _add_apertures(
    table: Table, images: FluxImages, points: np.ndarray, radii: Sequence[float], variance: np.ndarray
) -> None:
    """Add the columns of the circles' fluxes."""
    unit = astropy.units.Unit(images.unit)
    shape = len(table), len(radii)
    flux, error = np.empty(shape), np.empty(shape)
    for number, radius in enumerate(radii):
        flux[:, number], square = _look_up(*aperture_flux_map(images, radius), points)
        error[:, number] = np.sqrt(square)
    covariance, with_point = np.empty((*shape, len(radii))), np.empty(shape)
    psf = images.residual.psf
    cells = np.array([psf.cell_of(row["y"], row["x"]) for row in table]).reshape(-1, 2)
    for cell in np.unique(cells, axis=0):
        rows = np.flatnonzero((cells == cell).all(axis=1))
        among, shared = aperture_covariance(images, radii, table["y"][rows[0]], table["x"][rows[0]])
        covariance[rows] = variance[rows, None, None] * among
        with_point[rows] = variance[rows, None] * shared
    table["aperture_flux"] = Column(flux, unit=unit)
    table["aperture_flux_err"] = Column(error, unit=unit)
    table["aperture_flux_covariance"] = Column(covariance, unit=unit**2)
    table["psf_aperture_covariance"] = Column(with_point, unit=unit**2)
    table.meta["aperture_radii"] = [float(radius) for radius in radii]
