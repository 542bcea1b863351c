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

"""Detections: how many are false, and how deep they go."""

from __future__ import annotations

__all__ = (
    "claim_sources",
    "completeness_magnitude",
    "count_false",
    "detect",
    "detection_depth",
    "near_source",
)

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.spatial import cKDTree
from scipy.special import expit

from .field_truth import FieldTruth

MATCH_RADIUS = 3.0
"""Pixels within which a detection and a source are the same."""

FALSE_SIGMA = 5.0
"""Threshold, in units of the method's own sky error, for false detections."""

PURITY = 0.95
LADDER = np.geomspace(100.0, 1.0, 95)
"""Thresholds that are tried for the depth, in units of the sky error."""

HOPELESS_PURITY = 0.8
COMPLETENESS_WIDTH = 0.2
"""Magnitudes over which the completeness falls from 73 to 27 %, over two."""


class Positions(NamedTuple):
    """Rows and columns of some points, each shape ``(n,)``."""

    y: np.ndarray
    x: np.ndarray


def detect(image: np.ndarray, threshold: float, truth: FieldTruth) -> Positions:
    """Return the peaks of all objects above a threshold.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image to search as it is: it is not filtered.
    threshold : `float`
        Least height of a peak, in the unit of ``image``.
    truth : `FieldTruth`
        Tells which pixels are scored.

    Returns
    -------
    peaks : `Positions`
        Of objects that peak on a scored pixel, blends taken apart.
    """
    import sep

    sep.set_extract_pixstack(max(image.size, 300_000))
    sep.set_sub_object_limit(8192)
    pixels = np.ascontiguousarray(image, np.float32)
    found = sep.extract(pixels, threshold, minarea=1, filter_kernel=None, deblend_cont=0.005)
    y, x = np.asarray(found["ypeak"], float), np.asarray(found["xpeak"], float)
    keep = truth.on_scored(y, x)
    return Positions(y[keep], x[keep])


def near_source(peaks: Positions, sources: Positions) -> NDArray[np.bool_]:
    """Return which peaks are within the match radius of any source."""
    return _distances(peaks, sources) < MATCH_RADIUS


def _distances(points: Positions, others: Positions) -> np.ndarray:
    if not len(points.y) or not len(others.y):
        return np.full(len(points.y), math.inf)
    return cKDTree(np.column_stack(others)).query(np.column_stack(points))[0]


def count_false(image: np.ndarray, sky_error: float, truth: FieldTruth) -> int:
    """Return how many detections at 5 sigma have no source.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image.
    sky_error : `float`
        Its own root mean square error in the sky.
    truth : `FieldTruth`
        The true sources.

    Returns
    -------
    count : `int`
        Detections without any true source within 3 pixels.
    """
    peaks = detect(image, FALSE_SIGMA * sky_error, truth)
    return int(np.count_nonzero(~near_source(peaks, Positions(truth.y, truth.x))))


def claim_sources(peaks: Positions, sources: Positions, flux: np.ndarray) -> NDArray[np.bool_]:
    """Return which sources are detected.

    Parameters
    ----------
    peaks, sources : `Positions`
        Detections and true sources.
    flux : `numpy.ndarray`
        True fluxes.

    Returns
    -------
    is_detected : `numpy.ndarray`
        One per source.

    Notes
    -----
    Brightest first, each source takes the nearest detection, within the match
    radius, that is still free: a faint source is not detected because a
    brighter one beside it is.
    """
    is_detected = np.zeros(len(flux), bool)
    if not len(peaks.y):
        return is_detected
    tree = cKDTree(np.column_stack(peaks))
    free = np.ones(len(peaks.y), bool)
    places = np.column_stack(sources)
    for source in np.argsort(-flux, kind="stable"):
        near = [index for index in tree.query_ball_point(places[source], MATCH_RADIUS) if free[index]]
        if near:
            distance = np.hypot(*(tree.data[near] - places[source]).T)
            free[near[int(np.argmin(distance))]] = False
            is_detected[source] = True
    return is_detected


def completeness_magnitude(mag: np.ndarray, is_detected: np.ndarray) -> float:
    """Return the magnitude at which half of the sources are detected.

    Parameters
    ----------
    mag : `numpy.ndarray`
        Magnitudes of the true sources.
    is_detected : `numpy.ndarray`
        Which of them are detected.

    Returns
    -------
    magnitude : `float`
        Middle of the logistic curve of fixed width that is the likeliest; NaN
        where all sources or none are detected.

    Notes
    -----
    With a fixed width the likeliest curve is the one that expects as many
    detections as there are.
    """
    count = int(np.count_nonzero(is_detected))
    if not 0 < count < len(mag):
        return math.nan

    def excess(middle: float) -> float:
        return float(expit((middle - mag) / COMPLETENESS_WIDTH).sum()) - count

    far = 20.0 * COMPLETENESS_WIDTH
    return float(brentq(excess, mag.min() - far, mag.max() + far))


def detection_depth(image: np.ndarray, sky_error: float, truth: FieldTruth) -> float:
    """Return the depth of an image at a purity of 95 %.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image.
    sky_error : `float`
        Its own root mean square error in the sky, the unit of the thresholds.
    truth : `FieldTruth`
        The true sources.

    Returns
    -------
    magnitude : `float`
        Magnitude of 50 % completeness at that threshold, among all at which
        95 % of the detections have a true source within 3 pixels, at which
        most sources are detected; NaN if there is no such threshold.

    Notes
    -----
    The lowest of these thresholds is not the best where an image has next to
    no noise: below the light between sources, many of them are one detection.
    """
    sources = Positions(truth.y, truth.x)
    best = None
    for threshold in LADDER * sky_error:
        peaks = detect(image, threshold, truth)
        purity = near_source(peaks, sources).mean() if len(peaks.y) else 1.0
        if purity >= PURITY and len(peaks.y):
            claimed = claim_sources(peaks, sources, truth.flux)
            if best is None or claimed.sum() > best.sum():
                best = claimed
        elif purity < HOPELESS_PURITY:
            break
    if best is None:
        return math.nan
    on_scored = truth.on_scored(truth.y, truth.x)
    return completeness_magnitude(truth.mag[on_scored], best[on_scored])
