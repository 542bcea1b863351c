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

__all__ = ("completeness_magnitude", "count_false", "detect", "detection_depth")

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from .field_truth import FieldTruth
from .matching import Positions, claim_sources, mirrored, near_source, without_chance

FALSE_RADIUS = 3.0
"""Pixels from any true source beyond which a detection is false."""

MATCH_FWHM = 0.5
"""Distance, in units of the FWHM of the target PSF, within which a detection
and a source are the same where it comes to the depth."""

FALSE_SIGMA = 5.0
"""Threshold, in units of the method's own sky error, for false detections."""

PURITY = 0.95
LADDER = np.geomspace(100.0, 1.0, 95)
"""Thresholds that are tried for the depth, in units of the sky error."""

HOPELESS_PURITY, HOPELESS_COUNT = 0.8, 20
"""Purity, of at least so many detections, below which no lower threshold is
tried."""

COMPLETENESS_WIDTH = 0.2
"""Magnitudes over which the completeness falls from 73 to 27 %, over two."""


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
    return int(np.count_nonzero(~near_source(peaks, Positions(truth.y, truth.x), FALSE_RADIUS)))


def completeness_magnitude(mag: np.ndarray, completeness: float) -> float:
    """Return the magnitude at which half of the sources are detected.

    Parameters
    ----------
    mag : `numpy.ndarray`
        Magnitudes of the true sources.
    completeness : `float`
        Share of them that is detected.

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
    if not len(mag) or not 0.0 < completeness < 1.0:
        return math.nan

    def excess(middle: float) -> float:
        return float(expit((middle - mag) / COMPLETENESS_WIDTH).mean()) - completeness

    # Beyond all sources by so much that the curve is at its ends there.
    far = COMPLETENESS_WIDTH * (20.0 + math.log(len(mag)))
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
        95 % of the detections have a true source within half the FWHM of the
        target PSF, at which most sources are detected; NaN if there is no such
        threshold.

    Notes
    -----
    From both shares, of detections and of sources that have a match, that is
    taken away which has one in the mirrored catalogue, by chance.  The lowest
    of these thresholds is not the best where an image has next to no noise:
    below the light between sources, many of them are one detection.
    """
    best = math.nan
    for threshold in LADDER * sky_error:
        peaks = detect(image, threshold, truth)
        purity = _purity(peaks, truth) if len(peaks.y) else 1.0
        if purity >= PURITY and len(peaks.y):
            best = np.fmax(best, _completeness(peaks, truth))
        elif purity < HOPELESS_PURITY and len(peaks.y) >= HOPELESS_COUNT:
            break
    if math.isnan(best):
        return math.nan
    return completeness_magnitude(truth.mag[truth.on_scored(truth.y, truth.x)], float(best))


def _purity(peaks: Positions, truth: FieldTruth) -> float:
    """Return the share of detections that are sources, chance taken away."""
    radius = MATCH_FWHM * truth.target_fwhm
    sources = Positions(truth.y, truth.x)
    matched, by_chance = (
        float(near_source(peaks, each, radius).mean())
        for each in (sources, mirrored(sources, truth.image.shape))
    )
    return without_chance(matched, by_chance)


def _completeness(peaks: Positions, truth: FieldTruth) -> float:
    """Return the share of sources that are detected, chance taken away."""
    radius = MATCH_FWHM * truth.target_fwhm
    sources = Positions(truth.y, truth.x)
    shares = []
    for each in (sources, mirrored(sources, truth.image.shape)):
        counted = truth.on_scored(each.y, each.x)
        claimed = claim_sources(peaks, each, truth.flux, radius)[counted]
        shares.append(float(claimed.mean()) if claimed.size else 0.0)
    return without_chance(*shares)
