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


"""Notebooks: the pages of the guide, run by run."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

DOC = Path(__file__).parents[2] / "doc"


@pytest.fixture
def make_notebooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the documentation that makes them."""
    monkeypatch.syspath_prepend(str(DOC))
    return importlib.import_module("make_notebooks")


def test_notebooks_are_those_of_the_pages(make_notebooks: ModuleType) -> None:
    assert {path.stem for path in (DOC / "notebooks").glob("*.ipynb")} == set(make_notebooks.NOTEBOOKS)
    for name, page in make_notebooks.NOTEBOOKS.items():
        written = (DOC / "notebooks" / f"{name}.ipynb").read_text()
        made = make_notebooks.notebook_of(DOC / "lsst.acn" / page)
        assert written == made, "Write it anew: python doc/make_notebooks.py"


def test_first_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    notebook = json.loads((DOC / "notebooks" / "first-restoration.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert (tmp_path / "first-restoration.fits").exists()
    assert (tmp_path / "first-restoration.png").read_bytes().startswith(b"\x89PNG")
