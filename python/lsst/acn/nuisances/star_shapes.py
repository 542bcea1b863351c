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


"""What all exposures get wrong about their PSFs, told from stars: nothing is narrower than a point."""

from __future__ import annotations

__all__ = ("StarShape", "common_shape", "measure_stars")

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter

from ..exposures.psf_kernels import FWHM_PER_SIGMA
from .exposure_fit import REACH, prediction_changes
from .kernel_changes import core_center, corrected_kernels, psf_variance, stretch_changes

BRIGHT = 20.0
"""Signal to noise of the brightest pixel of a star that is measured."""

MOST_STARS = 40
"""Brightest peaks of a tile that are looked at."""

OWN_LIGHT = 0.5
"""Radius within which light is a star's own, in units of the FWHM of the PSF."""

LEAST_OWN_SHARE = 0.9
"""Share of the latent light within four times as far that is a star's own."""

FLOOR = 0.01
"""Error of a prediction, as a share of it."""

STEPS = 4
"""Linearised steps of each fit; the last ones change nothing any more."""

LARGEST_STEP = 1.0
"""Pixels by which a star is moved, at most, in all of them together."""

AGREEING, AGREEING_NARROW = 3, 2
"""Stars that have to agree on a PSF that is wider than its model, for galaxies
are wider, too, but not all by the same; and on one that is narrower or hardly
wider, as galaxies are not."""

NARROW = 0.15
"""Excess of a source's second moments that few galaxies are below, as a share of
those of the PSF."""

AGREEING_SHARE = 0.2
"""The same as a share of all that were measured."""

TOLERANCE = 0.005
"""Scatter of stars' second moments that is allowed for, as a share of that of the PSF."""


@dataclasses.dataclass(frozen=True)
class StarShape:
    """How far a bright source's second moments exceed those of its PSF.

    Parameters
    ----------
    width, plus, cross : `float`
        The mean of those along x and y, half their difference, and the one
        across, in pixels squared.
    error : `float`
        Standard error of each.
    psf_variance : `float`
        Variance of the PSF itself along each axis, in pixels squared.
    """

    width: float
    plus: float
    cross: float
    error: float
    psf_variance: float


def measure_stars(
    coadd: np.ndarray, noise: np.ndarray, light: np.ndarray, model: np.ndarray, kernel: np.ndarray
) -> list[StarShape]:
    """Measure the bright, concentrated sources of a coadd.

    Parameters
    ----------
    coadd : `numpy.ndarray`
        Weighted mean of exposures, shape ``(height, width)``.
    noise : `numpy.ndarray`
        Standard deviation of its pixels.
    light : `numpy.ndarray`
        Latent image that explains it.
    model : `numpy.ndarray`
        That latent image as the coadd shows it.
    kernel : `numpy.ndarray`
        PSF of the coadd, of unit sum.

    Returns
    -------
    stars : `list` [`StarShape`]
        Of those that could be fitted.
    """
    variance = psf_variance(kernel)
    fwhm = FWHM_PER_SIGMA * np.sqrt(variance)
    radius = int(np.ceil(1.3 * fwhm))
    stars = []
    for y, x in _bright_peaks(coadd, noise, int(np.ceil(0.7 * fwhm)), int(np.ceil(2.0 * fwhm)) + radius):
        own = _own_light(light, y, x, OWN_LIGHT * fwhm)
        if own is None:
            continue
        stamp = np.s_[y - radius : y + radius + 1, x - radius : x + radius + 1]
        star = _fit_star(coadd[stamp], noise[stamp], model[stamp], own, kernel, variance)
        if star is not None:
            stars.append(star)
    return stars


def _bright_peaks(coadd: np.ndarray, noise: np.ndarray, reach: int, border: int) -> list[tuple[int, int]]:
    is_peak = (maximum_filter(coadd, 2 * reach + 1) == coadd) & (coadd > BRIGHT * noise)
    is_peak[:border] = is_peak[-border:] = is_peak[:, :border] = is_peak[:, -border:] = False
    rows, columns = np.nonzero(is_peak)
    order = np.argsort(-coadd[rows, columns], kind="stable")[:MOST_STARS]
    return [(int(rows[index]), int(columns[index])) for index in order]


def _own_light(light: np.ndarray, y: int, x: int, radius: float) -> tuple[float, float, float] | None:
    """Return flux and place of a source's own light, if it is concentrated."""
    far = int(np.ceil(4 * radius))
    stamp = light[y - far : y + far + 1, x - far : x + far + 1].astype(np.float64)
    along = np.arange(-far, far + 1)
    distance = np.hypot(along[:, None], along[None, :])
    own = np.where(distance <= radius, stamp, 0.0)
    flux = own.sum()
    if flux <= 0 or flux < LEAST_OWN_SHARE * stamp[distance <= far].sum():
        return None
    return float(flux), float((own.sum(1) @ along) / flux), float((own.sum(0) @ along) / flux)


def _fit_star(
    coadd: np.ndarray,
    noise: np.ndarray,
    model: np.ndarray,
    own: tuple[float, float, float],
    kernel: np.ndarray,
    variance: float,
) -> StarShape | None:
    """Fit flux, place, moments and a constant, by a few linearised steps."""
    radius = len(coadd) // 2
    along = np.arange(-radius, radius + 1)
    inside = np.hypot(along[:, None], along[None, :]) <= radius
    flux, y, x = own
    start, (off_y, off_x) = (y, x), core_center(kernel)
    for _ in range(STEPS):
        changes = prediction_changes(_stamp(kernel, x, y, radius + REACH))[:3]
        point, stretched = changes[0], stretch_changes(changes, variance, (y + off_y, x + off_x))
        weight = inside / (noise**2 + (FLOOR * flux * point) ** 2)
        basis = np.stack([point, *(flux * changes[1:]), *(flux * stretched), np.ones_like(point)]).reshape(
            7, -1
        )
        matrix = (basis * weight.ravel()) @ basis.T
        vector = (basis * weight.ravel()) @ (coadd - flux * point).ravel()
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return None
        step = inverse @ vector
        flux, x, y = flux + step[0], x + np.clip(step[1], -0.5, 0.5), y + np.clip(step[2], -0.5, 0.5)
        if not np.isfinite(step).all() or flux <= 0 or np.hypot(y - start[0], x - start[1]) > LARGEST_STEP:
            return None
    rest = (coadd - flux * point).ravel() - step[1:] @ basis[1:]
    chi2 = float(np.sum(weight.ravel() * rest**2) / max(inside.sum() - 7, 1))
    error = float(np.sqrt(inverse[3, 3] * max(chi2, 1.0)))
    return StarShape(float(step[3]), float(step[4]), float(step[5]), error, variance)


def _stamp(kernel: np.ndarray, x: float, y: float, radius: int) -> np.ndarray:
    """Return the middle of a PSF that is moved, zeros around it where it has no more."""
    moved = corrected_kernels(kernel[None].astype(np.float64), np.array([[x, y, 0.0, 0.0, 0.0]]))[0]
    missing = max(radius - len(moved) // 2, 0)
    moved, middle = np.pad(moved, missing), len(moved) // 2 + missing
    return moved[middle - radius : middle + radius + 1, middle - radius : middle + radius + 1].astype(float)


def common_shape(stars: Sequence[StarShape], before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much all PSFs differ from their models, as stars have it.

    Nothing is narrower than a point.  Galaxies are wider, each by its own
    size, while stars agree: the narrowest sources that agree are they.

    Parameters
    ----------
    stars : `~collections.abc.Sequence` [`StarShape`]
        Bright, concentrated sources, as PSFs show them that were changed
        already.
    before : `numpy.ndarray`
        By how much they were: a share of their variance, shape ``(3,)``.

    Returns
    -------
    values, errors : `numpy.ndarray`
        Of ``width``, ``plus`` and ``cross``, all in all, as shares of the
        variance of the PSF; values are 0, and errors infinite, where too few
        sources agree.
    """
    if len(stars) < AGREEING_NARROW:
        return np.zeros(3), np.full(3, np.inf)
    size = np.array([star.psf_variance for star in stars])
    shapes = before + np.array([(star.width, star.plus, star.cross) for star in stars]) / size[:, None]
    spread = np.hypot(np.array([star.error for star in stars]) / size, TOLERANCE)
    width = shapes[:, 0]
    for narrowest in np.argsort(width + spread, kind="stable"):
        limit = 2.5 * np.hypot(spread, spread[narrowest])
        agrees = np.abs(width - width[narrowest]) < limit
        weight = agrees / spread**2
        mean = np.sum(weight * width) / weight.sum()
        needed = AGREEING if mean > NARROW else AGREEING_NARROW
        if agrees.sum() >= max(needed, AGREEING_SHARE * len(stars)):
            return _means(shapes, weight)
    return np.zeros(3), np.full(3, np.inf)


def _means(shapes: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = weight @ shapes / weight.sum()
    excess = weight @ (shapes - values) ** 2 / max(np.count_nonzero(weight) - 1, 1)
    return values, np.sqrt(np.maximum(excess, 1.0) / weight.sum())
