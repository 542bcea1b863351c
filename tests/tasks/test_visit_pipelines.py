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

"""Pipelines for who has calibrated exposures, but no warps."""

from __future__ import annotations

from pathlib import Path

import pytest
from stack_stand_ins import ROOT, expanded, install, upstream_pipeline

from lsst.pipe.base import Pipeline
from lsst.pipe.base.pipelineIR import ContractError, PipelineIR

WARPING = {"makeDirectWarp", "makePsfMatchedWarp", "selectDeepCoaddVisits", "assembleDeepCoadd"}
RESTORATION = {"restoreCoadd", "measureRestoration"}
instruments = pytest.mark.parametrize("instrument", ["LSSTCam", "LSSTComCam"])


def path_of(instrument: str) -> str:
    return str(ROOT / "pipelines" / instrument / "visits.yaml")


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the stack as expanding a pipeline takes."""
    install(tmp_path, monkeypatch)


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_patch_is_restored_from_calibrated_exposures(instrument: str) -> None:
    graph = expanded(path_of(instrument))
    assert set(graph.tasks) == WARPING | RESTORATION
    warping = graph.tasks["makeDirectWarp"]
    assert warping.inputs["calexp_list"].parent_dataset_type_name == "visit_image"
    # What a data preview has no right summary for comes with the exposures.
    assert not any(value for name, value in warping.config.toDict().items() if name.startswith("useVisit"))
    assert not warping.config.doSelectPreWarp
    inputs = graph.tasks["restoreCoadd"].inputs
    producers = {
        name: graph.producer_of(inputs[name].parent_dataset_type_name).label
        for name in ("warps", "visit_selection", "artifact_masks")
    }
    assert producers == {
        "warps": "makeDirectWarp",
        "visit_selection": "selectDeepCoaddVisits",
        "artifact_masks": "assembleDeepCoadd",
    }


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_dates_and_seeing_are_parameters(instrument: str) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    config = pipeline.to_graph().tasks["selectDeepCoaddVisits"].config
    assert (config.minMJD, config.maxMJD, config.maxPsfFwhm) == (None, None, 1.7)
    pipeline.addConfigOverride("parameters", "last_mjd", 60630.0)
    pipeline.addConfigOverride("parameters", "max_psf_fwhm", 1.0)
    config = pipeline.to_graph().tasks["selectDeepCoaddVisits"].config
    assert (config.minMJD, config.maxMJD, config.maxPsfFwhm) == (None, 60630.0, 1.0)


@instruments
@pytest.mark.parametrize(("subset", "labels"), [("warping", WARPING), ("restoration", RESTORATION)])
@pytest.mark.usefixtures("stand_ins")
def test_parts_can_be_run_alone(instrument: str, subset: str, labels: set[str]) -> None:
    assert set(Pipeline.fromFile(f"{path_of(instrument)}#{subset}").to_graph().tasks) == labels


@instruments
@pytest.mark.parametrize(
    ("label", "field", "value", "message"),
    [
        ("restoreCoadd", "connections.warps", "other_warp", "warps of this pipeline"),
        ("measureRestoration", "connections.warps", "other_warp", "measured on the warps"),
        ("restoreCoadd", "restoration.psf_mode", "refine", "with the PSFs that it was made with"),
        ("restoreCoadd", "connections.visit_selection", "other_visits", "selected visits"),
        ("assembleDeepCoadd", "doWriteArtifactMasks", False, "must be written"),
    ],
)
@pytest.mark.usefixtures("stand_ins")
def test_what_belongs_together_is_kept_together(
    instrument: str, label: str, field: str, value: object, message: str
) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    pipeline.addConfigOverride(label, field, value)
    with pytest.raises(ContractError, match=message):
        pipeline.to_graph()


@instruments
def test_tasks_are_those_of_drp_pipe(instrument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = {"LSSTCam": "LSSTCam/DRP.yaml", "LSSTComCam": "LSSTComCam/DRP-v2.yaml"}[instrument]
    theirs = upstream_pipeline(upstream, monkeypatch)
    ours = PipelineIR.from_uri(path_of(instrument))
    assert set(ours.tasks) == WARPING | RESTORATION
    for label in WARPING:
        assert ours.tasks[label].klass == theirs.tasks[label].klass
        # What upstream says comes first, and what is said here after it.
        overrides, more = theirs.tasks[label].config or [], ours.tasks[label].config or []
        assert more[: len(overrides)] == overrides
