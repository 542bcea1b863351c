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

"""Pipelines in which the deconvolution of coadds alone is exchanged."""

from __future__ import annotations

import os
from collections import ChainMap
from pathlib import Path

import pytest
from drp_pipe_facts import UPSTREAM
from stack_stand_ins import ROOT, expanded, install, upstream_pipeline

from lsst.acn.deconvolve_coadd import DeconvolveCoaddTask
from lsst.pipe.base import Pipeline
from lsst.pipe.base.pipelineIR import ContractError, PipelineIR

PIPELINES = {Path(path).parent.name: path for path in UPSTREAM}
DEBLENDING = {
    "HSC": "deblend",
    "DECam": "deblend",
    "LSSTCam": "deblendCoaddFootprints",
    "LSSTComCam": "deblendCoaddFootprints",
}
DETECTION = {
    "HSC": ("detection", "mergeDetections"),
    "DECam": ("detection", "mergeDetections"),
    "LSSTCam": ("detectCoaddPeaks", "mergeObjectDetection"),
    "LSSTComCam": ("detectCoaddPeaks", "mergeObjectDetection"),
}
COADDITION = {
    "HSC": "assembleCoadd",
    "DECam": "assembleCoadd",
    "LSSTCam": "assembleDeepCoadd",
    "LSSTComCam": "assembleDeepCoadd",
}
instruments = pytest.mark.parametrize("instrument", sorted(PIPELINES))


def path_of(instrument: str) -> str:
    return str(ROOT / "pipelines" / instrument / "deconvolve.yaml")


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the stack as expanding a pipeline takes."""
    install(tmp_path, monkeypatch)


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_deblender_takes_the_restored_image(instrument: str) -> None:
    graph = expanded(path_of(instrument))
    edge = graph.tasks[DEBLENDING[instrument]].inputs["deconvolvedCoadds"]
    assert (edge.parent_dataset_type_name, edge.storage_class_name) == ("deconvolved_deep_coadd", "ExposureF")
    task = graph.producer_of("deconvolved_deep_coadd")
    assert (task.label, task.task_class) == ("deconvolve", DeconvolveCoaddTask)
    universe = graph.universe
    assert task.dimensions == universe.conform(["skymap", "tract", "patch", "band"])


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_restoration_takes_what_the_coadd_is_made_from(instrument: str) -> None:
    graph = expanded(path_of(instrument))
    inputs = graph.tasks["deconvolve"].inputs
    detection, merging = DETECTION[instrument]
    producers = {
        name: graph.producer_of(edge.parent_dataset_type_name).label for name, edge in inputs.items()
    }
    assert producers == {
        "warps": "makeDirectWarp",
        "visit_selection": "selectDeepCoaddVisits",
        "artifact_masks": COADDITION[instrument],
        "coadd": detection,
        "background": detection,
        "detections": merging,
    }
    assert inputs["warps"].storage_class_name == "ExposureF"


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_nothing_else_is_exchanged(instrument: str) -> None:
    upstream = expanded(f"{os.environ['DRP_PIPE_DIR']}/pipelines/{PIPELINES[instrument]}")
    ours = expanded(path_of(instrument))
    assert set(ours.tasks) == set(upstream.tasks)
    changed = {
        label for label in ours.tasks if ours.tasks[label].task_class != upstream.tasks[label].task_class
    }
    assert changed == {"deconvolve"}
    for label in set(ours.tasks) - changed:
        assert ours.tasks[label].config.toDict() == upstream.tasks[label].config.toDict()
    names = {label: set(subset) for label, subset in ours.task_subsets.items()}
    assert names == {label: set(subset) for label, subset in upstream.task_subsets.items()}


@instruments
@pytest.mark.parametrize("cells", [True, False])
@pytest.mark.usefixtures("stand_ins")
def test_cells_may_be_on_or_off(instrument: str, cells: bool) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    pipeline.addConfigOverride("parameters", "use_cell_coadds", cells)
    graph = pipeline.to_graph()
    detection, _ = DETECTION[instrument]
    assert graph.tasks["deconvolve"].config.useCellCoadds is cells
    assert ("exposure_cells" in graph.tasks[detection].inputs) is cells


@instruments
@pytest.mark.parametrize(
    ("label", "field", "value", "message"),
    [
        ("deconvolve", "connections.visit_selection", "other_visits", "visits of the deep coadd"),
        ("deconvolve", "useCellCoadds", None, "cell-based coadds"),
        ("coaddition", "doWriteArtifactMasks", False, "must be written"),
    ],
)
@pytest.mark.usefixtures("stand_ins")
def test_what_belongs_together_is_kept_together(
    instrument: str, label: str, field: str, value: object, message: str
) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    if value is None:
        _, _, cells = UPSTREAM[PIPELINES[instrument]]
        value = not cells
    pipeline.addConfigOverride(COADDITION[instrument] if label == "coaddition" else label, field, value)
    with pytest.raises(ContractError, match=message):
        pipeline.to_graph()


@instruments
def test_only_the_deconvolution_of_drp_pipe_is_exchanged(
    instrument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = upstream_pipeline(PIPELINES[instrument], monkeypatch)
    ours = PipelineIR.from_uri(path_of(instrument))
    facts, name, cells = UPSTREAM[PIPELINES[instrument]]
    assert upstream.instrument == name
    assert bool(upstream.parameters.mapping["use_cell_coadds"]) is cells
    for label, (klass, config) in facts.items():
        assert upstream.tasks[label].klass == klass
        overrides = [each.rest for each in upstream.tasks[label].config or []]
        assert config.items() <= dict(ChainMap(*overrides)).items()
    assert {label for label, task in ours.tasks.items() if task != upstream.tasks[label]} == {"deconvolve"}
    assert ours.steps == upstream.steps
    assert {label: subset.subset for label, subset in ours.labeled_subsets.items()} == {
        label: subset.subset for label, subset in upstream.labeled_subsets.items()
    }
