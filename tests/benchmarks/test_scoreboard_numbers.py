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

"""The scoreboard's numbers, against values that are computed by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scoreboard_truths import SIGMA, draw, make_truth, spikes
from small_fields import make_stack

from lsst.acn import gaussian_kernel

# Fields.


def test_fields_cover_what_the_scoreboard_promises() -> None:
    from benchmarks.scoreboard.fields import FIELDS, TUNING_FIELD, quick_fields

    seeds = [field.config.seed for field in (*FIELDS, TUNING_FIELD)]
    assert len(FIELDS) >= 8
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 100_000
    assert min(field.config.conditions.seeing[0] for field in FIELDS) == 0.4
    assert max(field.config.conditions.seeing[1] for field in FIELDS) == 1.3
    assert {0.1, 0.3} < {field.config.pixel_scale for field in FIELDS}
    assert {3, 100} < {field.config.visits for field in FIELDS}
    assert sum(field.is_crowded for field in FIELDS) >= 2
    assert [field.config.box.shape for field in quick_fields()] == [(96, 96)] * 2


def test_field_noise_is_that_of_the_mean_of_all_exposures() -> None:
    from lsst.acn.methods.cross_exposure.family.statistics import typical_noise

    stack, _ = make_stack(n=4, noise=3.0)
    assert typical_noise(stack) == pytest.approx(3.0 / 2.0)


def test_scored_pixels_are_off_the_border_and_mostly_valid() -> None:
    from benchmarks.scoreboard.field_truth import BORDER, scored_pixels

    stack, _ = make_stack(n=4)
    valid = np.ones(stack.image.shape, bool)
    valid[:2, 20, 20] = False
    valid[:1, 20, 21] = False
    scored = scored_pixels(dataclasses.replace(stack, valid=valid))
    assert scored.sum() == (40 - 2 * BORDER) * (48 - 2 * BORDER) - 1
    assert not scored[20, 20]
    assert not scored[BORDER - 1, 20]


def test_pixel_classes_are_cut_in_units_of_the_noise() -> None:
    from benchmarks.scoreboard.field_truth import pixel_classes

    truth = 2.0 * np.array([[0.0, 0.049, 0.07, 0.1, 1.9, 2.0, 19.0, 20.0, 500.0]])
    scored = np.ones(truth.shape, bool)
    scored[0, -1] = False
    classes = pixel_classes(truth, 2.0, scored)
    assert {name: np.flatnonzero(where).tolist() for name, where in classes.items()} == {
        "sky": [0, 1],
        "faint": [3, 4],
        "middle": [5, 6],
        "bright": [7],
    }


# Errors of pixels and fluxes.


def test_errors_of_pixels() -> None:
    from benchmarks.scoreboard.errors_of_pixels import relative_error, rms_error

    truth = np.array([3.0, 4.0, 100.0])
    image = np.array([3.0, 2.0, 0.0])
    where = np.array([True, True, False])
    assert rms_error(image, truth, where) == pytest.approx(math.sqrt(2.0))
    assert relative_error(image, truth, where) == pytest.approx(2.0 / 5.0)
    assert math.isnan(rms_error(image, truth, np.zeros(3, bool)))
    assert math.isnan(relative_error(image, truth, np.zeros(3, bool)))


def test_flux_error_is_relative_to_the_sources_own_flux() -> None:
    from benchmarks.scoreboard.errors_of_pixels import flux_errors

    truth = np.zeros((40, 60))
    truth[20, 20], truth[20, 22], truth[20, 45] = 10.0, 1000.0, 50.0
    image = truth.copy()
    image[20, 20] += 1.0
    image[20, 45] -= 5.0
    errors = flux_errors(image, truth, np.array([20, 20]), np.array([20, 45]), np.array([10.0, 50.0]), 5.0)
    np.testing.assert_allclose(errors, [0.1, -0.1])
    halved = flux_errors(image / 2, truth, np.array([20]), np.array([45]), np.array([50.0]), 5.0, 2.0)
    np.testing.assert_allclose(halved, [-0.1])


def test_aperture_correction_is_the_ratio_of_the_shares_of_light() -> None:
    from benchmarks.scoreboard.errors_of_pixels import aperture_correction, aperture_share

    def share(fwhm: float) -> float:
        return 1.0 - math.exp(-0.5 * (5.0 / (fwhm / 2.3548)) ** 2)

    wide = gaussian_kernel(6.0, 41)
    assert aperture_share(wide, 5.0) == pytest.approx(share(6.0), rel=2e-2)
    assert aperture_share(np.ones((1, 1)), 5.0) == 1.0
    assert aperture_correction(wide, 2.5, 5.0) == pytest.approx(share(2.5) / share(6.0), rel=2e-2)


def test_magnitude_bins_move_with_the_depth() -> None:
    from benchmarks.scoreboard.errors_of_pixels import split_by_magnitude

    mag = np.array([22.9, 23.1, 24.9, 25.1, 25.9, 26.1])
    bins = split_by_magnitude(np.arange(6), mag, 25.3)
    assert {name: values.tolist() for name, values in bins.items()} == {
        "bright": [0],
        "middle": [1, 2],
        "faint": [3, 4],
    }
    assert split_by_magnitude(np.arange(6), mag - 1.0, 24.3)["faint"].tolist() == [3, 4]


def test_robust_width_ignores_one_outlier() -> None:
    from benchmarks.scoreboard.errors_of_pixels import robust_width

    assert robust_width(np.array([4.0, 5.0, 6.0, 4.0, 6.0, 1e9])) == pytest.approx(1.4826, abs=1e-4)
    assert math.isnan(robust_width(np.zeros(0)))


# Detections.


def test_false_detections_have_no_source_within_three_pixels() -> None:
    from benchmarks.scoreboard.detection import count_false

    truth = make_truth(np.zeros((60, 60)), [10.0, 30.0], [10.0, 30.0], [50.0, 50.0])
    image = spikes({(10, 10): 50.0, (30, 32): 40.0, (34, 30): 30.0, (50, 50): 6.0, (50, 20): 4.0})
    assert count_false(image, 1.0, truth) == 2
    assert count_false(image, 2.0, truth) == 1
    truth.scored[50, 50] = False
    assert count_false(image, 1.0, truth) == 1


def test_a_detection_is_claimed_by_one_source_only_and_the_brightest_first() -> None:
    from benchmarks.scoreboard.matching import Positions, claim_sources

    sources = Positions(np.array([10.0, 10.0, 40.0]), np.array([11.0, 10.0, 40.0]))
    flux = np.array([1.0, 9.0, 5.0])
    one = Positions(np.array([10.0]), np.array([11.0]))
    assert claim_sources(one, sources, flux, 3.0).tolist() == [False, True, False]
    two = Positions(np.array([10.0, 12.0]), np.array([10.0, 11.0]))
    assert claim_sources(two, sources, flux, 3.0).tolist() == [True, True, False]
    none = Positions(np.zeros(0), np.zeros(0))
    assert claim_sources(none, sources, flux, 3.0).tolist() == [False, False, False]


def test_completeness_is_half_where_detections_end() -> None:
    from benchmarks.scoreboard.detection import completeness_magnitude

    mag = np.arange(20.0, 26.0, 0.1)
    assert completeness_magnitude(mag, float((mag < 23.95).mean())) == pytest.approx(23.95, abs=1e-3)
    # Of two sources of equal magnitude one is detected.
    assert completeness_magnitude(np.array([24.0, 24.0]), 0.5) == pytest.approx(24.0)
    assert math.isnan(completeness_magnitude(mag, 1.0))
    assert math.isnan(completeness_magnitude(mag, 0.0))


def test_depth_is_taken_at_the_lowest_pure_threshold() -> None:
    from benchmarks.scoreboard.detection import completeness_magnitude, detection_depth

    rows = [10.0 * index for index in range(1, 6)]
    flux = [80.0, 40.0, 20.0, 10.0, 3.0]
    truth = make_truth(np.zeros((60, 60)), rows, [10.0] * 5, flux)
    places = {(int(row), 10): height for row, height in zip(rows, flux, strict=True)}
    clean = spikes(places)
    expected = completeness_magnitude(truth.mag, 4 / 5)
    assert detection_depth(clean, 4.0, truth) == pytest.approx(expected)
    # Speckles of height 5 keep the source of height 3 from being detected purely.
    speckled = clean + spikes({(5 + 5 * index, 40): 5.0 for index in range(10)})
    assert detection_depth(speckled, 1.0, truth) == pytest.approx(expected)
    assert math.isnan(detection_depth(clean, 1.0, truth))
    assert math.isnan(detection_depth(spikes({(30, 40): 50.0}), 1.0, truth))


# Positions and shapes.


def test_adaptive_moments_find_an_elliptical_gaussian() -> None:
    from benchmarks.scoreboard.moments import adaptive_moments, ellipticity

    image = 7.0 * draw((41, 41), 20.3, 19.6, 3.0, 5.0, 1.0)
    moments = adaptive_moments(image, 20.0, 20.0, 1.5)
    np.testing.assert_allclose(moments, [20.3, 19.6, 3.0, 5.0, 1.0], atol=2e-3)
    np.testing.assert_allclose(ellipticity(moments), [0.25, 0.25], atol=1e-3)


def test_adaptive_moments_fail_where_there_is_nothing() -> None:
    from benchmarks.scoreboard.moments import adaptive_moments

    assert math.isnan(adaptive_moments(np.zeros((41, 41)), 20.0, 20.0, 1.5).y)
    far = draw((41, 41), 20.0, 24.0, 2.0, 2.0)
    assert math.isnan(adaptive_moments(far, 20.0, 20.0, 1.5).y)


def test_moments_are_moved_from_psf_to_psf() -> None:
    from benchmarks.scoreboard.moments import Moments, shift_moments

    moved = shift_moments(Moments(1, 2, 9.0, 8.0, 1.0), Moments(0, 0, 4.0, 3.0, 0.5), Moments(0, 0, 1, 1, 0))
    assert moved == Moments(1, 2, 6.0, 6.0, 0.5)


def test_sources_are_isolated_if_their_neighbours_are_faint() -> None:
    from benchmarks.scoreboard.moments import is_isolated

    y, x = np.zeros(4), np.array([0.0, 5.0, 30.0, 50.0])
    assert is_isolated(y, x, np.array([100.0, 4.0, 1.0, 1.0])).tolist() == [True, False, True, True]


def test_shapes_are_compared_with_the_truth_at_the_same_psf() -> None:
    from benchmarks.scoreboard.source_shapes import measure_shapes

    shape = (41, 101)
    star, galaxy = (20.0, 20.0, SIGMA**2, SIGMA**2), (20.0, 70.0, 2.0, 4.0)
    truth_image = 100 * draw(shape, *star) + 100 * draw(shape, *galaxy)
    is_star = np.array([True, False])
    truth = make_truth(truth_image, [20.0, 20.0], [20.0, 70.0], [100.0, 100.0], is_star=is_star)
    moved = 100 * draw(shape, 20.0, 20.25, SIGMA**2, SIGMA**2) + 100 * draw(shape, 20.0, 70.0, 3.0, 4.5)
    errors = measure_shapes(moved, truth)
    np.testing.assert_allclose(errors.position, [[0.0, 0.25]], atol=2e-3)
    np.testing.assert_allclose(errors.true_ellipticity, [[1 / 3, 0.0]], atol=2e-3)
    np.testing.assert_allclose(errors.ellipticity, [[0.2 - 1 / 3, 0.0]], atol=2e-3)
    np.testing.assert_allclose(errors.size, [math.sqrt(7.5 / 6.0) - 1.0], atol=2e-3)
    numbers = errors.numbers()
    assert numbers["ellipticity_bias"] == pytest.approx(-0.4, abs=5e-3)
    empty = measure_shapes(np.zeros(shape), truth)
    assert empty.position.tolist() == [[1.0, 1.0]]
    assert empty.ellipticity.tolist() == [[1.0, 1.0]]
    assert math.isnan(empty.numbers()["size_bias"])


def test_shapes_of_a_coadd_are_corrected_for_its_psf() -> None:
    from benchmarks.scoreboard.source_shapes import measure_shapes

    shape = (61, 61)
    galaxy = np.array([3.0, 4.0])
    image = 100 * draw(shape, 30.0, 30.0, *(galaxy + SIGMA**2))
    truth = make_truth(image, [30.0], [30.0], [100.0], is_star=np.array([False]))
    coadd = 100 * draw(shape, 30.0, 30.0, *(galaxy + 6.25))
    errors = measure_shapes(coadd, truth, gaussian_kernel(2.5 * 2.3548, 31))
    np.testing.assert_allclose(errors.ellipticity, [[0.0, 0.0]], atol=2e-3)
    np.testing.assert_allclose(errors.size, [0.0], atol=2e-3)


def test_spread_is_the_68th_percentile() -> None:
    from benchmarks.scoreboard.source_shapes import spread

    assert spread(np.random.default_rng(0).normal(0, 2.0, 100_000)) == pytest.approx(2.0, abs=0.02)
    assert math.isnan(spread(np.zeros((0, 2))))
