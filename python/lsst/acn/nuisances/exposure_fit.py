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


"""Linearised least squares for what one exposure gets wrong."""

from __future__ import annotations

__all__ = (
    "NormalEquations",
    "exposure_equations",
    "prediction_changes",
    "solve",
    "source_errors",
    "stretch_shares",
)

from typing import NamedTuple

import numpy as np

from .corrections import PARAMETERS
from .kernel_changes import core_center, psf_variance, stretch_changes
from .symmetric_parts import symmetric_parts

MODEL_ERRORS = 0.05, 0.02
"""Error of a prediction as a share of it, so that no bright pixel rules the fit:
in the first pass, and in all that come after it."""

HUBER = 3.0
"""Residual, in standard deviations, from which a pixel loses weight."""

PRIOR = np.array([np.inf, np.inf, np.inf, 0.1, 0.7, 0.7, 2.0, 1.0, 1.0])
"""Standard deviation that each parameter has before the data speak: larger than
what pipelines get wrong."""

SOURCE_ERRORS = np.array([0.0, 0.0, 0.0, 0.003, 0.015, 0.015, 0.06, 0.03, 0.03])
"""Error of each parameter that the model of a single source may cause: an image
that has not converged on it, or one in which two stars are one."""

SOURCE_SIZE = 12
"""Side in pixels of the parts of an exposure that count as one source each."""

LARGEST_ERROR = np.array([np.inf, np.inf, np.inf, 0.03, 0.08, 0.08, 0.3, 0.3, 0.3])
"""Standard error from which on a parameter is not known well enough to correct
an exposure by it: what hardly shows in the data does no harm, either."""

REACH = 2
"""Pixels on every side from which a derivative is taken."""

BLOCK = 4
"""Side of the blocks of pixels whose scatter tells how far noise is correlated."""

MEDIAN_OF_SQUARES = 0.454936
"""Median of the square of a standard normal deviate."""


class NormalEquations(NamedTuple):
    """What some pixels of one exposure say about its parameters.

    Parameters
    ----------
    matrix : `numpy.ndarray`
        Shape ``(9, 9)``: sums of products of the derivatives, weighted.
    vector : `numpy.ndarray`
        Shape ``(9,)``: sums of derivatives times residuals.
    inflation : `float`
        Variance of means over blocks of pixels, in units of what pixels whose
        noise is independent and as large as their variance says would have.
    n_pixels : `int`
        Number of pixels.
    squares : `numpy.ndarray`
        Shape ``(9,)``: sums over sources of the squares of what each adds to
        the diagonal of ``matrix``.
    """

    matrix: np.ndarray
    vector: np.ndarray
    inflation: float
    n_pixels: int
    squares: np.ndarray


def prediction_changes(model: np.ndarray) -> np.ndarray:
    r"""Return how a prediction changes with the scale, place and PSF of its exposure.

    With the prediction :math:`m = f * x`: :math:`m` for the scale,
    :math:`-\partial_x m` and :math:`-\partial_y m` for a shift,
    :math:`(m_{xx} + m_{yy}) / 2`, :math:`(m_{xx} - m_{yy}) / 2` and
    :math:`m_{xy}` for the second moments of the PSF, by central differences
    of the fourth order.

    Parameters
    ----------
    model : `numpy.ndarray`
        Prediction on some pixels and `REACH` more on every side, shape
        ``(height + 2 * REACH, width + 2 * REACH)``.

    Returns
    -------
    changes : `numpy.ndarray`
        Shape ``(6, height, width)``.
    """
    inside = slice(REACH, -REACH)
    along_y, along_x = _slope(model, 0), _slope(model, 1)
    curvature_y, curvature_x = _curvature(model, 0)[:, inside], _curvature(model, 1)[inside]
    return np.stack(
        [
            model[inside, inside],
            -along_x[inside],
            -along_y[:, inside],
            0.5 * (curvature_x + curvature_y),
            0.5 * (curvature_x - curvature_y),
            _slope(along_x, 0),
        ]
    )


def stretch_shares(kernel: np.ndarray) -> np.ndarray:
    """Return how much of a change of curvature there is in a kernel that is stretched.

    Of a Gaussian, it is all there is.  One with wings loses less in its core
    than a convolution would take from it.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        PSF kernel of unit sum.

    Returns
    -------
    shares : `numpy.ndarray`
        For the last three of `prediction_changes`, by least squares, shape ``(3,)``.
    """
    changes = prediction_changes(np.pad(kernel.astype(np.float64), REACH))
    stretched = stretch_changes(changes[:3], psf_variance(kernel), core_center(kernel))
    return np.sum(stretched * changes[3:], axis=(1, 2)) / np.sum(changes[3:] ** 2, axis=(1, 2))


def _shifted(image: np.ndarray, axis: int, by: int) -> np.ndarray:
    index = [slice(None), slice(None)]
    index[axis] = slice(REACH + by, image.shape[axis] - REACH + by)
    return image[tuple(index)]


def _slope(image: np.ndarray, axis: int) -> np.ndarray:
    near = _shifted(image, axis, 1) - _shifted(image, axis, -1)
    far = _shifted(image, axis, 2) - _shifted(image, axis, -2)
    return (8.0 * near - far) / 12.0


def _curvature(image: np.ndarray, axis: int) -> np.ndarray:
    near = _shifted(image, axis, 1) + _shifted(image, axis, -1)
    far = _shifted(image, axis, 2) + _shifted(image, axis, -2)
    return (16.0 * near - far - 30.0 * _shifted(image, axis, 0)) / 12.0


def exposure_equations(
    image: np.ndarray,
    variance: np.ndarray,
    model: np.ndarray,
    v: np.ndarray,
    u: np.ndarray,
    model_error: float = MODEL_ERRORS[0],
    sampling: int = 1,
    shares: np.ndarray | None = None,
) -> NormalEquations:
    """Return what some pixels of an exposure say about its parameters.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        The exposure, shape ``(height, width)``; the variance of pixels that
        are not valid is infinite.
    model : `numpy.ndarray`
        Its prediction on these pixels and `REACH` more on every side.
    v, u : `numpy.ndarray`
        Place of the pixels in the patch, from -1 to 1 along y and x, shapes
        ``(height, 1)`` and ``(1, width)``.
    model_error : `float`, optional
        Error of the prediction as a share of it.
    sampling : `int`, optional
        Side of the squares of pixels of which no more than one is valid.
    shares : `numpy.ndarray`, optional
        From `stretch_shares`; by default that of a Gaussian, 1.

    Returns
    -------
    equations : `NormalEquations`
        For the parameters of
        `~lsst.acn.nuisances.corrections.ExposureCorrections`.
    """
    changes = prediction_changes(model)
    if shares is not None:
        changes[3:] *= shares.astype(np.float32)[:, None, None]
    root = 1.0 / np.sqrt(variance + (model_error * changes[0]) ** 2)
    residual = np.where(root > 0, image - changes[0], 0.0) * root
    huber = np.sqrt(HUBER / np.maximum(np.abs(residual), HUBER))
    # Both factors of a weight are a root of it: one for the residual, one for the derivatives.
    residual = residual * huber
    weighted = _weighted(changes, root * huber, v, u)
    lines = weighted.reshape(len(PARAMETERS), -1)
    return NormalEquations(
        matrix=(lines @ lines.T).astype(np.float64),
        vector=lines.astype(np.float64) @ residual.ravel(),
        inflation=_inflation(residual, root > 0, BLOCK * sampling),
        n_pixels=int((root > 0).sum()),
        squares=_sum_of_squares(weighted),
    )


def _weighted(changes: np.ndarray, weight: np.ndarray, v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return all derivatives times a weight, float32, shape ``(9, height, width)``."""
    weighted = np.empty((len(PARAMETERS), *weight.shape), np.float32)
    weighted[0] = weight
    np.multiply(weight, u, out=weighted[1], casting="same_kind")
    np.multiply(weight, v, out=weighted[2], casting="same_kind")
    np.multiply(changes, weight, out=weighted[3:], casting="same_kind")
    return weighted


def _sum_of_squares(weighted: np.ndarray) -> np.ndarray:
    """Return the sums over sources of the squared information of each."""
    shares = _sums_over_parts(weighted * weighted, SOURCE_SIZE)
    return (shares.astype(np.float64) ** 2).sum(axis=(1, 2))


def _sums_over_parts(planes: np.ndarray, side: int) -> np.ndarray:
    """Return sums of planes over parts of about so many pixels along both axes."""
    for axis in (1, 2):
        planes = np.add.reduceat(planes, symmetric_parts(planes.shape[axis], side)[:-1], axis=axis)
    return planes


def source_errors(equations: NormalEquations) -> np.ndarray:
    """Return the errors that the models of the sources may cause.

    Noise is small in bright light, and says that a single galaxy with a wrong
    model is sure.  That of many sources averages out.

    Parameters
    ----------
    equations : `NormalEquations`
        Of all pixels of an exposure together.

    Returns
    -------
    errors : `numpy.ndarray`
        `SOURCE_ERRORS` over the root of the effective number of sources, shape
        ``(9,)``.
    """
    information = np.diag(equations.matrix)
    few = np.divide(equations.squares, information**2, where=information > 0, out=np.ones_like(information))
    return SOURCE_ERRORS * np.sqrt(few)


def _inflation(residual: np.ndarray, valid: np.ndarray, side: int) -> float:
    """Return how much more means over blocks scatter than independent pixels would."""
    total, number = _sums_over_parts(np.stack([residual, valid]).astype(np.float64), side)
    enough = number > BLOCK**2 // 2
    if not enough.any():
        return 1.0
    squares = (total[enough] - np.median(total[enough])) ** 2 / number[enough]
    return max(float(np.median(squares)) / MEDIAN_OF_SQUARES, 1.0)


def solve(equations: NormalEquations, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the parameters that equations ask for, and their standard errors.

    Parameters
    ----------
    equations : `NormalEquations`
        Of all pixels of an exposure together.
    free : `numpy.ndarray`
        Which of the parameters are fitted, bool, shape ``(9,)``.

    Returns
    -------
    values, errors : `numpy.ndarray`
        Shape ``(9,)``; 0 and infinite for what is not fitted.
    """
    values, errors = np.zeros(len(PARAMETERS)), np.full(len(PARAMETERS), np.inf)
    if not equations.n_pixels or not free.any():
        return values, errors
    matrix = equations.matrix / equations.inflation + np.diag(PRIOR**-2.0)
    matrix = matrix[np.ix_(free, free)]
    scale = 1.0 / np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    inverse = np.linalg.pinv(matrix * np.outer(scale, scale), hermitian=True) * np.outer(scale, scale)
    values[free] = inverse @ (equations.vector[free] / equations.inflation)
    # Few pixels may leave a parameter open; rounding shows it as a square that is not positive.
    squares = np.diag(inverse)
    errors[free] = np.where(squares > 0, np.sqrt(np.maximum(squares, 0.0)), np.inf)
    values[~np.isfinite(errors)] = 0.0
    return values, errors
