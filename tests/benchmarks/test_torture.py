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

"""The themes of torture, as far as they are quick."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.torture import kills
from benchmarks.torture.array_fuzzing import cases, try_arrays
from benchmarks.torture.config_fuzzing import try_config
from benchmarks.torture.drawn_cases import Case, for_each_case, known_cases, time_limit
from benchmarks.torture.fuzzing import damage, damage_tables
from benchmarks.torture.numerics import CONTENTS, make_field, try_content
from benchmarks.torture.verdict import Verdict

NOTHING_VALID = ("NaN everywhere", "variance of zero everywhere")
REFUSED = {*NOTHING_VALID, "smallest variances"}


@pytest.mark.parametrize("content", CONTENTS)
def test_unusual_numbers_are_restored_or_refused_without_a_warning(content: str) -> None:
    verdict = Verdict(content)
    try_content(verdict, "image_mm", content, make_field(1))
    assert verdict.is_clean, str(verdict)
    assert verdict.counts == {"refused with a message" if content in REFUSED else "restored": 1}


@pytest.mark.parametrize("known", known_cases("arrays"), ids=lambda known: str(known["case"]))
def test_arrays_that_once_did_harm_are_restored_or_refused(known: Case) -> None:
    verdict = Verdict("arrays")
    try_arrays(verdict, known["case"])
    assert verdict.is_clean, f"{verdict}, which was: {known['was']}"
    assert list(verdict.counts) == ["restored" if known["now"] == "restored" else "refused with a message"]


@pytest.mark.parametrize("known", known_cases("configs"), ids=lambda known: str(known["case"]["fields"]))
def test_configs_that_once_were_accepted_are_refused_by_name(known: Case) -> None:
    verdict = Verdict("configs")
    try_config(verdict, known["case"])
    assert verdict.counts == {known["now"]: 1}, str(verdict)


def test_as_many_cases_are_drawn_as_are_asked_for_and_the_same_from_one_seed() -> None:
    drawn: list[list[Case]] = [[], []]
    for part in drawn:
        for_each_case(cases(), 20, 7, part.append)
    assert len(drawn[0]) == 20
    assert drawn[0] == drawn[1]


def test_damaged_tables_are_refused_by_name(tmp_path: Path) -> None:
    verdict = damage_tables(tmp_path, 25, seed=11)
    assert verdict.is_clean, str(verdict)
    assert sum(verdict.counts.values()) == 25


@pytest.mark.parametrize(
    ("case", "left"),
    [
        ({"cut": 13}, b"one"),
        ({"bytes": [[1, 88], [12, 89]]}, b"oXY two 3."),
        ({"entries": [[1, "x"], [5, "y"]]}, b"one x y"),
    ],
)
def test_damage_is_what_the_text_says(case: Case, left: bytes) -> None:
    assert damage(b"one two 3.", case, is_table=True) == left


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError), time_limit(1):
        time.sleep(5.0)


class Finished:
    """A command that is always done before it is killed, or never."""

    status = 0

    def __init__(self, *arguments: object) -> None:
        pass

    def kill_after(self, seconds: float) -> None:
        pass

    def wait(self) -> int:
        return self.status


@pytest.mark.parametrize(("status", "attempts"), [(0, 4 * kills.ATTEMPTS_PER_KILL), (-9, 4)])
def test_kills_go_on_until_enough_have_landed_but_not_for_ever(
    status: int, attempts: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Finished, "status", status)
    monkeypatch.setattr(kills, "Child", Finished)
    monkeypatch.setattr(kills, "_repeat", lambda *arguments: None)
    verdict = kills.kill_ingests(tmp_path, 4, seed=1)
    assert sum(verdict.counts.values()) == attempts


def test_what_must_not_happen_makes_a_verdict_unclean() -> None:
    verdict = Verdict("attempts")
    verdict.add("succeeded")
    verdict.note("largest", 0.25)
    verdict.note("largest", 0.125)
    assert verdict.is_clean
    assert str(verdict).endswith("; largest: 0.25")
    verdict.add("other pixels", "seed 3")
    assert not verdict.is_clean
    assert "other pixels: seed 3" in str(verdict)
