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

"""The light of points at places between pixels."""

from __future__ import annotations

__all__ = ("FittedPoint", "PointTemplates", "points_image", "points_variance")

import dataclasses
from collections.abc import Iterable

import numpy as np
from scipy.interpolate import BSpline
from scipy.ndimage import spline_filter1d

from ....exposures.boxes import Box
from .sampling import SAMPLING_VARIANCE

DEGREE = 5
"""Of the splines."""

MARGIN = 3
"""Pixels around a PSF kernel that its splines reach into."""


@dataclasses.dataclass(frozen=True, eq=False)
class FittedPoint:
    """A star whose core no exposure knows, as its wings tell it.

    Parameters
    ----------
    y, x : `float`
        Row and column on the pixels of the exposures.
    flux : `float`
        In their unit.
    covariance : `numpy.ndarray`
        Of flux, row and column, shape ``(3, 3)``.
    is_accepted : `bool`
        Whether the wings are those of a point.  Where they are not, the flux
        says how much a hole may hide.
    """

    y: float
    x: float
    flux: float
    covariance: np.ndarray
    is_accepted: bool


class PointTemplates:
    """The light of a point of unit flux, and how it changes with the point.

    Splines of `DEGREE` go through the pixels of the PSF kernels.  Fourier
    shifts would not do: the core of a PSF that is sampled with few pixels
    leaves waves in the wings, which are all that is seen.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        PSF kernels, shape ``(n, k, k)``.
    """

    def __init__(self, kernels: np.ndarray) -> None:
        self._radius = kernels.shape[-1] // 2 + MARGIN
        stamps = np.pad(kernels.astype(np.float64), [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)])
        light = _spline(stamps)
        value, slope = _weights(0.0, stamps.shape[-1])
        places = np.arange(-self._radius, self._radius + 1)
        change = places[:, None] * (slope @ light @ value.T) + places * (value @ light @ slope.T)
        # A PSF that is wider by a share e is f - e (2 f + y f_y + x f_x).
        self._light, self._wider = light, _spline(change - 2.0 * stamps)

    def __call__(self, y: float, x: float, shape: tuple[int, int]) -> np.ndarray:
        """Return the light of a point and its derivatives.

        Parameters
        ----------
        y, x : `float`
            Where the point is, in pixels of a window.
        shape : `tuple` [`int`, `int`]
            Height and width of the window.

        Returns
        -------
        templates : `numpy.ndarray`
            Light of unit flux, its derivatives by row and column, and by the
            logarithm of the width of all PSFs, shape ``(4, n, height,
            width)``.
        """
        row, column = round(y), round(x)
        side = self._light.shape[-1]
        (rows, rows_slope), (columns, columns_slope) = _weights(y - row, side), _weights(x - column, side)
        stamps = (
            rows @ self._light @ columns.T,
            rows_slope @ self._light @ columns.T,
            rows @ self._light @ columns_slope.T,
            rows @ self._wider @ columns.T,
        )
        stamp, window = Box.from_shape((side, side), (row - self._radius, column - self._radius)), Box.from_shape(shape)
        templates = np.zeros((len(stamps), len(self._light), *shape))
        if stamp.overlaps(window):
            both = stamp.intersection(window)
            templates[..., *both.slices_within(window)] = np.stack(stamps)[..., *both.slices_within(stamp)]
        return templates


def _spline(stamps: np.ndarray) -> np.ndarray:
    """Return the coefficients of the splines through the pixels of stamps."""
    for axis in (-2, -1):
        stamps = spline_filter1d(stamps, DEGREE, axis=axis, mode="mirror")
    return stamps


def _weights(shift: float, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what makes an axis of coefficients one of pixels, moved by up to a
    pixel, and the derivative of that by the shift.
    """
    basis = BSpline.basis_element(np.arange(DEGREE + 2) - 0.5 * (DEGREE + 1), extrapolate=False)
    places = np.arange(side)
    distance = places[:, None] - shift - places
    return np.nan_to_num(basis(distance)), -np.nan_to_num(basis.derivative()(distance))


def points_image(points: Iterable[FittedPoint], box: Box) -> np.ndarray:
    """Return points as a sampled latent image has them.

    Parameters
    ----------
    points : `~collections.abc.Iterable` [`FittedPoint`]
        The points.
    box : `Box`
        Pixels of the image, on those of the exposures.

    Returns
    -------
    image : `numpy.ndarray`
        Gaussians of `SAMPLING_VARIANCE`, float32.
    """
    image = np.zeros(box.shape)
    for point in points:
        image += point.flux * _gaussian(point, box, SAMPLING_VARIANCE)[0]
    return image.astype(np.float32)


def points_variance(points: Iterable[FittedPoint], box: Box, profile: np.ndarray) -> np.ndarray:
    r"""Return how wrong a restored image is where points were fitted.

    With :math:`J` the change of the restored image with flux, row and column
    of a point, of covariance :math:`C`, it is :math:`J^T C J`.

    Parameters
    ----------
    points : `~collections.abc.Iterable` [`FittedPoint`]
        The points.
    box : `Box`
        Pixels of the image, on those of the exposures.
    profile : `numpy.ndarray`
        Profile, of unit sum, of the Gaussian kernel that a sampled latent image
        is convolved with, along both axes.

    Returns
    -------
    variance : `numpy.ndarray`
        In the unit of the exposures squared, float32.
    """
    places = np.arange(len(profile)) - len(profile) // 2
    width = SAMPLING_VARIANCE + float(places**2 @ profile)
    variance = np.zeros(box.shape)
    for point in points:
        light, rows, columns = _gaussian(point, box, width)
        change = np.stack([light, point.flux * light * rows / width, point.flux * light * columns / width])
        variance += np.einsum("iyx,ij,jyx->yx", change, point.covariance, change)
    return variance.astype(np.float32)


def _gaussian(point: FittedPoint, box: Box, variance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a Gaussian of unit sum, and the distances from its centre in rows and columns."""
    rows = np.arange(box.y_start, box.y_stop)[:, None] - point.y
    columns = np.arange(box.x_start, box.x_stop)[None, :] - point.x
    light = np.exp(-0.5 * (rows**2 + columns**2) / variance) / (2.0 * np.pi * variance)
    return light, rows, columns
