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

"""True and false peaks, and how deep detection goes."""

from __future__ import annotations

__all__ = ("THRESHOLDS", "DetectionScore", "score_detection")

import dataclasses

import numpy as np
from astropy.table import Table

from lsst.acn.simulation import SimulationConfig

from ..scoreboard.detection import completeness_magnitude
from ..scoreboard.matching import Positions, claim_sources, mirrored, near_source, without_chance
from .detection_fields import DetectionImage
from .rubin_detection import EDGE, find_peaks, smoothed_significance

THRESHOLDS = (3.0, 5.0, 10.0)
DEPTH_THRESHOLD = 5.0
MATCH_RADIUS = 3.0
"""Pixels within which a peak and a source are the same."""

GALAXY_RADII = 2.0
"""Half-light radii of a galaxy within which a peak is a part of it."""

PIXEL_SCALE = SimulationConfig().pixel_scale


@dataclasses.dataclass(frozen=True)
class DetectionScore:
    """What detection finds on one image.

    Parameters
    ----------
    true, false : `dict` [`float`, `int`]
        Peaks with and without a source within 3 pixels, by threshold; those
        inside twice the half-light radius of a galaxy, which has knots and
        arms, are true.
    depth : `float`
        AB magnitude of 50 % completeness at 5 sigma, without the matches that
        chance makes; NaN if all sources are found, or none.
    scatter : `float`
        Of the significance, all over the image.
    """

    true: dict[float, int]
    false: dict[float, int]
    depth: float
    scatter: float


def score_detection(image: DetectionImage, catalog: Table) -> DetectionScore:
    """Detect sources on an image, and compare them with the true ones.

    Parameters
    ----------
    image : `DetectionImage`
        The image.
    catalog : `~astropy.table.Table`
        The true sources.

    Returns
    -------
    score : `DetectionScore`
        What came of it.
    """
    significance = smoothed_significance(image.image, image.variance, image.psf)
    sources = Positions(np.asarray(catalog["y"], float), np.asarray(catalog["x"], float))
    true, false, depth = {}, {}, np.nan
    for threshold in THRESHOLDS:
        peaks = Positions(*(each.astype(float) for each in find_peaks(significance, threshold)))
        is_true = near_source(peaks, sources, MATCH_RADIUS) | _inside_galaxy(peaks, catalog)
        true[threshold], false[threshold] = int(is_true.sum()), int((~is_true).sum())
        if threshold == DEPTH_THRESHOLD and len(catalog):
            depth = _depth(peaks, sources, catalog, image.image.shape)
    return DetectionScore(true, false, depth, float(significance[EDGE:-EDGE, EDGE:-EDGE].std()))


def _inside_galaxy(peaks: Positions, catalog: Table) -> np.ndarray:
    """Return which peaks are in the light of a galaxy."""
    inside = np.zeros(len(peaks.y), bool)
    for row in catalog:
        reach = GALAXY_RADII * row["half_light_radius"] / PIXEL_SCALE
        inside |= np.hypot(peaks.y - row["y"], peaks.x - row["x"]) < reach
    return inside


def _depth(peaks: Positions, sources: Positions, catalog: Table, shape: tuple[int, ...]) -> float:
    """Return the magnitude of 50 % completeness, chance matches taken off."""
    flux, inside = np.asarray(catalog["flux"]), _on_image(sources, shape)
    matched, by_chance = (
        float(claim_sources(each, sources, flux, MATCH_RADIUS)[inside].mean())
        for each in (peaks, mirrored(peaks, shape))
    )
    return completeness_magnitude(np.asarray(catalog["mag"])[inside], without_chance(matched, by_chance))


def _on_image(sources: Positions, shape: tuple[int, ...]) -> np.ndarray:
    y, x = sources
    return (y >= EDGE) & (y < shape[0] - EDGE) & (x >= EDGE) & (x < shape[1] - EDGE)
