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

__all__ = ("FittedPoints", "PointTemplates", "points_image", "points_variance", "told_coverage")

import dataclasses
from collections.abc import Iterable

import numpy as np
from scipy.interpolate import BSpline
from scipy.ndimage import spline_filter1d

from ....exposures.boxes import Box
from .sampling import SAMPLING_VARIANCE

DEGREE = 5
"""Of the splines."""

MARGIN = 4
"""Pixels around a PSF kernel that its splines reach into and it can move in."""

_BASIS = BSpline.basis_element(np.arange(DEGREE + 2) - 0.5 * (DEGREE + 1), extrapolate=False)
_BASIS_SLOPE = _BASIS.derivative()


@dataclasses.dataclass(frozen=True, eq=False)
class FittedPoints:
    """Stars in a hole, whose cores no exposure knows, as their wings tell them.

    Parameters
    ----------
    values : `numpy.ndarray`
        Flux, in the unit of the exposures, row and column, on their pixels, of
        each star, shape ``(m, 3)``.  Where the wings are not those of stars,
        the pixels of the hole, each with the flux that may be hidden there.
    covariance : `numpy.ndarray` or `None`
        Of all values, shape ``(3 m, 3 m)``; `None` where the wings are not
        those of stars.
    hole : `numpy.ndarray`, optional
        Rows and columns of the pixels of the hole, shape ``(k, 2)``.
    """

    values: np.ndarray
    covariance: np.ndarray | None
    hole: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((0, 2), int))

    @property
    def is_accepted(self) -> bool:
        """Whether the wings are those of stars (`bool`)."""
        return self.covariance is not None

    def moved(self, rows: int, columns: int) -> FittedPoints:
        """Return the stars in pixels that are counted from another one.

        Parameters
        ----------
        rows, columns : `int`
            What is added to the places.

        Returns
        -------
        moved : `FittedPoints`
            The same stars.
        """
        values, hole = self.values + (0, rows, columns), self.hole + (rows, columns)
        return dataclasses.replace(self, values=values, hole=hole)


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
        value, slope = _weights(np.zeros(1), stamps.shape[-1])
        places = np.arange(-self._radius, self._radius + 1)
        # The slopes are those by the place of the point, against those by the pixel.
        change = places[:, None] * (slope @ light @ value.mT) + places * (value @ light @ slope.mT)
        # A PSF that is wider by a share e is f - e (2 f + y f_y + x f_x).
        self._light, self._wider = light, _spline(change - 2.0 * stamps)

    def __call__(self, y: np.ndarray, x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Return the light of a point and its derivatives.

        Parameters
        ----------
        y, x : `numpy.ndarray`
            Where the point is in each exposure, in pixels of a window, shape
            ``(n,)``; no more than two pixels apart.
        shape : `tuple` [`int`, `int`]
            Height and width of the window.

        Returns
        -------
        templates : `numpy.ndarray`
            Light of unit flux, its derivatives by row and column, and by the
            logarithm of the width of the PSF, shape ``(4, n, height, width)``.
        """
        row, column = round(float(np.mean(y))), round(float(np.mean(x)))
        side = self._light.shape[-1]
        (rows, rows_slope), (columns, columns_slope) = _weights(y - row, side), _weights(x - column, side)
        stamps = (
            rows @ self._light @ columns.mT,
            rows_slope @ self._light @ columns.mT,
            rows @ self._light @ columns_slope.mT,
            rows @ self._wider @ columns.mT,
        )
        stamp = Box.from_shape((side, side), (row - self._radius, column - self._radius))
        window = Box.from_shape(shape)
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


def _weights(shifts: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return matrices that make coefficients along an axis pixels that are
    moved, and their derivatives by the shift.
    """
    offsets = np.arange(1 - side, side)
    places = np.arange(side)
    # A pixel's weight depends on how far it is from the coefficient, and on nothing else.
    band = places[:, None] - places + side - 1
    distance = offsets - shifts[:, None]
    weights, slopes = (np.nan_to_num(spline(distance)) for spline in (_BASIS, _BASIS_SLOPE))
    return weights.take(band, axis=1), -slopes.take(band, axis=1)


def points_image(stars: Iterable[FittedPoints], box: Box) -> np.ndarray:
    """Return points as a sampled latent image has them.

    Parameters
    ----------
    stars : `~collections.abc.Iterable` [`FittedPoints`]
        The points.
    box : `Box`
        Pixels of the image, on those of the exposures.

    Returns
    -------
    image : `numpy.ndarray`
        Gaussians of `SAMPLING_VARIANCE`, float32.
    """
    image = np.zeros(box.shape)
    for flux, y, x in (value for points in stars for value in points.values):
        image += flux * _gaussian(y, x, box, SAMPLING_VARIANCE)[0]
    return image.astype(np.float32)


def points_variance(stars: Iterable[FittedPoints], box: Box, profile: np.ndarray) -> np.ndarray:
    r"""Return how wrong a restored image is where points were fitted.

    With :math:`J` the change of the restored image with flux, row and column
    of the points of a hole, of covariance :math:`C`, it is :math:`J^T C J`.
    What a hole may hide is added pixel by pixel.

    Parameters
    ----------
    stars : `~collections.abc.Iterable` [`FittedPoints`]
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
    for points in stars:
        lights = (_gaussian(y, x, box, width) for _, y, x in points.values)
        if points.covariance is None:
            for flux, (light, _, _) in zip(points.values[:, 0], lights, strict=True):
                variance += (flux * light) ** 2
            continue
        changes: list[np.ndarray] = []
        for flux, (light, rows, columns) in zip(points.values[:, 0], lights, strict=True):
            changes += [light, flux * light * rows / width, flux * light * columns / width]
        variance += np.einsum("iyx,ij,jyx->yx", changes, points.covariance, changes, optimize=True)
    return variance.astype(np.float32)


def told_coverage(stars: Iterable[FittedPoints], coverage: np.ndarray) -> np.ndarray:
    """Return the coverage of an image whose holes stars have filled.

    Parameters
    ----------
    stars : `~collections.abc.Iterable` [`FittedPoints`]
        The points.
    coverage : `numpy.ndarray`
        Share of the weight of all exposures that each pixel has.

    Returns
    -------
    told : `numpy.ndarray`
        The same, and at least 1 in the holes of stars that are accepted: what
        is there is as uncertain as `points_variance` says, not unknown.
    """
    told = coverage.copy()
    for points in stars:
        if points.is_accepted:
            rows, columns = points.hole.T
            told[rows, columns] = np.maximum(told[rows, columns], 1.0)
    return told


def _gaussian(y: float, x: float, box: Box, variance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a Gaussian of unit sum, and the distances from its centre in rows and columns."""
    rows = np.arange(box.y_start, box.y_stop)[:, None] - y
    columns = np.arange(box.x_start, box.x_stop)[None, :] - x
    light = np.exp(-0.5 * (rows**2 + columns**2) / variance) / (2.0 * np.pi * variance)
    return light, rows, columns
