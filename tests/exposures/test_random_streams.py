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


"""Tests of the streams that all random draws come from."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import lsst.acn
from lsst.acn.exposures import random_streams
from lsst.acn.exposures.random_streams import random_stream

PACKAGE = Path(lsst.acn.__file__).parent
GENERATORS = ("default_rng(", "SeedSequence(", "RandomState(", "PCG64(", "random.seed(")


def stream_names(tree: ast.Module) -> list[tuple[str, ...]]:
    """Return the names of the streams that a module asks for, without what varies."""
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
    asked = [call for call in calls if getattr(call.func, "id", None) in ("random_stream", "_stream")]
    names = [
        tuple(
            part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )
        for call in asked
    ]
    return [name for name in names if name]


def test_streams_depend_on_seed_and_name_only() -> None:
    draws = [random_stream(*key).random() for key in ((1, "a", 2), (1, "a", 3), (1, "b", 2), (2, "a", 2))]
    assert len(set(draws)) == 4
    # A fixed value: the streams must not change between machines or versions.
    assert random_stream(1, "a", 2).integers(1 << 30) == 643659784


def test_no_other_module_makes_a_generator() -> None:
    others = [path for path in PACKAGE.rglob("*.py") if path != Path(random_streams.__file__)]
    assert len(others) > 100
    found = [str(path) for path in others for word in GENERATORS if word in path.read_text()]
    assert found == []


def test_two_uses_never_share_a_name() -> None:
    names = Counter(
        name for path in PACKAGE.rglob("*.py") for name in stream_names(ast.parse(path.read_text()))
    )
    assert ("noise",) in names
    assert ("paper", "noise") in names
    assert [name for name, number in names.items() if number > 1] == []
