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

"""Footprints and peaks as the deblender of Rubin finds them, in a few lines without it."""

from __future__ import annotations

__all__ = ("Blends", "find_blends", "find_peaks", "smooth")

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, convolve1d, label, maximum_filter

from ..scoreboard.matching import Positions

SPLINE = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
"""Cubic B-spline, with which a starlet transform smooths."""

THRESHOLD = 2.5
"""Height of a smoothed pixel of a footprint, in standard deviations of the
coadd: ``footprintSNRThresh`` is 5, and is compared with twice the height."""

SUPPORT = 3.0
"""Height below which a coefficient counts as noise, in the scatter of all that do."""

SUPPORT_TOLERANCE, SUPPORT_ROUNDS = 0.1, 20
LEAST_AREA = 9
"""``minDeconvolvedArea``: pixels of the smallest footprint."""

GROWTH = 2
"""``growSize``: pixels by which footprints are grown."""

SEPARATION = 4.0
"""Pixels between two peaks; of nearer ones, the brighter is kept."""


@dataclasses.dataclass(frozen=True, eq=False)
class Blends:
    """The footprints of a field, each of which is deblended as one.

    Parameters
    ----------
    labels : `numpy.ndarray`
        Number of the footprint that a pixel belongs to, from 1; 0 for none.
    areas : `numpy.ndarray`
        Pixels of each footprint.
    """

    labels: np.ndarray
    areas: np.ndarray

    @property
    def largest(self) -> int:
        """Pixels of the largest footprint (`int`)."""
        return int(self.areas.max(initial=0))


def smooth(image: np.ndarray) -> np.ndarray:
    """Return what the deblender looks at: an image without its finest scale.

    Parameters
    ----------
    image : `numpy.ndarray`
        In standard deviations of the coadd.

    Returns
    -------
    smoothed : `numpy.ndarray`
        Smoothed by a B-spline, cut to what is no noise, and smoothed again,
        as a starlet transform of the second generation with one scale gives
        it back without that scale.
    """
    coarse = _spline(image)
    return _spline(np.where(_support(coarse), coarse, 0.0))


def find_blends(significance: np.ndarray, peaks: Positions, allowed: np.ndarray) -> Blends:
    """Return the footprints that are deblended.

    Parameters
    ----------
    significance : `numpy.ndarray`
        Deconvolved image in standard deviations of the coadd.
    peaks : `Positions`
        Detections on the coadd; there is a footprint around each.
    allowed : `numpy.ndarray`
        `True` inside the footprints of detections on the coadd, which those
        of the deconvolved image may not leave.

    Returns
    -------
    blends : `Blends`
        Footprints, grown and cut.
    """
    labels, _ = label(smooth(significance) > THRESHOLD)
    area = np.bincount(labels.ravel())
    area[0] = 0
    footprints = area[labels] >= LEAST_AREA
    footprints[peaks.y.astype(int), peaks.x.astype(int)] = True
    rows, columns = np.mgrid[-GROWTH : GROWTH + 1, -GROWTH : GROWTH + 1]
    grown = binary_dilation(footprints, rows**2 + columns**2 <= GROWTH**2)
    labels, _ = label(grown & allowed)
    return Blends(labels, np.bincount(labels.ravel())[1:])


def find_peaks(significance: np.ndarray, threshold: float) -> Positions:
    """Return the peaks of an image.

    Parameters
    ----------
    significance : `numpy.ndarray`
        Image in standard deviations of the coadd.
    threshold : `float`
        Least height of a peak, in the same unit.

    Returns
    -------
    peaks : `Positions`
        Pixels above all of their neighbours, brightest first, and none within
        `SEPARATION` of a brighter one.
    """
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    highest = maximum_filter(significance, footprint=ring, mode="constant", cval=-np.inf)
    y, x = np.nonzero((significance > highest) & (significance >= threshold))
    order = np.argsort(-significance[y, x], kind="stable")
    kept: list[int] = []
    for index in order:
        distance2 = (y[kept] - y[index]) ** 2 + (x[kept] - x[index]) ** 2
        if not (distance2 < SEPARATION**2).any():
            kept.append(int(index))
    return Positions(y[kept].astype(float), x[kept].astype(float))


def _spline(image: np.ndarray) -> np.ndarray:
    for axis in (0, 1):
        image = convolve1d(image, SPLINE, axis=axis, mode="constant")
    return image


def _support(coarse: np.ndarray) -> NDArray[np.bool_]:
    """Return which coefficients are no noise, whose scatter is that of all others."""
    sigma, before = 1.0, 1.0
    for _ in range(SUPPORT_ROUNDS):
        found = np.abs(coarse) > SUPPORT * sigma
        sigma = float(np.where(found, 0.0, coarse).std())
        if sigma == 0.0 or abs(sigma - before) < SUPPORT_TOLERANCE * sigma:
            break
        before = sigma
    return found
