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

"""The pipelines of instruments: with stand-ins, with drp_pipe, and in the stack."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from stack_stand_ins import OURS, ROOT, expanded, install, upstream_pipeline

from lsst.daf.butler import DimensionUniverse
from lsst.pipe.base import Pipeline, PipelineGraph
from lsst.pipe.base.pipelineIR import ContractError, PipelineIR

UPSTREAM = {"HSC": "HSC/DRP-Prod.yaml", "LSSTCam": "LSSTCam/DRP.yaml"}
DETECTION = {"HSC": "detection", "LSSTCam": "detectCoaddPeaks"}
COADDITION = {"HSC": "assembleCoadd", "LSSTCam": "assembleDeepCoadd"}
STEPS = {"HSC": ["step3"], "LSSTCam": ["step3a-coadd-tracts", "stage3-coadd"]}
instruments = pytest.mark.parametrize("instrument", sorted(UPSTREAM))


def path_of(instrument: str) -> str:
    return str(ROOT / "pipelines" / instrument / "acn.yaml")


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the stack as expanding a pipeline takes."""
    install(tmp_path, monkeypatch)


def inputs_of(graph: PipelineGraph, label: str) -> dict[str, str]:
    return {name: edge.parent_dataset_type_name for name, edge in graph.tasks[label].inputs.items()}


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_detection_takes_the_restored_image(instrument: str) -> None:
    graph = expanded(path_of(instrument))
    exposure = inputs_of(graph, DETECTION[instrument])["exposure"]
    converter = graph.producer_of(exposure)
    assert converter.label == "convertRestoredCoadd"
    inputs = inputs_of(graph, converter.label)
    for name in ("restored_coadd", "restored_coadd_residual"):
        assert graph.producer_of(inputs[name]).label == "restoreCoadd"
    assert {graph.producer_of(inputs[name]).label for name in ("coadd_inputs", "aperture_corrections")} == {
        COADDITION[instrument]
    }
    components = {edge.component for edge in converter.inputs.values()}
    assert components == {None, "coaddInputs", "apCorrMap"}


@instruments
@pytest.mark.parametrize("label", ["restoreCoadd", "measureRestoration"])
@pytest.mark.usefixtures("stand_ins")
def test_restoration_takes_what_the_coadd_is_made_from(instrument: str, label: str) -> None:
    graph = expanded(path_of(instrument))
    inputs = inputs_of(graph, label)
    producers = {
        name: graph.producer_of(inputs[name]).label for name in ("warps", "visit_selection", "artifact_masks")
    }
    assert producers == {
        "warps": "makeDirectWarp",
        "visit_selection": "selectDeepCoaddVisits",
        "artifact_masks": COADDITION[instrument],
    }
    task = graph.tasks[label]
    assert set(task.prerequisite_inputs) == {"sky_map"}
    assert task.inputs["warps"].storage_class_name == "ExposureF"
    assert task.inputs["artifact_masks"].storage_class_name == "Mask"
    assert task.config.require_artifact_masks


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_noise_is_that_of_the_warps(instrument: str) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    pipeline.addConfigOverride("restoreCoadd", "restoration.n_noise_layers", 2)
    pipeline.addConfigOverride("restoreCoadd", "n_noise_warps", 1)
    pipeline.addConfigOverride("makeDirectWarp", "numberOfNoiseRealizations", 1)
    graph = pipeline.to_graph()
    graph.resolve(dimensions=DimensionUniverse(), dataset_types={})
    edge = graph.tasks["restoreCoadd"].inputs["noise0_warps"]
    assert edge.dataset_type_name == "direct_warp_noise0"
    assert edge.storage_class_name == "MaskedImageF"
    assert graph.producer_of("direct_warp_noise0").label == "makeDirectWarp"
    pipeline.addConfigOverride("makeDirectWarp", "numberOfNoiseRealizations", 0)
    with pytest.raises(ContractError, match="only be restored if it is warped"):
        pipeline.to_graph()


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_restoration_is_compared_with_the_coadd(instrument: str) -> None:
    graph = expanded(path_of(instrument))
    edge = graph.tasks["measureRestoration"].inputs["reference_coadd"]
    assert graph.producer_of(edge.dataset_type_name).label == COADDITION[instrument]
    assert edge.storage_class_name == "ExposureF"


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_variance_of_the_restored_image_is_not_scaled(instrument: str) -> None:
    detection = expanded(path_of(instrument)).tasks[DETECTION[instrument]]
    assert not detection.config.doScaleVariance
    assert not detection.config.useCellCoadds


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_subset_has_the_three_tasks(instrument: str) -> None:
    graph = Pipeline.fromFile(f"{path_of(instrument)}#restoration").to_graph()
    assert set(graph.tasks) == OURS


@pytest.mark.usefixtures("stand_ins")
def test_every_task_is_in_a_step() -> None:
    graph = expanded(path_of("LSSTCam"))
    assert graph.steps.verified
    assert OURS <= set(graph.task_subsets["step3a-coadd-tracts"])


@instruments
@pytest.mark.usefixtures("stand_ins")
def test_cells_have_to_be_off(instrument: str) -> None:
    pipeline = Pipeline.fromFile(path_of(instrument))
    pipeline.addConfigOverride(DETECTION[instrument], "useCellCoadds", True)
    with pytest.raises(ContractError, match="use_cell_coadds to be off"):
        pipeline.to_graph()


@instruments
@pytest.mark.parametrize(
    ("label", "field", "value", "message"),
    [
        ("measureRestoration", "connections.warps", "other_warp", "on the warps"),
        ("measureRestoration", "connections.artifact_masks", "other_mask", "visits and with the artifact"),
        ("measureRestoration", "psf_quality.max_fwhm", 1.0, "visits and with the artifact"),
        ("measureRestoration", "bad_mask_planes", ["BAD"], "on the pixels"),
        ("restoreCoadd", "connections.restored_coadd", "other_coadd", "What is converted"),
        ("restoreCoadd", "connections.restored_coadd_residual", "other_residual", "What is added"),
        ("restoreCoadd", "restoration.keep_residual", False, "must be kept"),
        ("convertRestoredCoadd", "connections.exposure", "other_exposure", "Detection must run"),
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
def test_subsets_are_those_of_drp_pipe_and_the_restoration(
    instrument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = upstream_pipeline(UPSTREAM[instrument], monkeypatch)
    ours = PipelineIR.from_uri(path_of(instrument))
    assert set(ours.tasks) == set(upstream.tasks) | OURS
    assert ours.tasks[DETECTION[instrument]].klass == upstream.tasks[DETECTION[instrument]].klass
    assert ours.steps == upstream.steps
    for name, subset in upstream.labeled_subsets.items():
        added = OURS if name in STEPS[instrument] else set()
        assert set(ours.labeled_subsets[name].subset) == set(subset.subset) | added, name


@instruments
def test_pipeline_expands_in_the_stack(instrument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        is_there = all(importlib.util.find_spec(name) for name in ("lsst.drp.tasks", "lsst.pipe.tasks"))
    except ModuleNotFoundError:
        is_there = False
    if not (is_there and os.environ.get("DRP_PIPE_DIR")):
        pytest.skip("lsst_distrib is not set up; nothing but the whole stack can expand this pipeline.")
    monkeypatch.setenv("ACN_DIR", str(ROOT))
    graph = Pipeline.fromFile(path_of(instrument)).to_graph()
    assert OURS <= set(graph.tasks)
