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

"""A run with BPS on this machine, in which one patch fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from array_libraries import needs_keras
from two_patches import PATCHES, fill_repository

pytest.importorskip("lsst.ctrl.bps.parsl", reason="lsst-ctrl-bps-parsl, of the extra bps, is not installed")

from lsst.acn.demo.bps import RESTORED, WARPS, BpsDemo
from lsst.acn.demo.quantum_outcomes import format_outcomes
from lsst.daf.butler import Butler

TASKS = {
    "assembleReferenceCoadd": "reference_coadd",
    "restoreCoadd": "restored_coadd",
    "measureRestoration": "restored_coadd_metrics",
}


@needs_keras
def test_failed_patch_is_tried_again_and_reported_and_the_other_is_restored(tmp_path: Path) -> None:
    demo = BpsDemo(tmp_path)
    fill_repository(str(demo.repo), skymap="simulated", instrument="SimCam", band="i", run=WARPS)
    with demo.damaged_warp() as path:
        demo.submit()
    outcomes = demo.outcomes()
    assert {(outcome.task, outcome.data_id["patch"]) for outcome in outcomes} == {
        (task, patch) for task in TASKS for patch in PATCHES
    }
    report = format_outcomes(outcomes)
    for outcome in outcomes:
        if outcome.data_id["patch"] == 0:
            assert (outcome.status, outcome.attempts) == ("succeeded", 1)
        elif outcome.task == "measureRestoration":
            assert (outcome.status, outcome.attempts) == ("not run", 0)
        else:
            assert (outcome.status, outcome.attempts) == ("failed", 2)
            assert path.name in outcome.message
            assert outcome.message in report
    with Butler.from_config(str(demo.repo), collections=RESTORED) as butler:
        for name in TASKS.values():
            assert [reference.dataId["patch"] for reference in butler.query_datasets(name)] == [0]
    jobs = [path.name for path in (tmp_path / "submit").glob(f"{RESTORED}/*/logs/patch/0/*/i/*.stderr")]
    assert sorted(jobs) == ["patch_0_0_i.stderr", "patch_0_1_i.stderr"]
