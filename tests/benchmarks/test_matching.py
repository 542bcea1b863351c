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

"""Matches of detections and sources, and those that are by chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scoreboard_truths import make_truth, spikes

SHAPE = (200, 200)


def draw_positions(rng: np.random.Generator, count: int) -> Any:
    """Return random positions on a field of `SHAPE`."""
    from benchmarks.scoreboard.matching import Positions

    return Positions(*rng.uniform(0.0, 199.0, (2, count)))


def shares(peaks: Any, sources: Any, radius: float) -> tuple[float, float]:
    """Return the corrected shares of detections and of sources that match."""
    from benchmarks.scoreboard.matching import claim_sources, mirrored, near_source, without_chance

    flux = np.ones(len(sources.y))
    both = sources, mirrored(sources, SHAPE)
    purity = [float(near_source(peaks, each, radius).mean()) for each in both]
    completeness = [float(claim_sources(peaks, each, flux, radius).mean()) for each in both]
    return without_chance(*purity), without_chance(*completeness)


def test_mirroring_twice_changes_nothing() -> None:
    from benchmarks.scoreboard.matching import Positions, mirrored

    one = mirrored(Positions(np.array([0.0, 3.5]), np.array([9.0, 1.0])), (5, 10))
    np.testing.assert_allclose(one, [[4.0, 0.5], [0.0, 8.0]])
    np.testing.assert_allclose(mirrored(one, (5, 10)), [[0.0, 3.5], [9.0, 1.0]])


def test_chance_matches_of_random_catalogues_subtract_to_zero() -> None:
    from benchmarks.scoreboard.matching import near_source

    rng = np.random.default_rng(1)
    corrected, raw = [], []
    for _ in range(20):
        peaks, sources = draw_positions(rng, 800), draw_positions(rng, 1000)
        corrected.append(shares(peaks, sources, 3.0))
        raw.append(near_source(peaks, sources, 3.0).mean())
    # Nearly half of them have a neighbour, and none of these is a match.
    assert np.mean(raw) > 0.4
    assert np.abs(np.mean(corrected, axis=0)).max() < 0.03


@pytest.mark.parametrize("found", [0.0, 0.3, 0.5, 1.0])
def test_what_is_found_is_what_is_left_after_the_correction(found: float) -> None:
    from benchmarks.scoreboard.matching import Positions

    rng = np.random.default_rng(2)
    results = []
    for _ in range(20):
        sources, false = draw_positions(rng, 600), draw_positions(rng, 600)
        count = round(600 * found)
        peaks = Positions(
            *(np.concatenate([s[:count], f[count:]]) for s, f in zip(sources, false, strict=True))
        )
        results.append(shares(peaks, sources, 1.25))
    np.testing.assert_allclose(np.mean(results, axis=0), found, atol=0.02)


def test_shares_never_fall_below_zero() -> None:
    from benchmarks.scoreboard.matching import without_chance

    assert without_chance(0.1, 0.2) == 0.0
    assert without_chance(1.0, 1.0) == 0.0
    assert without_chance(0.6, 0.2) == pytest.approx(0.5)


def test_the_depth_counts_matches_within_half_the_target_fwhm() -> None:
    from benchmarks.scoreboard.detection import detection_depth

    rows, flux = [10.0, 20.0, 30.0, 40.0], [40.0, 30.0, 20.0, 3.0]
    truth = make_truth(np.zeros((60, 60)), rows, [10.0] * 4, flux)
    near = spikes({(int(row) + 1, 10): height for row, height in zip(rows, flux, strict=True)})
    far = spikes({(int(row) + 2, 10): height for row, height in zip(rows, flux, strict=True)})
    assert math.isfinite(detection_depth(near, 4.0, truth))
    assert math.isnan(detection_depth(far, 4.0, truth))


def test_a_crowd_that_is_elsewhere_has_no_depth() -> None:
    from benchmarks.scoreboard.detection import detection_depth

    rng = np.random.default_rng(3)
    truth = make_truth(
        np.zeros(SHAPE), *rng.uniform(0, 199, (2, 1500)).tolist(), rng.uniform(5, 50, 1500).tolist()
    )
    places = {(int(y), int(x)): 20.0 for y, x in rng.uniform(0, 199, (1500, 2))}
    assert math.isnan(detection_depth(spikes(places, SHAPE), 1.0, truth))
