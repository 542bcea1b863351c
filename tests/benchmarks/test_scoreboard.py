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

"""The scoreboard's rows, targets and tables, and how it runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scoreboard_truths import SIGMA, draw, make_truth, spikes
from small_fields import make_config, make_stack

from lsst.acn import Box, gaussian_kernel, restore
from lsst.acn.simulation import SceneConfig, SimulationConfig

# The row of a method.


def test_score_of_the_truth_is_perfect_and_its_variance_is_judged() -> None:
    from benchmarks.peers.restored import Restored
    from benchmarks.scoreboard.score import score, summarize

    rng = np.random.default_rng(3)
    image = 3000 * draw((80, 80), 30.0, 30.0, SIGMA**2, SIGMA**2)
    truth = make_truth(image, [30.0], [30.0], [3000.0])
    noisy = image + 0.2 * rng.normal(size=image.shape)
    result = score(Restored("any", noisy, 2.0, 3.0, variance=np.full(image.shape, 0.01)), truth)
    assert result.numbers["sky"] == pytest.approx(0.2, rel=0.05)
    assert result.numbers["width_sky"] == pytest.approx(2.0, rel=0.05)
    assert result.numbers["width_sources"] == pytest.approx(2.0, rel=0.2)
    assert result.numbers["false"] == 0
    perfect = summarize([score(Restored("any", image, 2.0, 3.0), truth)])
    assert [perfect[name] for name in ("sky", "faint", "middle", "bright")] == [0.0] * 4
    assert perfect["flux_bright"] == 0.0
    assert perfect["count_bright"] == 1
    assert perfect["position"] < 1e-3


def test_a_detection_image_is_judged_for_detection_alone() -> None:
    from benchmarks.peers.restored import Restored
    from benchmarks.scoreboard.score import score

    truth = make_truth(np.zeros((60, 60)), [30.0], [30.0], [100.0])
    result = score(Restored("any", spikes({(30, 30): 9.0}), 1.0, 1.0, is_detection_image=True), truth)
    assert result.flux == {}
    assert set(result.numbers) == {"seconds", "variance_seconds", "memory", "false", "depth"}


def make_score(**numbers: float) -> Any:
    """Return a score of which nothing is known but some numbers."""
    from benchmarks.scoreboard.score import Score

    return Score({"seconds": 1.0, "memory": 1.0, "depth": 25.0, "false": 0.0} | numbers)


def test_means_pool_the_sources_of_all_fields() -> None:
    from benchmarks.scoreboard.score import summarize

    one = dataclasses.replace(
        make_score(sky=1.0, memory=5.0, depth=math.nan), flux={"bright": np.array([0.1])}
    )
    two = dataclasses.replace(
        make_score(sky=3.0, memory=2.0, depth=26.0), flux={"bright": np.array([0.2, 0.3])}
    )
    numbers = summarize([one, two])
    assert numbers["sky"] == 2.0
    assert numbers["memory"] == 5.0
    assert numbers["depth"] == 26.0
    assert numbers["flux_bright"] == 0.2
    assert numbers["count_bright"] == 3
    assert numbers["scatter_bright"] == pytest.approx(0.14826, abs=1e-4)
    assert math.isnan(numbers["flux_faint"])


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
    from benchmarks.scoreboard.targets import judge

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
    scores["other"]["ImageMM 150"].numbers["sky"] = 100.0
    verdict = verdict_on(scores, "sky error")
    assert verdict.measured == pytest.approx(0.3)
    assert verdict.worst == pytest.approx(0.4)


def test_the_table_has_every_method_and_says_why_one_is_missing() -> None:
    from benchmarks.scoreboard.fields import FIELDS
    from benchmarks.scoreboard.tables import format_scoreboard

    field = dataclasses.replace(FIELDS[0], name="field")
    methods = ["ImageMM 150", "cross-exposure, trained", "Elsewhere"]
    settings = {"title": "Title", "threads": 2, "fwhm": 2.5, "strength": 1.0, "iterations": 10}
    settings |= {"regularization": 0.01, "picture": "cutouts.png"}
    text = format_scoreboard([field], methods, make_scores(), {"field": {"Elsewhere": "not here"}}, settings)
    assert text.count("| Elsewhere | not here |") == 2
    assert text.count("| ImageMM 150 | 1.000 |") == 2
    assert "![Cutouts](cutouts.png)" in text
    # Each row of a table has as many cells as its head.
    widths: dict[int, set[int]] = {}
    for number, line in enumerate(text.splitlines()):
        if line.startswith("|"):
            start = next(n for n in range(number, -1, -1) if not text.splitlines()[n].startswith("|"))
            widths.setdefault(start, set()).add(line.count(" |"))
    assert all(len(counts) == 1 for counts in widths.values())


# Running.


def test_cost_sees_time_and_memory() -> None:
    from benchmarks.peers.cost import Cost

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
    from benchmarks.peers.classic import image_mm_updates

    stack, _ = make_stack()
    in_steps = list(image_mm_updates(stack, 2.5, (2, 5)))
    (at_once,) = image_mm_updates(stack, 2.5, (5,))
    assert [each.method for each in in_steps] == ["ImageMM 2", "ImageMM 5"]
    np.testing.assert_allclose(in_steps[1].image, at_once.image, rtol=1e-5, atol=1e-4)
    assert in_steps[1].seconds > in_steps[0].seconds


def test_richardson_lucy_sharpens_the_coadd_and_keeps_its_flux() -> None:
    from benchmarks.peers.classic import coadd, richardson_lucy

    stack, _ = make_stack(noise=0.1)
    blurred, filtered = coadd(stack)
    (sharp,) = richardson_lucy(stack, 2.5, 20)
    assert sharp.image.max() > 1.05 * blurred.image.max()
    assert sharp.image.sum() == pytest.approx(blurred.image.sum(), rel=0.05)
    assert filtered.is_detection_image
    assert filtered.image.shape == blurred.image.shape == stack.shape


def test_narrow_kernels_and_the_target_psf_make_the_psf() -> None:
    from scipy.signal import fftconvolve

    from benchmarks.peers.starred import narrow_kernels

    psf = gaussian_kernel(4.0, 31)
    narrow = narrow_kernels(psf[None], 2.5)[0]
    np.testing.assert_allclose(fftconvolve(narrow, gaussian_kernel(2.5), mode="same"), psf, atol=2e-4)
    assert np.unravel_index(narrow.argmax(), narrow.shape) == (15, 15)


def test_network_configs_are_those_of_the_package() -> None:
    from benchmarks.peers.networks import ACCELERATED, PAPER, SHIPPED, TRAINED, network_config

    assert network_config(PAPER, 2.5).paper.training.epochs == 450
    assert network_config(PAPER, 2.5, quick=True).paper.training.epochs < 450
    assert network_config(TRAINED, 3.0).target_psf_fwhm == 3.0
    assert network_config(TRAINED, 3.0).cross_exposure.network == "fresh"
    assert network_config(SHIPPED, 2.5).cross_exposure.steps == 0
    assert network_config(ACCELERATED, 2.5).image_mm.accelerate
    assert network_config(ACCELERATED, 2.5).image_mm.iterations == 40
    for name in (PAPER, TRAINED, SHIPPED, ACCELERATED):
        network_config(name, 2.5).validate()


def test_a_configuration_is_timed_apart_from_its_variance() -> None:
    from benchmarks.peers.networks import restore_with

    stack, _ = make_stack(noise=0.1)
    config = make_config(method="image_mm", image_mm__iterations=3)
    (restored,) = restore_with("any", config, stack)
    result = restore(stack, config)
    np.testing.assert_array_equal(restored.image, result.image)
    np.testing.assert_array_equal(restored.variance, result.variance)
    assert restored.seconds > 0
    assert restored.variance_seconds >= 0
    assert config.image_mm.iterations == 3


@pytest.fixture
def scoreboard() -> ModuleType:
    """Return the module of the command."""
    from benchmarks.scoreboard import scoreboard

    return scoreboard


def test_a_method_that_fails_leaves_the_others_alone(scoreboard: ModuleType, tmp_path: Path) -> None:
    from benchmarks.peers.classic import coadd
    from benchmarks.scoreboard.fields import BenchmarkField
    from benchmarks.scoreboard.progress import Progress

    def fail(_: object) -> Iterator[Any]:
        raise RuntimeError("out of luck")
        yield

    config = SimulationConfig(
        box=Box.from_shape((64, 64)), visits=3, psf_size=21, scene=SceneConfig(star_bright_limit=20.0)
    )
    field = BenchmarkField("tiny", config)
    runners = {("coadd", "coadd, matched filter"): coadd, ("Unlucky",): fail}
    board = scoreboard.Scoreboard(runners, {"Absent": "not installed"})
    board.add(field, Progress(field.work))
    settings = {"title": "Tiny", "threads": 1, "fwhm": 2.5, "strength": 1.0, "iterations": 10}
    settings |= {"regularization": 0.01, "picture": "cutouts.png"}
    board.write(tmp_path, settings)
    text = (tmp_path / "scoreboard.md").read_text()
    assert "| Unlucky | failed: out of luck |" in text
    assert "| Absent | not installed |" in text
    assert board.scores["tiny"]["coadd"].numbers["width_sky"] == pytest.approx(1.0, abs=0.15)
    assert (tmp_path / "scoreboard.png").read_bytes().startswith(b"\x89PNG")
    from matplotlib.image import imread

    # The truth and the coadds, but no column for methods that made nothing.
    assert imread(tmp_path / "scoreboard.png").shape[1] < 600


def test_methods_can_be_chosen_by_parts_of_their_names() -> None:
    from benchmarks.peers.runners import make_runners

    runners, _ = make_runners(quick=True, wanted=["ImageMM", "Lucy"])
    assert [names[0] for names in runners] == ["Richardson–Lucy", "ImageMM 50", "ImageMM 40, accelerated"]


def test_warming_up_fails_for_no_method(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.peers import networks, runners

    asked = []

    def fail(name: str, *_: object) -> Iterator[Any]:
        asked.append(name)
        raise RuntimeError("out of luck")

    monkeypatch.setattr(networks, "restore_with", fail)
    runners.warm_up(["coadd"])
    assert asked == []
    runners.warm_up([networks.SHIPPED])
    assert asked == ["warm-up"]
