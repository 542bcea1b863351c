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

"""The scoreboard of imperfect exposures: results on disk, targets, tables, and how it runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsst.acn import Box, ExposureStack
from lsst.acn.simulation import SceneConfig, SimulationConfig

COADD = "coadd"
SETTINGS = {"title": "Title", "fields": "a field", "fwhm": 2.5, "strength": 1.0, "regularization": 0.01}


@dataclasses.dataclass(frozen=True)
class SmallRow:
    """A row whose fields are quickly done."""

    name: str
    label: str = "something"

    def config(self, seed: int, *, size: int = 64, visits: int = 3) -> SimulationConfig:
        """Return a field of one size, whatever is asked for."""
        scene = SceneConfig(star_bright_limit=20.0)
        return SimulationConfig(seed=seed, box=Box.from_shape((64, 64)), visits=3, psf_size=21, scene=scene)


def make_board(folder: Path, number: int = 1, rows: tuple[str, ...] = ("nothing", "wrong")) -> Any:
    """Return a board of small rows and two methods."""
    from benchmarks.imperfect.board import Board

    methods = [COADD, "coadd, matched filter"]
    return Board(folder, {name: SmallRow(name) for name in rows}, methods, number)


def make_score(**numbers: float) -> Any:
    """Return a score with some numbers."""
    from benchmarks.imperfect.imperfect_score import FieldScore

    return FieldScore(numbers, {"faint stars": np.array([0.25, math.nan])})


# Seeds.


def test_no_field_is_trained_or_tuned_on() -> None:
    from benchmarks.imperfect.board import FIELDS, seeds
    from benchmarks.scoreboard.fields import FIELDS as OTHERS
    from benchmarks.scoreboard.fields import TUNING_FIELD

    chosen = set(seeds(FIELDS))
    assert min(seeds(200)) > 700_000
    assert not chosen & {field.config.seed for field in (*OTHERS, TUNING_FIELD)}


# Results on disk.


def test_a_score_is_found_again_by_its_recipe_alone(tmp_path: Path) -> None:
    from benchmarks.imperfect.results import Recipe, ResultStore

    config = SmallRow("nothing").config(5)
    store, recipe = ResultStore(tmp_path), Recipe("nothing", config, "ImageMM 150")
    assert store.load(recipe) is None
    store.save(recipe, make_score(sky=0.125, depth=math.nan))
    found = store.load(recipe)
    assert found.numbers["sky"] == 0.125
    assert math.isnan(found.numbers["depth"])
    np.testing.assert_array_equal(found.samples["faint stars"], [0.25, math.nan])
    changed = dataclasses.replace(config, visits=4)
    assert store.load(Recipe("nothing", changed, "ImageMM 150")) is None
    assert store.load(Recipe("nothing", config, "ImageMM 50")) is None


def test_a_method_of_the_package_is_run_again_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.imperfect import results
    from benchmarks.peers.networks import SHIPPED

    config, store = SmallRow("nothing").config(5), results.ResultStore(tmp_path)
    recipes = [results.Recipe("nothing", config, name) for name in (SHIPPED, COADD)]
    for recipe in recipes:
        store.save(recipe, make_score(sky=1.0))
    assert all(store.load(recipe) for recipe in recipes)
    monkeypatch.setattr(results, "digest_of_package", lambda: "another")
    assert [store.load(recipe) is None for recipe in recipes] == [True, False]


def test_only_what_is_missing_is_to_be_done(tmp_path: Path) -> None:
    from benchmarks.imperfect.results import Recipe

    board = make_board(tmp_path, number=2)
    assert len(board.jobs(["nothing", "wrong"], board.methods)) == 4
    first = board.configs("nothing")[0]
    board.store.save(Recipe("nothing", first, COADD), make_score(sky=1.0))
    jobs = board.jobs(["nothing"], board.methods)
    assert [job.methods for job in jobs] == [("coadd, matched filter",), tuple(board.methods)]
    assert len(board.jobs(["nothing"], [COADD])) == 1
    assert len(board.jobs(["nothing"], [COADD], again=True)) == 2


# Targets.


def make_scores(**ours: float) -> dict[str, dict[str, dict[str, float]]]:
    """Return two rows of three methods."""
    from benchmarks.imperfect.targets import METHOD

    good = {"faint": 0.4, "middle": 0.2, "bright": 0.1, "width_sky": 1.0, "beyond_sky": 0.0}
    good |= {"count_faint stars": 9.0, "median_faint stars": 0.01, "width_faint stars": 0.1}
    peer = {"faint": 0.8, "middle": 0.3, "bright": 0.2}
    return {
        "nothing": {METHOD: good, "ImageMM 150": peer},
        "wrong": {METHOD: good | ours, "ImageMM 150": peer, "STARRED": peer | {"middle": 0.25}},
    }


@pytest.mark.parametrize(
    ("target", "number", "met", "unmet"),
    [
        ("error / that of “nothing”: faint", "faint", 0.52, 0.53),
        ("error / best of ImageMM and STARRED: middle", "middle", 0.25, 0.26),
        ("flux bias: faint stars", "median_faint stars", -0.02, -0.021),
        ("flux bias: middle stars", "median_middle stars", 0.01, 0.011),
        ("flux bias: low-surface-brightness galaxies", "median_low-surface-brightness galaxies", -0.1, -0.11),
        ("pull width: sky", "width_sky", 1.09, 0.89),
        ("beyond 5, %: sources", "beyond_sources", 0.003, 0.0031),
        ("more: detections in pure noise / Mpixel", "noise_detections", 0.0, 0.1),
        ("more: saturated stars' flux", "median_saturated_ratio", 0.981, 0.979),
        ("more: largest pull of it", "largest_saturated_pull", 4.9, 5.1),
    ],
)
def test_targets_are_met_up_to_their_limits(target: str, number: str, met: float, unmet: float) -> None:
    from benchmarks.imperfect.targets import judge

    counts = {f"count_{number.removeprefix('median_')}": 9.0, "count_saturated_ratio": 2.0}
    others = {"median_saturated_ratio": 1.0, "largest_saturated_pull": 0.0}
    for value, expected in ((met, True), (unmet, False)):
        verdicts = judge(make_scores(**(counts | others | {number: value})))
        (verdict,) = (
            each for each in verdicts if f"{each.group}: {each.target}" == target and each.row == "wrong"
        )
        assert verdict.is_met is expected


def test_donuts_are_compared_with_the_peers_alone() -> None:
    from benchmarks.imperfect.targets import AGAINST_NOTHING, AGAINST_PEERS, judge

    scores = make_scores(faint=2.0)
    scores["donuts"] = scores.pop("wrong")
    groups = [verdict.group for verdict in judge(scores) if verdict.row == "donuts"]
    assert AGAINST_NOTHING not in groups
    assert groups.count(AGAINST_PEERS) == 3
    assert judge({"nothing": {"ImageMM 150": {"faint": 1.0}}}) == []


# Tables.


def test_tables_have_all_rows_and_say_what_is_not_met() -> None:
    from benchmarks.imperfect.tables import format_imperfect
    from benchmarks.imperfect.targets import METHOD

    scores = make_scores(faint=0.9)
    text = format_imperfect(
        {name: SmallRow(name) for name in scores},  # type: ignore[misc]
        ["ImageMM 150", "STARRED", METHOD],
        scores,
        {("wrong", "Unlucky"): "out of luck"},
        SETTINGS | {"skipped": {"Absent": "not installed"}},
    )
    assert "| wrong | 0.800 | 0.800 | 0.900 |" in text
    assert "| nothing | 0.800 | – | 0.400 |" in text
    assert "| nothing | +1.0 ± 4.2 |" in text
    assert "**2.25** / 1.00 / 1.00" in text
    assert "| wrong | Unlucky | out of luck |" in text
    assert "Absent: not installed." in text
    assert "## Pure noise" not in text
    lines = text.splitlines()
    for before, line in zip(lines, lines[1:], strict=False):
        if before.startswith("|") and line.startswith("|"):
            assert before.count(" |") == line.count(" |")


# Running.


def test_a_field_is_run_and_shown_and_failures_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.imperfect import one_field
    from benchmarks.peers.classic import coadd

    def fail(_: ExposureStack) -> Iterator[Any]:
        raise RuntimeError("out of luck")
        yield

    runners = {(COADD, "coadd, matched filter"): coadd, ("Unlucky",): fail, ("Unwanted",): fail}
    monkeypatch.setattr(one_field, "make_runners", lambda quick, updates: (runners, {}))
    board = make_board(tmp_path, rows=("nothing",))
    board.methods = [*board.methods, "Unlucky"]
    (job,) = board.jobs(["nothing"], board.methods)
    assert one_field.run_field(job) == "nothing, 700001"
    scores = board.write(SETTINGS | {"skipped": {}})
    assert scores["nothing"][COADD]["width_sky"] == pytest.approx(1.0, abs=0.15)
    assert set(scores["nothing"]) == {COADD, "coadd, matched filter"}
    assert "| nothing | Unlucky | RuntimeError: out of luck |" in (tmp_path / "imperfect.md").read_text()
    for name in ("imperfect.png", "imperfect-cutouts.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    # What failed is tried again, what did not is not.
    assert [job.methods for job in board.jobs(["nothing"], board.methods)] == [("Unlucky",)]


def test_fields_are_run_in_processes_of_their_own(tmp_path: Path) -> None:
    from benchmarks.imperfect.workers import run_jobs

    board = make_board(tmp_path, rows=("nothing",))
    assert list(run_jobs(board.jobs(["nothing"], [COADD]), 1)) == ["nothing, 700001"]
    assert board.jobs(["nothing"], [COADD]) == []
