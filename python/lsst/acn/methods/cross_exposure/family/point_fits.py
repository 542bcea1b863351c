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
from .point_light import FittedPoint, PointTemplates

BRIGHT = 20.0
"""Signal to noise of the coadd in a hole from which on a star is looked for."""

MAX_HOLES = 64
"""In a tile; the brightest, if there are more."""

MAX_POINTS = 3
"""That explain a hole and what is around it."""

STEPS = 12
"""Of the fit of some points."""

LARGEST_STEP = 0.5
"""Of a place in pixels."""

WINGS = 1.5
"""Distance from a hole, in FWHM of the mean PSF, of the pixels that are fitted."""

MODEL_ERROR = 0.03
"""Of the PSF models, in each pixel, as a share of their light."""

WIDTH_ERROR = 0.01
"""Standard deviation of the width of all PSFs, as a share."""

FLUX_ERROR = 0.01
"""Least error of a flux, as a share."""

HUBER = 2.5
"""Standard deviations from which on a residual counts linearly."""

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


@dataclasses.dataclass(frozen=True, eq=False)
class _Fit:
    """Points that were fitted together.

    Parameters
    ----------
    points : `numpy.ndarray`
        Flux, row and column of each in the window, shape ``(m, 3)``.
    covariance : `numpy.ndarray`
        Of these nine numbers or so, shape ``(3 m, 3 m)``.
    misfit : `float`
        Mean square of the residuals where there is light.
    residual : `numpy.ndarray`
        What is left of the exposures.
    sigma : `numpy.ndarray`
        Its standard deviation, with the error of the model.
    """

    points: np.ndarray
    covariance: np.ndarray
    misfit: float
    residual: np.ndarray
    sigma: np.ndarray


def fit_points(
    exposures: Callable[[Box], tuple[np.ndarray, np.ndarray]],
    kernels: np.ndarray,
    unknown: np.ndarray,
    significance: np.ndarray,
) -> list[FittedPoint]:
    """Fit points with known PSFs to what is around holes in bright light.

    Flux and place of each point, a constant of each exposure and the width of
    all PSFs together, which is known to `WIDTH_ERROR`, are found by
    Gauss-Newton steps of weighted least squares with Huber's weights.  A
    second point, and a third, is added where the residuals ask for it, be it
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
        `True` where no exposure is valid, shape ``(height, width)``.
    significance : `numpy.ndarray`
        Signal to noise of the coadd, continued into the holes.

    Returns
    -------
    points : `list` [`FittedPoint`]
        At most `MAX_POINTS` for each hole.  Those that do not explain their
        surroundings are not accepted, and as uncertain as they are bright.
    """
    holes = _bright_holes(unknown, significance)
    if not holes:
        return []
    fwhm = _fwhm(kernels.mean(axis=0))
    templates = PointTemplates(kernels)
    points: list[FittedPoint] = []
    for hole in holes:
        points += _fit_hole(_wings(exposures, unknown, hole, WINGS * fwhm + 2.0), kernels, templates)
    return points


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


def _fit_hole(wings: _Wings, kernels: np.ndarray, templates: PointTemplates) -> list[FittedPoint]:
    """Return the points in a hole."""
    known = np.isfinite(wings.variance)
    sky = [np.median(image[valid]) if valid.any() else 0.0 for image, valid in zip(wings.image, known)]
    place = _brightest(wings.image - np.array(sky)[:, None, None], wings.variance, kernels, wings.hole)
    if place is None:
        return []
    points = np.array([place])
    for number in range(1, MAX_POINTS + 1):
        fit = _fit(wings, points, templates)
        if fit.misfit < MISFIT or number == MAX_POINTS:
            break
        place = _brightest(fit.residual, fit.sigma**2, kernels, np.ones_like(wings.hole))
        if place is None:
            break
        points = np.concatenate([fit.points, [place]])
    return _found(wings, fit)


def _found(wings: _Wings, fit: _Fit) -> list[FittedPoint]:
    """Return those points of a fit that are in the hole, and judge them."""
    found = []
    is_good = fit.misfit < MISFIT
    for number, (flux, y, x) in enumerate(fit.points):
        row, column = round(y), round(x)
        height, width = wings.hole.shape
        if not (0 <= row < height and 0 <= column < width and wings.hole[row, column]) or flux <= 0:
            continue
        part = slice(3 * number, 3 * number + 3)
        covariance = fit.covariance[part, part] * max(fit.misfit, 1.0)
        covariance[0, 0] += (FLUX_ERROR * flux) ** 2
        is_accepted = bool(is_good and flux > LIMIT * math.sqrt(covariance[0, 0]))
        if not is_accepted:
            covariance = np.diag([flux**2, 0.0, 0.0])
        found.append(
            FittedPoint(y + wings.box.y_start, x + wings.box.x_start, float(flux), covariance, is_accepted)
        )
    return found


def _brightest(
    image: np.ndarray, variance: np.ndarray, kernels: np.ndarray, where: np.ndarray
) -> tuple[float, float, float] | None:
    """Return flux and place of the point that explains most, by matched filter on whole pixels."""
    weight = 1.0 / variance
    side = [scipy.fft.next_fast_len(size + kernels.shape[-1], real=True) for size in image.shape[1:]]
    radius = kernels.shape[-1] // 2

    def correlated(planes: np.ndarray, kernels: np.ndarray) -> np.ndarray:
        spectrum = scipy.fft.rfft2(planes, side) * np.conj(scipy.fft.rfft2(kernels, side))
        whole = np.roll(scipy.fft.irfft2(spectrum.sum(axis=0), side), (radius, radius), axis=(0, 1))
        return whole[: image.shape[1], : image.shape[2]]

    projected, power = correlated(weight * image, kernels), correlated(weight, kernels**2)
    power = np.maximum(power, 1e-6 * power.max())
    gain = np.where(where & (projected > 0), projected**2 / power, 0.0)
    y, x = np.unravel_index(gain.argmax(), gain.shape)
    if gain[y, x] < LIMIT**2:
        return None
    return projected[y, x] / power[y, x], float(y), float(x)


def _fit(wings: _Wings, points: np.ndarray, templates: PointTemplates) -> _Fit:
    """Fit some points, from a first guess on."""
    known = np.isfinite(wings.variance)
    shape, n = wings.hole.shape, len(wings.image)
    data, noise = wings.image[known], wings.variance[known]
    exposure = np.nonzero(known)[0]
    sky, width = np.zeros(n), 0.0
    for step in range(STEPS + 1):
        light = [templates(y, x, shape)[:, known] for _, y, x in points]
        stars = sum(flux * part[0] + width * flux * part[3] for (flux, _, _), part in zip(points, light))
        residual = data - stars - sky[exposure]
        if step == 0:
            sky = _medians(data - stars, exposure, n)
            residual = data - stars - sky[exposure]
        sigma = np.sqrt(noise + (MODEL_ERROR * stars) ** 2)
        normal, right = _normal_equations(points, light, residual, sigma, exposure, width)
        scale = 1.0 / np.sqrt(np.diag(normal))
        inverse = np.linalg.pinv(normal * np.outer(scale, scale), hermitian=True) * np.outer(scale, scale)
        if step == STEPS:
            break
        change = inverse @ right
        move = change[: points.size].reshape(-1, 3)
        move[:, 1:] = np.clip(move[:, 1:], -LARGEST_STEP, LARGEST_STEP)
        points = points + move
        points[:, 0] = np.maximum(points[:, 0], 1e-3 * points[:, 0].max())
        points[:, 1:] = np.clip(points[:, 1:], 0, np.array(shape) - 1)
        sky, width = sky + change[points.size : -1], width + change[-1]
        width = float(np.clip(width, -5 * WIDTH_ERROR, 5 * WIDTH_ERROR))
    bright = stars > np.sqrt(noise)
    z = residual / sigma
    misfit = float(np.mean(np.minimum(z[bright] ** 2, 25.0))) if bright.any() else np.inf
    whole_residual, whole_sigma = np.zeros_like(wings.image), np.full_like(wings.image, np.inf)
    whole_residual[known], whole_sigma[known] = residual, sigma
    return _Fit(points, inverse[: points.size, : points.size], misfit, whole_residual, whole_sigma)


def _medians(values: np.ndarray, exposure: np.ndarray, n: int) -> np.ndarray:
    return np.array([np.median(values[exposure == t]) if (exposure == t).any() else 0.0 for t in range(n)])


def _normal_equations(points, light, residual, sigma, exposure, width):
    columns = []
    for (flux, _, _), part in zip(points, light, strict=True):
        columns += [part[0] + width * part[3], flux * part[1], flux * part[2]]
    columns = np.stack(columns)
    wider = sum(flux * part[3] for (flux, _, _), part in zip(points, light))
    n = exposure.max() + 1
    skies = (exposure == np.arange(n)[:, None]).astype(float)
    matrix = np.concatenate([columns, skies, wider[None]])
    weight = np.minimum(1.0, HUBER / np.maximum(np.abs(residual) / sigma, 1e-9)) / sigma**2
    normal = (matrix * weight) @ matrix.T
    right = (matrix * weight) @ residual
    normal[-1, -1] += 1.0 / WIDTH_ERROR**2
    right[-1] -= width / WIDTH_ERROR**2
    return normal, right
