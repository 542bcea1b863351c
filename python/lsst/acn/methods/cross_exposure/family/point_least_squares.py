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

"""Points with known PSFs, fitted to some pixels of all exposures together."""

from __future__ import annotations

__all__ = ("PointFit", "fit_together")

import dataclasses

import numpy as np

from .point_light import PointTemplates

STEPS = 12
LARGEST_STEP = 0.5
"""Of the place of a point, in pixels."""

MODEL_ERROR = 0.03
"""Of the PSF models, in each pixel, as a share of their light."""

WIDTH_ERROR = 0.01
"""Standard deviation of the width of all PSFs together, as a share."""

SHIFT_ERROR = 0.1
"""Standard deviation of the registration of an exposure, in pixels."""

PRIOR_REACH = 5.0
"""Standard deviations that shifts and widths cannot be off by."""

LEAST_FLUX = 1e-3
"""Of a point, as a share of the brightest."""

HUBER = 2.5
"""Standard deviations from which on a residual counts linearly."""

CLIP = 5.0
"""Standard deviations that no residual exceeds when the misfit is counted."""


@dataclasses.dataclass(frozen=True, eq=False)
class PointFit:
    """Points that were fitted together.

    Parameters
    ----------
    values : `numpy.ndarray`
        Flux, row and column of each point, shape ``(m, 3)``.
    covariance : `numpy.ndarray`
        Of all of them, shape ``(3 m, 3 m)``.
    misfit : `float`
        Mean square of the residuals, in standard deviations, where points are
        brighter than the noise; infinite if they are nowhere.
    residual, variance : `numpy.ndarray`
        What is left of the exposures, and its variance with the error of the
        model, infinite where a pixel is not known.
    """

    values: np.ndarray
    covariance: np.ndarray
    misfit: float
    residual: np.ndarray
    variance: np.ndarray


@dataclasses.dataclass
class _State:
    """What is fitted: points, and of each exposure the sky, a shift and the width of its PSF."""

    points: np.ndarray
    sky: np.ndarray
    shifts: np.ndarray
    width: float


def fit_together(
    image: np.ndarray, variance: np.ndarray, points: np.ndarray, templates: PointTemplates
) -> PointFit:
    """Fit points to exposures.

    Flux and place of each point, and of each exposure a constant, a shift
    that is known to `SHIFT_ERROR`, and a change of the width of all PSFs that
    is known to `WIDTH_ERROR`, are found by Gauss-Newton steps of weighted
    least squares with Huber's weights.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Exposures, shape ``(n, height, width)``; variances are infinite where a
        pixel is not known.
    points : `numpy.ndarray`
        Flux, row and column of each point to begin with, shape ``(m, 3)``.
    templates : `PointTemplates`
        Of the exposures.

    Returns
    -------
    fit : `PointFit`
        The points.
    """
    known = np.isfinite(variance)
    shape, n = image.shape[1:], len(image)
    exposure = np.nonzero(known)[0]
    members = (exposure == np.arange(n)[:, None]).astype(np.float64)
    data, noise = image[known], variance[known]
    sky = np.array(
        [np.median(plane[valid]) if valid.any() else 0.0 for plane, valid in zip(image, known, strict=True)]
    )
    state = _State(points, sky, np.zeros((2, n)), 0.0)
    for step in range(STEPS + 1):
        light, columns = _model(state, templates, known, shape)
        residual = data - light - state.sky[exposure]
        total = noise + (MODEL_ERROR * light) ** 2
        matrix = np.concatenate(
            [columns[: points.size], members, *(members * part for part in columns[-3:-1]), columns[-1:]]
        )
        inverse, change = _solve(matrix, residual, total, state)
        if step < STEPS:
            state = _moved(state, change, shape)
    bright = light > np.sqrt(noise)
    squares = np.minimum(residual**2 / total, CLIP**2)
    return PointFit(
        state.points,
        inverse[: points.size, : points.size],
        float(squares[bright].mean()) if bright.any() else np.inf,
        _unpacked(residual, known, 0.0),
        _unpacked(total, known, np.inf),
    )


def _moved(state: _State, change: np.ndarray, shape: tuple[int, int]) -> _State:
    """Return the state after a step, which is bounded."""
    m, n = state.points.size, len(state.sky)
    steps = change[:m].reshape(-1, 3)
    points = state.points + steps
    points[:, 1:] = state.points[:, 1:] + np.clip(steps[:, 1:], -LARGEST_STEP, LARGEST_STEP)
    points[:, 1:] = np.clip(points[:, 1:], 0, np.array(shape) - 1)
    # A point that has gone comes back if there is light for it.
    points[:, 0] = np.maximum(points[:, 0], LEAST_FLUX * points[:, 0].max())
    shifts = state.shifts + change[m + n : -1].reshape(2, n)
    width = state.width + float(change[-1])
    return _State(
        points,
        state.sky + change[m : m + n],
        np.clip(shifts, -PRIOR_REACH * SHIFT_ERROR, PRIOR_REACH * SHIFT_ERROR),
        float(np.clip(width, -PRIOR_REACH * WIDTH_ERROR, PRIOR_REACH * WIDTH_ERROR)),
    )


def _model(
    state: _State, templates: PointTemplates, known: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the light of all points in the known pixels, and its derivatives
    by each value of each, and by row, column and width of all together.
    """
    light, columns = np.zeros(known.sum()), []
    together = np.zeros((3, known.sum()))
    for flux, y, x in state.points:
        plain, rows, cols, wider = templates(y + state.shifts[0], x + state.shifts[1], shape)[:, known]
        unit = plain + state.width * wider
        light = light + flux * unit
        columns += [unit, flux * rows, flux * cols]
        together += flux * np.stack([rows, cols, wider])
    return light, np.stack([*columns, *together])


def _solve(
    matrix: np.ndarray, residual: np.ndarray, variance: np.ndarray, state: _State
) -> tuple[np.ndarray, np.ndarray]:
    """Return the inverse of the normal matrix, and the step to take."""
    weight = np.minimum(1.0, HUBER / np.maximum(np.abs(residual) / np.sqrt(variance), 1e-9)) / variance
    normal, right = (matrix * weight) @ matrix.T, (matrix * weight) @ residual
    # What is known beforehand of shifts and width.
    n = len(state.sky)
    first = state.points.size + n
    prior = np.concatenate([np.full(2 * n, SHIFT_ERROR**-2.0), [WIDTH_ERROR**-2.0]])
    normal[np.arange(first, len(normal)), np.arange(first, len(normal))] += prior
    right[first:] -= prior * np.concatenate([state.shifts.ravel(), [state.width]])
    # An exposure that has no pixel here has a sky that nothing depends on.
    diagonal = np.diag(normal)
    scale = np.where(diagonal > 0, 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)
    inverse = np.linalg.pinv(normal * np.outer(scale, scale), hermitian=True) * np.outer(scale, scale)
    return inverse, inverse @ right


def _unpacked(values: np.ndarray, known: np.ndarray, rest: float) -> np.ndarray:
    planes = np.full(known.shape, rest)
    planes[known] = values
    return planes
