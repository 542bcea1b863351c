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
import re
import sys
import types
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import stack_stand_ins
from astropy.table import Table

from lsst.pipe.base import Pipeline, simple_pipeline_executor

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


def test_notebooks_show_their_pictures_and_say_where_pages_are(make_notebooks: ModuleType) -> None:
    for name in make_notebooks.NOTEBOOKS:
        cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]
        code, said = (
            ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]
            for kind in ("code", "markdown")
        )
        assert sum(".savefig(" in each for each in code) == sum("Image(filename=" in each for each in code)
        assert not any("doc/notebooks" in each or "*lsst.acn-" in each for each in said)
        for page in re.findall(r"\]\((\.\./[^)]+)\)", "\n".join(said)):
            assert (NOTEBOOKS / page).is_file()


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pictures that a notebook shows, by a stand-in of IPython."""
    pictures: list[str] = []

    def show(*, filename: str, width: int) -> None:
        assert Path(filename).is_file()
        pictures.append(filename)

    display = types.SimpleNamespace(Image=show)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=display, version_info=(9, 0)))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return pictures


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


def test_first_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    run_cells(NOTEBOOKS / "first-restoration.ipynb")
    assert (tmp_path / "first-restoration.fits").exists()
    assert shown == ["first-restoration.png"]
    assert (tmp_path / "first-restoration.png").read_bytes().startswith(b"\x89PNG")


class StandInExecutor:
    """The executor of a pipeline on the Rubin Science Platform, which runs nothing."""

    where = ""

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline, *, butler: Any, output: str, where: str) -> StandInExecutor:
        labels = set(pipeline.to_graph().tasks)
        assert {"makeDirectWarp", "selectDeepCoaddVisits", "restoreCoadd", "measureRestoration"} <= labels
        cls.where = where
        return cls()

    def use_local_butler(self, root: str) -> StandInExecutor:
        return self

    def run(self, *, register_dataset_types: bool) -> list[None]:
        return [None] * 6

    def get(self, name: str, data_id: dict[str, Any]) -> Any:
        assert set(data_id) == {"skymap", "tract", "patch", "band"}
        if name == "restored_coadd_metrics":
            names = ("psf_fwhm_coadd", "psf_fwhm_restored", "sky_sigma_change", "flux_ratio")
            return Table({name: [1.0] for name in names})
        image = types.SimpleNamespace(array=np.eye(9))
        return types.SimpleNamespace(image=image, provenance=types.SimpleNamespace(inputs={"visit": [1, 2]}))


def test_platform_notebook_asks_for_what_the_pipeline_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the platform: names, parameters and the data query."""
    stack_stand_ins.install(tmp_path / "drp_pipe", monkeypatch)
    monkeypatch.setenv("SCRATCH_DIR", str(tmp_path))
    monkeypatch.setattr("lsst.daf.butler.Butler", lambda repo, *, collections: None)
    monkeypatch.setattr(simple_pipeline_executor, "SimplePipelineExecutor", StandInExecutor)
    names = run_cells(NOTEBOOKS / "science-platform.ipynb")
    config = names["pipeline"].to_graph().tasks["selectDeepCoaddVisits"].config
    assert (config.maxMJD, config.maxPsfFwhm) == (60630.0, 1.2)
    assert StandInExecutor.where == "skymap = 'lsst_cells_v1' AND tract = 5063 AND patch = 34 AND band = 'r'"
    assert (tmp_path / "restored.png").exists()


def test_a_patch_is_measured() -> None:
    names = run_cells(NOTEBOOKS / "measure-a-patch.ipynb")
    assert len(names["places"]) >= len(names["there"]) > 5
    for pull in names["pulls"].values():
        assert len(pull) >= 5
        assert abs(np.median(pull)) < 1.5
    assert np.median(names["colours"]) == pytest.approx(0.0, abs=0.03)
