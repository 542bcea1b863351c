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

"""The scoreboard's figures, against values that are computed by hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from small_fields import make_stack

from lsst.acn import Box, gaussian_kernel
from lsst.acn.simulation import SceneConfig, SimulationConfig

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SIGMA = 2.5 / 2.3548200450309493


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modules of the folder ``benchmarks`` be imported."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def make_truth() -> Any:
    """Return a function that makes a field of sources of height 1 to 1000."""
    from field_truth import FieldTruth

    def make(image: np.ndarray, y: list[float], x: list[float], flux: list[float], **changes: Any) -> Any:
        values = np.array(flux, float)
        return FieldTruth(
            **{
                "image": image,
                "noise": 1.0,
                "scored": np.ones(image.shape, bool),
                "target_fwhm": 2.5,
                "depth": 25.0,
                "y": np.array(y, float),
                "x": np.array(x, float),
                "flux": values,
                "mag": 27.0 - 2.5 * np.log10(values),
                "is_star": np.ones(len(values), bool),
            }
            | changes
        )

    return make


def draw(shape: tuple[int, int], y: float, x: float, yy: float, xx: float, xy: float = 0.0) -> np.ndarray:
    """Return an elliptical Gaussian of unit flux."""
    rows, columns = np.indices(shape)
    offset = np.stack([rows - y, columns - x])
    covariance = np.array([[yy, xy], [xy, xx]])
    exponent = np.einsum("inm,ij,jnm->nm", offset, np.linalg.inv(covariance), offset)
    return np.exp(-0.5 * exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))


# Fields.


def test_fields_cover_what_the_scoreboard_promises() -> None:
    from fields import FIELDS, TUNING_FIELD, quick_fields

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
    from field_truth import field_noise

    stack, _ = make_stack(n=4, noise=3.0)
    assert field_noise(stack) == pytest.approx(3.0 / 2.0)


def test_scored_pixels_are_off_the_border_and_mostly_valid() -> None:
    from field_truth import BORDER, scored_pixels

    stack, _ = make_stack(n=4)
    valid = np.ones(stack.image.shape, bool)
    valid[:2, 20, 20] = False
    valid[:1, 20, 21] = False
    scored = scored_pixels(dataclasses.replace(stack, valid=valid))
    assert scored.sum() == (40 - 2 * BORDER) * (48 - 2 * BORDER) - 1
    assert not scored[20, 20]
    assert not scored[BORDER - 1, 20]


def test_pixel_classes_are_cut_in_units_of_the_noise() -> None:
    from field_truth import pixel_classes

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
    from errors_of_pixels import relative_error, rms_error

    truth = np.array([3.0, 4.0, 100.0])
    image = np.array([3.0, 2.0, 0.0])
    where = np.array([True, True, False])
    assert rms_error(image, truth, where) == pytest.approx(math.sqrt(2.0))
    assert relative_error(image, truth, where) == pytest.approx(2.0 / 5.0)
    assert math.isnan(rms_error(image, truth, np.zeros(3, bool)))
    assert math.isnan(relative_error(image, truth, np.zeros(3, bool)))


def test_flux_error_is_relative_to_the_sources_own_flux() -> None:
    from errors_of_pixels import flux_errors

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
    from errors_of_pixels import aperture_correction, aperture_share

    def share(fwhm: float) -> float:
        return 1.0 - math.exp(-0.5 * (5.0 / (fwhm / 2.3548)) ** 2)

    wide = gaussian_kernel(6.0, 41)
    assert aperture_share(wide, 5.0) == pytest.approx(share(6.0), rel=2e-2)
    assert aperture_share(np.ones((1, 1)), 5.0) == 1.0
    assert aperture_correction(wide, 2.5) == pytest.approx(share(2.5) / share(6.0), rel=2e-2)


def test_magnitude_bins_move_with_the_depth() -> None:
    from errors_of_pixels import split_by_magnitude

    mag = np.array([22.9, 23.1, 24.9, 25.1, 25.9, 26.1])
    bins = split_by_magnitude(np.arange(6), mag, 25.3)
    assert {name: values.tolist() for name, values in bins.items()} == {
        "bright": [0],
        "middle": [1, 2],
        "faint": [3, 4],
    }
    assert split_by_magnitude(np.arange(6), mag - 1.0, 24.3)["faint"].tolist() == [3, 4]


def test_robust_width_ignores_one_outlier() -> None:
    from errors_of_pixels import robust_width

    assert robust_width(np.array([4.0, 5.0, 6.0, 4.0, 6.0, 1e9])) == pytest.approx(1.4826, abs=1e-4)
    assert math.isnan(robust_width(np.zeros(0)))


# Detections.


def spikes(places: dict[tuple[int, int], float], shape: tuple[int, int] = (60, 60)) -> np.ndarray:
    """Return an empty sky with some bright pixels."""
    image = np.zeros(shape, np.float32)
    for place, height in places.items():
        image[place] = height
    return image


def test_false_detections_have_no_source_within_three_pixels(make_truth: Any) -> None:
    from detection import count_false

    truth = make_truth(np.zeros((60, 60)), [10.0, 30.0], [10.0, 30.0], [50.0, 50.0])
    image = spikes({(10, 10): 50.0, (30, 32): 40.0, (34, 30): 30.0, (50, 50): 6.0, (50, 20): 4.0})
    assert count_false(image, 1.0, truth) == 2
    assert count_false(image, 2.0, truth) == 1
    truth.scored[50, 50] = False
    assert count_false(image, 1.0, truth) == 1


def test_a_detection_is_claimed_by_one_source_only_and_the_brightest_first() -> None:
    from detection import Positions, claim_sources

    sources = Positions(np.array([10.0, 10.0, 40.0]), np.array([11.0, 10.0, 40.0]))
    flux = np.array([1.0, 9.0, 5.0])
    one = Positions(np.array([10.0]), np.array([11.0]))
    assert claim_sources(one, sources, flux).tolist() == [False, True, False]
    two = Positions(np.array([10.0, 12.0]), np.array([10.0, 11.0]))
    assert claim_sources(two, sources, flux).tolist() == [True, True, False]
    none = Positions(np.zeros(0), np.zeros(0))
    assert claim_sources(none, sources, flux).tolist() == [False, False, False]


def test_completeness_is_half_where_detections_end() -> None:
    from detection import completeness_magnitude

    mag = np.arange(20.0, 26.0, 0.1)
    assert completeness_magnitude(mag, mag < 23.95) == pytest.approx(23.95, abs=1e-3)
    # Of two sources of equal magnitude one is detected.
    assert completeness_magnitude(np.array([24.0, 24.0]), np.array([True, False])) == pytest.approx(24.0)
    assert math.isnan(completeness_magnitude(mag, np.ones(len(mag), bool)))
    assert math.isnan(completeness_magnitude(mag, np.zeros(len(mag), bool)))


def test_depth_is_taken_at_the_lowest_pure_threshold(make_truth: Any) -> None:
    from detection import completeness_magnitude, detection_depth

    rows = [10.0 * index for index in range(1, 6)]
    flux = [80.0, 40.0, 20.0, 10.0, 3.0]
    truth = make_truth(np.zeros((60, 60)), rows, [10.0] * 5, flux)
    places = {(int(row), 10): height for row, height in zip(rows, flux, strict=True)}
    clean = spikes(places)
    expected = completeness_magnitude(truth.mag, np.array([True, True, True, True, False]))
    assert detection_depth(clean, 4.0, truth) == pytest.approx(expected)
    # Speckles of height 5 keep the source of height 3 from being detected purely.
    speckled = clean + spikes({(5 + 5 * index, 40): 5.0 for index in range(10)})
    assert detection_depth(speckled, 1.0, truth) == pytest.approx(expected)
    assert math.isnan(detection_depth(clean, 1.0, truth))
    assert math.isnan(detection_depth(spikes({(30, 40): 50.0}), 1.0, truth))


# Positions and shapes.


def test_adaptive_moments_find_an_elliptical_gaussian() -> None:
    from moments import adaptive_moments, ellipticity

    image = 7.0 * draw((41, 41), 20.3, 19.6, 3.0, 5.0, 1.0)
    moments = adaptive_moments(image, 20.0, 20.0, 1.5)
    np.testing.assert_allclose(moments, [20.3, 19.6, 3.0, 5.0, 1.0], atol=2e-3)
    np.testing.assert_allclose(ellipticity(moments), [0.25, 0.25], atol=1e-3)


def test_adaptive_moments_fail_where_there_is_nothing() -> None:
    from moments import adaptive_moments

    assert math.isnan(adaptive_moments(np.zeros((41, 41)), 20.0, 20.0, 1.5).y)
    far = draw((41, 41), 20.0, 24.0, 2.0, 2.0)
    assert math.isnan(adaptive_moments(far, 20.0, 20.0, 1.5).y)


def test_moments_are_moved_from_psf_to_psf() -> None:
    from moments import Moments, shift_moments

    moved = shift_moments(Moments(1, 2, 9.0, 8.0, 1.0), Moments(0, 0, 4.0, 3.0, 0.5), Moments(0, 0, 1, 1, 0))
    assert moved == Moments(1, 2, 6.0, 6.0, 0.5)


def test_sources_are_isolated_if_their_neighbours_are_faint() -> None:
    from moments import is_isolated

    y, x = np.zeros(4), np.array([0.0, 5.0, 30.0, 50.0])
    assert is_isolated(y, x, np.array([100.0, 4.0, 1.0, 1.0])).tolist() == [True, False, True, True]


def test_shapes_are_compared_with_the_truth_at_the_same_psf(make_truth: Any) -> None:
    from source_shapes import measure_shapes

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
    figures = errors.figures()
    assert figures["ellipticity_bias"] == pytest.approx(-0.4, abs=5e-3)
    empty = measure_shapes(np.zeros(shape), truth)
    assert empty.position.tolist() == [[1.0, 1.0]]
    assert empty.ellipticity.tolist() == [[1.0, 1.0]]
    assert math.isnan(empty.figures()["size_bias"])


def test_shapes_of_a_coadd_are_corrected_for_its_psf(make_truth: Any) -> None:
    from source_shapes import measure_shapes

    shape = (61, 61)
    galaxy = np.array([3.0, 4.0])
    image = 100 * draw(shape, 30.0, 30.0, *(galaxy + SIGMA**2))
    truth = make_truth(image, [30.0], [30.0], [100.0], is_star=np.array([False]))
    coadd = 100 * draw(shape, 30.0, 30.0, *(galaxy + 6.25))
    errors = measure_shapes(coadd, truth, gaussian_kernel(2.5 * 2.3548, 31))
    np.testing.assert_allclose(errors.ellipticity, [[0.0, 0.0]], atol=2e-3)
    np.testing.assert_allclose(errors.size, [0.0], atol=2e-3)


def test_spread_is_the_68th_percentile() -> None:
    from source_shapes import spread

    assert spread(np.random.default_rng(0).normal(0, 2.0, 100_000)) == pytest.approx(2.0, abs=0.02)
    assert math.isnan(spread(np.zeros((0, 2))))


# The row of a method.


def test_score_of_the_truth_is_perfect_and_its_variance_is_judged(make_truth: Any) -> None:
    from score import Restored, score, summarize

    rng = np.random.default_rng(3)
    image = 3000 * draw((80, 80), 30.0, 30.0, SIGMA**2, SIGMA**2)
    truth = make_truth(image, [30.0], [30.0], [3000.0])
    noisy = image + 0.2 * rng.normal(size=image.shape)
    result = score(Restored("any", noisy, 2.0, 3.0, variance=np.full(image.shape, 0.01)), truth)
    assert result.figures["sky"] == pytest.approx(0.2, rel=0.05)
    assert result.figures["width_sky"] == pytest.approx(2.0, rel=0.05)
    assert result.figures["width_sources"] == pytest.approx(2.0, rel=0.2)
    assert result.figures["false"] == 0
    perfect = summarize([score(Restored("any", image, 2.0, 3.0), truth)])
    assert [perfect[name] for name in ("sky", "faint", "middle", "bright")] == [0.0] * 4
    assert perfect["flux_bright"] == 0.0
    assert perfect["count_bright"] == 1
    assert perfect["position"] < 1e-3


def test_a_detection_image_is_judged_for_detection_alone(make_truth: Any) -> None:
    from score import Restored, score

    truth = make_truth(np.zeros((60, 60)), [30.0], [30.0], [100.0])
    result = score(Restored("any", spikes({(30, 30): 9.0}), 1.0, 1.0, is_detection_image=True), truth)
    assert result.flux == {}
    assert set(result.figures) == {"seconds", "variance_seconds", "memory", "false", "depth"}


def make_score(**figures: float) -> Any:
    """Return a score of which nothing is known but some figures."""
    from score import Score

    return Score({"seconds": 1.0, "memory": 1.0, "depth": 25.0, "false": 0.0} | figures)


def test_means_pool_the_sources_of_all_fields() -> None:
    from score import summarize

    one = dataclasses.replace(
        make_score(sky=1.0, memory=5.0, depth=math.nan), flux={"bright": np.array([0.1])}
    )
    two = dataclasses.replace(
        make_score(sky=3.0, memory=2.0, depth=26.0), flux={"bright": np.array([0.2, 0.3])}
    )
    figures = summarize([one, two])
    assert figures["sky"] == 2.0
    assert figures["memory"] == 5.0
    assert figures["depth"] == 26.0
    assert figures["flux_bright"] == 0.2
    assert figures["count_bright"] == 3
    assert figures["scatter_bright"] == pytest.approx(0.14826, abs=1e-4)
    assert math.isnan(figures["flux_faint"])


# Targets and tables.


def make_scores(**ours: float) -> dict[str, dict[str, Any]]:
    """Return a scoreboard of one field."""
    errors = dict.fromkeys(("sky", "faint", "middle", "bright"), 1.0)
    return {
        "field": {
            "coadd, matched filter": make_score(depth=25.0),
            "ImageMM 150": make_score(**errors, false=10.0, seconds=2.0),
            "STARRED": make_score(**errors),
            "cross-exposure, trained": make_score(
                **{**dict.fromkeys(errors, 0.2), "false": 1.0, "seconds": 6.0, "depth": 25.1, **ours}
            ),
        }
    }


def verdict_on(scores: dict[str, dict[str, Any]], start: str) -> Any:
    """Return the first verdict whose target begins with some words."""
    from targets import judge

    return next(verdict for verdict in judge(scores, []) if verdict.target.startswith(start))


@pytest.mark.parametrize(
    ("start", "measured", "change"),
    [
        ("sky error", 0.2, {"sky": 0.26}),
        ("bright error", 0.2, {"bright": 0.61}),
        ("false detections", 0.1, {"false": 2.0}),
        ("time", 3.0, {"seconds": 6.1}),
        ("depth less", 0.1, {"depth": 24.9}),
        ("largest error / STARRED", 0.2, {"faint": 1.1}),
    ],
)
def test_targets_are_met_up_to_their_limit(start: str, measured: float, change: dict[str, float]) -> None:
    verdict = verdict_on(make_scores(), start)
    assert verdict.measured == pytest.approx(measured)
    assert verdict.is_met
    assert not verdict_on(make_scores(**change), start).is_met


def test_what_was_not_measured_is_not_met() -> None:
    assert not verdict_on(make_scores(depth=math.nan), "depth less").is_met
    assert not verdict_on(make_scores(), "largest error / paper's network").is_met


def test_ratios_of_errors_are_means_over_fields() -> None:
    scores = make_scores() | {"other": make_scores(sky=40.0)["field"]}
    scores["other"]["ImageMM 150"].figures["sky"] = 100.0
    verdict = verdict_on(scores, "sky error")
    assert verdict.measured == pytest.approx(0.3)
    assert verdict.worst == pytest.approx(0.4)


def test_the_table_has_every_method_and_says_why_one_is_missing() -> None:
    from fields import FIELDS
    from scoreboard_tables import format_scoreboard

    field = dataclasses.replace(FIELDS[0], name="field")
    methods = ["ImageMM 150", "cross-exposure, trained", "Elsewhere"]
    settings = {"title": "Title", "threads": 2, "fwhm": 2.5, "strength": 1.0, "iterations": 10}
    text = format_scoreboard([field], methods, make_scores(), {"field": {"Elsewhere": "not here"}}, settings)
    assert text.count("| Elsewhere | not here |") == 2
    assert text.count("| ImageMM 150 | 1.000 |") == 2
    # Each row of a table has as many cells as its head.
    widths: dict[int, set[int]] = {}
    for number, line in enumerate(text.splitlines()):
        if line.startswith("|"):
            start = next(n for n in range(number, -1, -1) if not text.splitlines()[n].startswith("|"))
            widths.setdefault(start, set()).add(line.count(" |"))
    assert all(len(counts) == 1 for counts in widths.values())


# Running.


def test_cost_sees_time_and_memory() -> None:
    from cost import Cost

    with Cost() as cost:
        block = np.ones(8 * 2**20)
    assert block.nbytes == 64 * 2**20
    assert cost.seconds > 0
    assert 40 < cost.peak_mib < 200
    seconds = cost.seconds
    with cost:
        pass
    assert cost.seconds > seconds
    assert cost.peak_mib > 40


def test_image_mm_goes_on_from_where_it_stopped() -> None:
    from classic_peers import image_mm_updates

    stack, _ = make_stack()
    in_steps = list(image_mm_updates(stack, 2.5, (2, 5)))
    (at_once,) = image_mm_updates(stack, 2.5, (5,))
    assert [each.method for each in in_steps] == ["ImageMM 2", "ImageMM 5"]
    np.testing.assert_allclose(in_steps[1].image, at_once.image, rtol=1e-5, atol=1e-4)
    assert in_steps[1].seconds > in_steps[0].seconds


def test_richardson_lucy_sharpens_the_coadd_and_keeps_its_flux() -> None:
    from classic_peers import coadd, richardson_lucy

    stack, _ = make_stack(noise=0.1)
    blurred, filtered = coadd(stack)
    (sharp,) = richardson_lucy(stack, 2.5, 20)
    assert sharp.image.max() > 1.05 * blurred.image.max()
    assert sharp.image.sum() == pytest.approx(blurred.image.sum(), rel=0.05)
    assert filtered.is_detection_image
    assert filtered.image.shape == blurred.image.shape == stack.shape


def test_narrow_kernels_and_the_target_psf_make_the_psf() -> None:
    from scipy.signal import fftconvolve
    from starred_peer import narrow_kernels

    psf = gaussian_kernel(4.0, 31)
    narrow = narrow_kernels(psf[None], 2.5)[0]
    np.testing.assert_allclose(fftconvolve(narrow, gaussian_kernel(2.5), mode="same"), psf, atol=2e-4)
    assert np.unravel_index(narrow.argmax(), narrow.shape) == (15, 15)


def test_network_configs_are_those_of_the_package() -> None:
    from networks import PAPER, SHIPPED, TRAINED, network_config

    assert network_config(PAPER, 2.5).training.epochs == 450
    assert network_config(PAPER, 2.5, quick=True).training.epochs < 450
    assert network_config(TRAINED, 3.0).target_psf_fwhm == 3.0
    assert network_config(TRAINED, 3.0).cross_exposure.network == "fresh"
    assert network_config(SHIPPED, 2.5).cross_exposure.steps == 0
    for name in (PAPER, TRAINED, SHIPPED):
        network_config(name, 2.5).validate()


@pytest.fixture
def scoreboard() -> ModuleType:
    """Return the module of the command."""
    import scoreboard

    return scoreboard


def test_a_method_that_fails_leaves_the_others_alone(scoreboard: ModuleType, tmp_path: Path) -> None:
    from classic_peers import coadd
    from fields import BenchmarkField

    def fail(_: object) -> Iterator[Any]:
        raise RuntimeError("out of luck")
        yield

    config = SimulationConfig(
        box=Box.from_shape((64, 64)), visits=3, psf_size=21, scene=SceneConfig(star_bright_limit=20.0)
    )
    field = BenchmarkField("tiny", config)
    runners = {("coadd", "coadd, matched filter"): coadd, ("Unlucky",): fail}
    board = scoreboard.Scoreboard(runners, {"Absent": "not installed"})
    board.add(field, scoreboard.Progress(field.work))
    settings = {"title": "Tiny", "threads": 1, "fwhm": 2.5, "strength": 1.0, "iterations": 10}
    board.write(tmp_path, settings)
    text = (tmp_path / "scoreboard.md").read_text()
    assert "| Unlucky | failed: out of luck |" in text
    assert "| Absent | not installed |" in text
    assert board.scores["tiny"]["coadd"].figures["width_sky"] == pytest.approx(1.0, abs=0.15)
    assert (tmp_path / "scoreboard.png").read_bytes().startswith(b"\x89PNG")
    from matplotlib.image import imread

    # The truth and the coadds, but no column for methods that made nothing.
    assert imread(tmp_path / "scoreboard.png").shape[1] < 600


def test_methods_can_be_chosen_by_parts_of_their_names(scoreboard: ModuleType) -> None:
    runners, _ = scoreboard.make_runners(quick=True, wanted=["ImageMM", "Lucy"])
    assert [names[0] for names in runners] == ["Richardson–Lucy", "ImageMM 50"]
