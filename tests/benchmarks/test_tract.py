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


"""A tract by BPS: its warps, its jobs, its page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lsst.ctrl.bps.parsl", reason="lsst-ctrl-bps-parsl, of the extra bps, is not installed")

from benchmarks.tract.page import format_page
from benchmarks.tract.tract import REPO, TractRun, damaged_warp, inside
from benchmarks.tract.tract_grid import TractGrid, fill_repository
from benchmarks.tract.workflow import Submission, WorkflowSummary, plan_workflow, write_submit_file
from benchmarks.tract.zip_seek import REPAIR, seeks_are_right
from lsst.acn.demo.quantum_outcomes import QuantumOutcome

GRID = TractGrid(side=2, bands=("g", "r"))
# Parsl looks for the addresses of this machine, and leaves a socket open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_tract_of_the_issue_has_243_quanta() -> None:
    grid = TractGrid()
    assert (grid.patches, grid.quanta) == (81, 243)
    visits = [visit for band in grid.bands for visit in grid.visits_of(band)]
    assert len(set(visits)) == 9


def test_jobs_ask_for_what_the_submit_files_say(tmp_path: Path) -> None:
    fill_repository(str(tmp_path / REPO), GRID)
    with inside(tmp_path):
        path = tmp_path / "gpu.yaml"
        write_submit_file(path, Submission("htcondor_gpu.yaml"))
        plan = plan_workflow(path, tmp_path / REPO)
    assert plan == WorkflowSummary(
        quanta=8,
        jobs=4,
        memory=16384,
        memory_multiplier=2.0,
        cores=4,
        retries=2,
        gpus=1,
        site="htcondor",
    )
    with damaged_warp(tmp_path / REPO, GRID) as data_id:
        assert data_id == {"patch": 2, "band": "r"}


def test_patches_share_jobs(tmp_path: Path) -> None:
    write_submit_file(tmp_path / "row.yaml", Submission(patches=9))
    text = (tmp_path / "row.yaml").read_text()
    assert "partitionDimensions: patch" in text
    assert "partitionMaxSize: 9" in text


def test_quanta_far_into_a_graph_can_be_read() -> None:
    """As jobs do where Python itself cannot: with the repair on their path."""
    program = "from benchmarks.tract.zip_seek import seeks_are_right; print(seeks_are_right())"
    root = Path(__file__).parents[2]
    with_repair = os.environ | {"PYTHONPATH": os.pathsep.join([str(REPAIR), str(root)])}
    said = subprocess.run(
        [sys.executable, "-c", program], env=with_repair, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "True"
    if sys.version_info >= (3, 13, 2):
        assert seeks_are_right()


def test_page_says_what_failed() -> None:
    plan = WorkflowSummary(8, 4, 16384, 2.0, 4, 2, 1, "htcondor")
    outcomes = [QuantumOutcome("a", {}, "succeeded", 1, 2.0), QuantumOutcome("a", {}, "failed", 2)]
    runs = TractRun(10.0, outcomes), TractRun(5.0, outcomes[:1])
    page = format_page(GRID, 1.0, {"htcondor_gpu.yaml": (plan, 3.0)}, *runs, 2)
    assert "3.13.2" not in page
    assert "3.13.2" in format_page(GRID, 1.0, {}, *runs, 2, repaired=True)
    lines = page.splitlines()
    assert "| `htcondor_gpu.yaml` | htcondor | 8 | 4 | 16384 | × 2 | 4 | 1 | 2 | 3 |" in lines
    assert "| with the damaged file | 2 | 1 | 1 | 2 | 10 | 2 |" in lines
    assert "| what is missing, repaired | 1 | 1 | 0 | – | 5 | 2 |" in lines
