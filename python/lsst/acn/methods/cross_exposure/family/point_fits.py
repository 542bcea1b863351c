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

"""Stars whose cores no exposure knows, fitted to their wings."""

from __future__ import annotations

__all__ = ("fit_points",)

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import scipy.fft
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, label

from ....exposures.boxes import Box
from .point_least_squares import PointFit, fit_together
from .point_light import FittedPoints, PointTemplates

BRIGHT = 3.0
"""Signal to noise of the coadd in a hole from which on a star is looked for."""

MAX_HOLES = 64
"""In a tile; the brightest, if there are more."""

MAX_POINTS = 4
"""That explain a hole and what is around it."""

LEAST_POWER = 1e-4
"""Information on a point deep in a hole, as a share of that outside, that is
taken for none."""

WINGS = 1.5
"""Distance from a hole, in FWHM of the mean PSF, of the pixels that are fitted."""

FLUX_ERROR = 0.01
"""Least error of a flux, as a share."""

LIMIT = 5.0
"""Significance that the flux of a point must have."""

MISFIT = 1.5
"""Mean square of the residuals, in standard deviations, that is too much."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Wings:
    """The pixels around a hole.

    Parameters
    ----------
    box : `Box`
        Where they are.
    image, variance : `numpy.ndarray`
        Exposures, shape ``(n, height, width)``; variances are infinite where
        pixels are not known or too far away.
    hole : `numpy.ndarray`
        `True` in the hole and next to it, shape ``(height, width)``.
    """

    box: Box
    image: np.ndarray
    variance: np.ndarray
    hole: np.ndarray


def fit_points(
    exposures: Callable[[Box], tuple[np.ndarray, np.ndarray]],
    kernels: np.ndarray,
    unknown: np.ndarray,
    significance: np.ndarray,
) -> list[FittedPoints]:
    """Fit points with known PSFs to what is around holes in bright light.

    A second point, and a third, is added where the residuals ask for it, be it
    in the hole or beside it.

    Parameters
    ----------
    exposures : `~collections.abc.Callable`
        Takes a box and returns image and variance of the exposures, shape
        ``(n, height, width)``; variances of pixels that are not valid are
        infinite.
    kernels : `numpy.ndarray`
        PSF kernels, shape ``(n, k, k)``.
    unknown : `numpy.ndarray`
        `True` where no exposure is valid, or few of them are, shape ``(height,
        width)``.
    significance : `numpy.ndarray`
        Signal to noise of the coadd, continued into the holes.

    Returns
    -------
    stars : `list` [`FittedPoints`]
        One for each hole in bright light: the stars, or what may be hidden in
        pixels that no exposure knows.
    """
    holes = _bright_holes(unknown, significance)
    if not holes:
        return []
    fwhm = _fwhm(kernels.mean(axis=0))
    templates = PointTemplates(kernels)
    reach = WINGS * fwhm + 2.0
    return [
        _fit_hole(_wings(exposures, unknown, hole, reach), np.argwhere(hole[0]), kernels, templates)
        for hole in holes
    ]


def _bright_holes(unknown: np.ndarray, significance: np.ndarray) -> list[tuple[np.ndarray, Box]]:
    """Return holes, and boxes that hold them, that do not touch the edges."""
    labels, _ = label(unknown, np.ones((3, 3)))
    height, width = unknown.shape
    found = []
    for number, (rows, columns) in enumerate(find_objects(labels), start=1):
        if min(rows.start, columns.start) < 1 or rows.stop >= height or columns.stop >= width:
            continue
        near = np.s_[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
        brightness = significance[near].max()
        if brightness > BRIGHT:
            box = Box(rows.start, rows.stop, columns.start, columns.stop)
            found.append((brightness, labels == number, box))
    found.sort(key=lambda hole: -hole[0])
    return [(hole, box) for _, hole, box in found[:MAX_HOLES]]


def _fwhm(kernel: np.ndarray) -> float:
    return 2.0 * math.sqrt(float((kernel > 0.5 * kernel.max()).sum()) / math.pi)


def _wings(
    exposures: Callable[[Box], tuple[np.ndarray, np.ndarray]],
    unknown: np.ndarray,
    hole: tuple[np.ndarray, Box],
    reach: float,
) -> _Wings:
    pixels, box = hole
    whole = Box.from_shape(unknown.shape)
    grown = box.grown_by(math.ceil(reach)).intersection(whole)
    inside = grown.slices_within(whole)
    image, variance = exposures(grown)
    near = distance_transform_edt(~pixels[inside]) <= reach
    variance = np.where(near, variance, np.inf).astype(np.float64)
    return _Wings(grown, image.astype(np.float64), variance, binary_dilation(pixels[inside], np.ones((3, 3))))


def _fit_hole(
    wings: _Wings, hole: np.ndarray, kernels: np.ndarray, templates: PointTemplates
) -> FittedPoints:
    """Return the points in a hole of so many rows and columns, or what it may hide."""
    known = np.isfinite(wings.variance)
    sky = [
        np.median(image[valid]) if valid.any() else 0.0
        for image, valid in zip(wings.image, known, strict=True)
    ]
    flux, error = _point_fluxes(wings.image - np.array(sky)[:, None, None], wings.variance, kernels)
    found = None
    if place := _brightest(np.where(wings.hole, flux, 0.0), error):
        found = _judged(wings, _points_around(wings, place, kernels, templates))
    if found is None:
        rows, columns = np.nonzero(wings.hole & ~known.any(axis=0))
        hidden = np.maximum(flux, 0.0) + error
        found = FittedPoints(np.column_stack([hidden[rows, columns], rows, columns]), None)
    return dataclasses.replace(found.moved(wings.box.y_start, wings.box.x_start), hole=hole)


def _points_around(
    wings: _Wings, place: tuple[float, float, float], kernels: np.ndarray, templates: PointTemplates
) -> PointFit:
    """Return as many points as the residuals ask for, from a first one on."""
    best = fit_together(wings.image, wings.variance, np.array([place]), templates)
    for _ in range(MAX_POINTS - 1):
        another = _brightest(*_point_fluxes(best.residual, best.variance, kernels))
        if another is None:
            break
        more = fit_together(wings.image, wings.variance, np.vstack([best.values, another]), templates)
        if more.misfit >= best.misfit:
            break
        best = more
    return best


def _judged(wings: _Wings, fit: PointFit) -> FittedPoints | None:
    """Return those points of a fit that are in the hole, if they explain it."""
    places = np.round(fit.values[:, 1:]).astype(int)
    inside = np.flatnonzero(wings.hole[places[:, 0], places[:, 1]])
    chosen = (3 * inside[:, None] + np.arange(3)).ravel()
    values = fit.values[inside]
    covariance = fit.covariance[np.ix_(chosen, chosen)] * max(fit.misfit, 1.0)
    fluxes = slice(0, None, 3)
    covariance[fluxes, fluxes] += FLUX_ERROR**2 * np.outer(values[:, 0], values[:, 0])
    total, error = values[:, 0].sum(), math.sqrt(covariance[fluxes, fluxes].sum())
    if fit.misfit < MISFIT and total > LIMIT * error:
        return FittedPoints(values, covariance)
    return None


def _point_fluxes(
    image: np.ndarray, variance: np.ndarray, kernels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return flux and error of a point in the middle of each pixel, by matched filter."""
    weight = 1.0 / variance
    sides = [scipy.fft.next_fast_len(size + kernels.shape[-1], real=True) for size in image.shape[1:]]
    radius = kernels.shape[-1] // 2

    def correlated(planes: np.ndarray, kernels: np.ndarray) -> np.ndarray:
        spectrum = scipy.fft.rfft2(planes, sides) * np.conj(scipy.fft.rfft2(kernels, sides))
        whole = np.roll(scipy.fft.irfft2(spectrum.sum(axis=0), sides), (radius, radius), axis=(0, 1))
        return whole[: image.shape[1], : image.shape[2]]

    power = correlated(weight, kernels**2)
    power = np.maximum(power, LEAST_POWER * power.max())
    return correlated(weight * image, kernels) / power, 1.0 / np.sqrt(power)


def _brightest(flux: np.ndarray, error: np.ndarray) -> tuple[float, float, float] | None:
    """Return flux and place of the most significant point, if there is one."""
    y, x = np.unravel_index((flux / error).argmax(), flux.shape)
    if flux[y, x] < LIMIT * error[y, x]:
        return None
    return float(flux[y, x]), float(y), float(x)
