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

"""How well a deconvolved image tells sources from each other, by the truth."""

from __future__ import annotations

__all__ = ("BlendScore", "score_blends")

import dataclasses
import math

import numpy as np

from ..scoreboard.detection import FALSE_SIGMA, PURITY, completeness_magnitude
from ..scoreboard.field_truth import FieldTruth
from ..scoreboard.matching import Positions, claim_sources, mirrored, near_source, without_chance
from .footprints import find_blends, find_peaks
from .images import DeblendingField

THRESHOLDS = np.geomspace(200.0, 0.5, 61)
"""Heights of peaks that are tried for the depth, in standard deviations of the coadd."""

MATCH_RADIUS = 1.0
"""Pixels, half the width of the PSF of the models, within which a peak and a
source are the same."""

FALSE_RADIUS = 3.0
"""Pixels within which a peak has a source."""


@dataclasses.dataclass(frozen=True, eq=False)
class BlendScore:
    """What the deblender gets to work on.

    Parameters
    ----------
    depth : `float`
        AB magnitude of 50 % completeness at a purity of 95 %, both without
        what chance matches; NaN if no threshold is that pure.
    true, false : `int`
        Peaks above 5 standard deviations of the coadd with and without a
        source within 3 pixels.
    areas : `numpy.ndarray`
        Pixels of each footprint that is deblended as one.
    """

    depth: float
    true: int
    false: int
    areas: np.ndarray

    @property
    def largest(self) -> int:
        """Pixels of the largest footprint (`int`)."""
        return int(self.areas.max(initial=0))


def score_blends(image: np.ndarray, field: DeblendingField, truth: FieldTruth) -> BlendScore:
    """Find footprints and peaks on an image, and compare them with the truth.

    Parameters
    ----------
    image : `numpy.ndarray`
        Deconvolved image.
    field : `DeblendingField`
        The coadd and what is detected on it.
    truth : `~benchmarks.scoreboard.field_truth.FieldTruth`
        The true sources.

    Returns
    -------
    score : `BlendScore`
        What came of it.
    """
    significance = image / field.noise
    peaks = _scored(find_peaks(significance, FALSE_SIGMA), truth)
    is_true = near_source(peaks, Positions(truth.y, truth.x), FALSE_RADIUS)
    return BlendScore(
        depth=_depth(significance, truth),
        true=int(is_true.sum()),
        false=int((~is_true).sum()),
        areas=find_blends(significance, field.peaks, field.allowed).areas,
    )


def _scored(peaks: Positions, truth: FieldTruth) -> Positions:
    keep = truth.on_scored(peaks.y, peaks.x)
    return Positions(peaks.y[keep], peaks.x[keep])


def _depth(significance: np.ndarray, truth: FieldTruth) -> float:
    """Return the depth at the best of the thresholds that are pure enough."""
    every = find_peaks(significance, float(THRESHOLDS.min()))
    heights = significance[every.y.astype(int), every.x.astype(int)]
    best = math.nan
    for threshold in THRESHOLDS:
        bright = heights >= threshold
        peaks = _scored(Positions(every.y[bright], every.x[bright]), truth)
        if len(peaks.y) and _purity(peaks, truth) >= PURITY:
            best = float(np.fmax(best, _completeness(peaks, truth)))
    if math.isnan(best):
        return math.nan
    return completeness_magnitude(truth.mag[truth.on_scored(truth.y, truth.x)], best)


def _purity(peaks: Positions, truth: FieldTruth) -> float:
    sources = Positions(truth.y, truth.x)
    both = (sources, mirrored(sources, truth.image.shape))
    return without_chance(*(float(near_source(peaks, each, MATCH_RADIUS).mean()) for each in both))


def _completeness(peaks: Positions, truth: FieldTruth) -> float:
    sources = Positions(truth.y, truth.x)
    shares = []
    for each in (sources, mirrored(sources, truth.image.shape)):
        counted = truth.on_scored(each.y, each.x)
        shares.append(float(claim_sources(peaks, each, truth.flux, MATCH_RADIUS)[counted].mean()))
    return without_chance(*shares)
