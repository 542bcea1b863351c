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

"""Numbers of imperfect exposures, against errors that are planted."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scoreboard_truths import SIGMA, draw, make_truth

from lsst.acn import gaussian_kernel

SHAPE = (90, 200)
STARS = {"bright stars": 23.0, "middle stars": 25.0, "faint stars": 26.9}
"""Magnitudes where the depth is 26.5."""

DEPTH = 26.5


def flux_of(mag: float) -> float:
    """Return the flux in the unit of `make_truth`."""
    return float(10.0 ** (-0.4 * (mag - 27.0)))


def make_field(factors: dict[str, float]) -> tuple[np.ndarray, Any]:
    """Return an image of stars whose fluxes are wrong by a factor, and the truth."""
    places = {name: (20.0 + 25.0 * row, 30.0) for row, name in enumerate(STARS)}
    image, right = np.zeros(SHAPE), np.zeros(SHAPE)
    y, x, mags = [], [], []
    for name, mag in STARS.items():
        for column in range(5):
            place = places[name][0], places[name][1] + 30.0 * column
            star = flux_of(mag) * draw(SHAPE, *place, SIGMA**2, SIGMA**2)
            right += star
            image += factors.get(name, 1.0) * star
            y, x, mags = [*y, place[0]], [*x, place[1]], [*mags, mag]
    truth = make_truth(right, y, x, [flux_of(mag) for mag in mags], depth=DEPTH)
    return image, truth


def restored(image: np.ndarray, **changes: Any) -> Any:
    """Return an image as a method hands it in."""
    from benchmarks.peers.restored import Restored

    return Restored("any", image, 1.0, 1.0, **changes)


# Fluxes.


def test_a_flux_bias_that_is_planted_is_found_in_its_class() -> None:
    from benchmarks.imperfect.flux_classes import flux_biases

    image, truth = make_field({"faint stars": 0.9, "middle stars": 1.02})
    biases = flux_biases(restored(image), truth)
    assert {name: len(values) for name, values in biases.items() if len(values)} == dict.fromkeys(STARS, 5)
    assert np.median(biases["bright stars"]) == pytest.approx(0.0, abs=1e-6)
    assert np.median(biases["middle stars"]) == pytest.approx(0.02, abs=1e-6)
    assert np.median(biases["faint stars"]) == pytest.approx(-0.1, abs=1e-3)


def test_a_coadd_is_corrected_for_its_psf() -> None:
    from benchmarks.imperfect.flux_classes import flux_biases

    variance = (5.0 / 2.3548) ** 2
    star = 1000.0 * draw(SHAPE, 40.0, 100.0, SIGMA**2, SIGMA**2)
    truth = make_truth(star, [40.0], [100.0], [1000.0], depth=DEPTH)
    coadd = 1000.0 * draw(SHAPE, 40.0, 100.0, variance, variance)
    biases = flux_biases(restored(coadd, psf=gaussian_kernel(5.0, 41)), truth)
    np.testing.assert_allclose(biases["bright stars"], [0.0], atol=2e-3)


def test_a_sources_error_is_not_diluted_by_its_neighbour() -> None:
    from benchmarks.imperfect.flux_classes import flux_biases

    bright, faint = (
        flux * draw(SHAPE, 40.0, x, SIGMA**2, SIGMA**2) for flux, x in ((1e4, 100.0), (5.0, 103.0))
    )
    truth = make_truth(bright + faint, [40.0, 40.0], [100.0, 103.0], [1e4, 5.0], depth=25.0)
    biases = flux_biases(restored(bright + 0.5 * faint), truth)
    np.testing.assert_allclose(biases["faint stars"], [-0.5], atol=0.01)


def test_galaxies_of_low_surface_brightness_are_a_class_of_their_own() -> None:
    from benchmarks.imperfect.flux_classes import LOW_SURFACE_BRIGHTNESS, flux_classes

    # Mean surface brightness inside 2 arcsec: 7 mag fainter less 2.5 lg(pi / 50).
    mag = np.array([24.0, 22.0, 26.6])
    truth = make_truth(
        np.zeros(SHAPE), [30.0] * 3, [30.0, 60.0, 90.0], [1.0] * 3,
        mag=mag, is_star=np.zeros(3, bool), half_light_radius=np.array([2.0, 2.0, 0.5]), depth=DEPTH,
    )  # fmt: skip
    classes = {name: np.flatnonzero(where).tolist() for name, where in flux_classes(truth).items()}
    assert classes[LOW_SURFACE_BRIGHTNESS] == [0]
    assert classes["bright galaxies"] == [1]
    assert classes["faint galaxies"] == [2]


# The sky.


def test_mean_and_scatter_of_the_sky_that_are_planted_are_found() -> None:
    from benchmarks.scoreboard.errors_of_pixels import sky_errors

    rng = np.random.default_rng(1)
    truth = rng.uniform(size=(300, 300))
    where = np.ones(truth.shape, bool)
    where[:100] = False
    image = truth + 2.0 * (0.3 + 0.5 * rng.normal(size=truth.shape))
    image[:100] += 1e3
    errors = sky_errors(image, truth, where, 2.0)
    assert errors["sky_mean"] == pytest.approx(0.3, abs=0.01)
    assert errors["sky_scatter"] == pytest.approx(0.5, abs=0.01)
    assert errors["sky"] ** 2 == pytest.approx(errors["sky_mean"] ** 2 + errors["sky_scatter"] ** 2)
    assert all(map(math.isnan, sky_errors(image, truth, ~np.ones_like(where), 2.0).values()))


def test_without_any_sky_there_is_no_depth() -> None:
    from benchmarks.scoreboard.score import detection_numbers

    image, truth = make_field({})
    numbers = detection_numbers(restored(image + 5.0), dataclasses.replace(truth, image=truth.image + 5.0))
    assert all(map(math.isnan, numbers.values()))


# Pulls.


def test_pulls_are_told_apart_by_class_and_outliers_are_counted() -> None:
    from benchmarks.scoreboard.pulls import pull_numbers

    rng = np.random.default_rng(2)
    level = np.zeros((300, 300))
    level[100:200], level[200:] = 1.0, 50.0
    truth = make_truth(level, [], [], [])
    sigma = np.where(level == 50.0, 3.0, np.where(level == 1.0, 1.5, 0.5))
    image = level + sigma * rng.normal(size=level.shape)
    image[:3] += 100.0
    numbers = pull_numbers(restored(image, variance=np.ones(level.shape)), truth)
    assert numbers["width_sky"] == pytest.approx(0.5, abs=0.03)
    assert numbers["width_bright"] == pytest.approx(3.0, abs=0.06)
    assert 1.5 < numbers["width_sources"] < 3.0
    assert numbers["beyond_sky"] == pytest.approx(0.03)
    assert numbers["beyond_bright"] == pytest.approx(math.erfc(5.0 / 3.0 / math.sqrt(2.0)), abs=0.01)
    assert pull_numbers(restored(image), truth) == {}


def test_a_variance_of_zero_is_beyond_every_limit() -> None:
    from benchmarks.scoreboard.pulls import pull_numbers

    truth = make_truth(np.zeros((20, 20)), [], [], [])
    variance = np.ones((20, 20))
    variance[:10] = np.nan
    assert pull_numbers(restored(np.zeros((20, 20)), variance=variance), truth)["beyond_sky"] == 0.5


def test_detections_in_pure_noise_are_counted_by_the_variance_plane() -> None:
    from benchmarks.imperfect.imperfect_score import pool, score_imperfect

    empty = make_truth(np.zeros((100, 100)), [], [], [])
    image = np.zeros((100, 100))
    image[20, 20], image[50, 70], image[80, 10] = 6.0, 4.0, 11.0
    flat = score_imperfect(restored(image, variance=np.ones(image.shape)), empty)
    doubled = score_imperfect(restored(image, variance=np.full(image.shape, 4.0)), empty)
    assert flat.numbers["noise_detections"] == 2.0
    assert doubled.numbers["noise_detections"] == 1.0
    pooled = pool([flat, doubled])
    assert pooled["noise_detections"] == pytest.approx(3.0 / 0.02)
    assert pooled["megapixels"] == pytest.approx(0.02)


# Saturated stars.


def test_saturated_stars_are_those_that_no_exposure_shows() -> None:
    from benchmarks.imperfect.saturated import saturated_stars

    image, truth = make_field({"bright stars": 0.72})
    unseen = np.zeros(SHAPE, bool)
    unseen[18:23, 28:33] = True
    hidden = dataclasses.replace(truth, unseen=unseen)
    claimed = flux_of(23.0) * 0.01
    variance = np.full(SHAPE, claimed**2 / (math.pi * 3.75**2))
    samples = saturated_stars(restored(image, variance=variance), hidden)
    np.testing.assert_allclose(samples["saturated_ratio"], [0.72], atol=1e-6)
    np.testing.assert_allclose(samples["saturated_pull"], [-28.0], rtol=1e-2)
    assert saturated_stars(restored(image), truth)["saturated_ratio"].size == 0


# Rows.


def test_samples_of_all_fields_are_pooled() -> None:
    from benchmarks.imperfect.imperfect_score import FieldScore, pool
    from benchmarks.imperfect.targets import median_error

    numbers = pool(
        [
            FieldScore({"sky": 1.0, "depth": math.nan}, {"faint stars": np.array([0.1, 0.2])}),
            FieldScore({"sky": 3.0, "depth": 26.0}, {"faint stars": np.array([0.3])}),
        ]
    )
    assert numbers["sky"] == 2.0
    assert numbers["depth"] == 26.0
    assert numbers["median_faint stars"] == 0.2
    assert numbers["count_faint stars"] == 3
    assert numbers["largest_faint stars"] == pytest.approx(0.3)
    assert median_error(numbers, "faint stars") == pytest.approx(0.14826 * math.sqrt(math.pi / 6.0), rel=1e-4)
    assert math.isnan(median_error(numbers, "middle stars"))
