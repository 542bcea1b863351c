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


"""Notebooks: the pages of the guide, run by run, and one that measures."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

DOC = Path(__file__).parents[2] / "doc"
NOTEBOOKS = DOC / "notebooks"

BY_HAND = {"measure-a-patch"}
"""Notebooks that are no page of the guide."""


@pytest.fixture
def make_notebooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the documentation that makes them."""
    monkeypatch.syspath_prepend(str(DOC))
    return importlib.import_module("make_notebooks")


def test_notebooks_are_those_of_the_pages(make_notebooks: ModuleType) -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {*make_notebooks.NOTEBOOKS, *BY_HAND}
    for name, page in make_notebooks.NOTEBOOKS.items():
        written = (NOTEBOOKS / f"{name}.ipynb").read_text()
        made = make_notebooks.notebook_of(DOC / "lsst.acn" / page)
        assert written == made, "Write it anew: python doc/make_notebooks.py"


def run_cells(path: Path) -> dict[str, Any]:
    """Run the cells of a notebook one after the other; return its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), names)
    return names


def test_notebooks_hold_no_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code"), path.name


def test_first_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_cells(NOTEBOOKS / "first-restoration.ipynb")
    assert (tmp_path / "first-restoration.fits").exists()
    assert (tmp_path / "first-restoration.png").read_bytes().startswith(b"\x89PNG")


def test_a_patch_is_measured() -> None:
    names = run_cells(NOTEBOOKS / "measure-a-patch.ipynb")
    assert len(names["places"]) >= len(names["there"]) > 5
    for pull in names["pulls"].values():
        assert len(pull) >= 5
        assert abs(np.median(pull)) < 1.5
    assert np.median(names["colours"]) == pytest.approx(0.0, abs=0.03)
