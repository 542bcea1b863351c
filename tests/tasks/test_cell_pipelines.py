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


"""Pipelines that measure on a restored image in cells."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections import ChainMap
from pathlib import Path

import pytest
from coadd_readers import FORCED_WITH_IMAGES
from drp_pipe_facts import UPSTREAM
from stack_stand_ins import OURS, ROOT, expanded, install, upstream_pipeline

from lsst.acn.convert_restored_coadd import (
    ConvertRestoredCoaddConfig,
    ConvertRestoredCoaddConnections,
    ConvertRestoredCoaddTask,
)
from lsst.pipe.base import Pipeline
from lsst.pipe.base.pipelineIR import ContractError, PipelineIR

CELLS, FUTURE = (str(ROOT / "pipelines/LSSTCam" / name) for name in ("cells.yaml", "cells-future.yaml"))
READERS = {
    "detectCoaddPeaks": "exposure_cells",
    "deconvolve": "coadd_cell",
    "deblendCoaddFootprints": "coadds_cell",
    "measureObjectUnforced": "exposure_cells",
    "measureObjectForced": "exposure_cell",
    "fitDeepCoaddPsfGaussians": "coadd_cell",
    "fitDeblendedObjectsExp": "coadds_cell",
    "fitDeblendedObjectsSersic": "coadds_cell",
}
"""Connections that read the cell-based coadd of objects, by task."""


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the stack as expanding a pipeline takes."""
    install(tmp_path, monkeypatch)
    # Where it cannot be imported, the Butler cannot tell that it converts to it.
    if importlib.util.find_spec("lsst.cell_coadds") is None:
        module = types.SimpleNamespace(MultipleCellCoadd=type("MultipleCellCoadd", (), {}))
        monkeypatch.setitem(sys.modules, "lsst.cell_coadds", module)


@pytest.mark.usefixtures("stand_ins")
def test_all_that_is_measured_is_measured_on_the_restored_cells() -> None:
    graph = expanded(CELLS)
    for label, name in READERS.items():
        edge = graph.tasks[label].inputs[name]
        assert edge.parent_dataset_type_name == "restored_coadd_cell"
        # The Butler converts: CellCoadd.to_legacy_cell_coadd is declared for it.
        assert edge.storage_class_name == "MultipleCellCoadd"
    task = graph.producer_of("restored_coadd_cell")
    assert task.task_class is ConvertRestoredCoaddTask
    assert graph.dataset_types["restored_coadd_cell"].storage_class_name == "CellCoadd"
    assert set(task.inputs) == {"restored_coadd", "restored_coadd_residual"}
    for label in ("restoreCoadd", "measureRestoration"):
        assert graph.tasks[label].config.use_sky_map_cells
    assert not graph.tasks["detectCoaddPeaks"].config.doScaleVariance


@pytest.fixture
def forced_knows_images(stand_ins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forced measurement reads a CellCoadd, as today's cannot."""
    module = sys.modules["lsst.drp.tasks.forcedPhotCoadd"]
    monkeypatch.setattr(module, "ForcedPhotCoaddTask", FORCED_WITH_IMAGES)


@pytest.mark.usefixtures("forced_knows_images")
def test_tasks_that_know_cells_read_them_as_they_are() -> None:
    graph = expanded(FUTURE)
    detection = graph.tasks["detectCoaddPeaks"]
    # With useCellCoadds on, detection goes on reading from exposure_cells.
    read = detection.inputs["exposure_cells"]
    assert (read.parent_dataset_type_name, read.storage_class_name) == ("restored_coadd_cell", "CellCoadd")
    for label, name in AFTER_DETECTION.items():
        edge = graph.tasks[label].inputs[name]
        assert (edge.parent_dataset_type_name, edge.storage_class_name) == ("deep_coadd", "CellCoadd")
    assert graph.producer_of("deep_coadd").label == "detectCoaddPeaks"
    assert graph.dataset_types["deep_coadd"].storage_class_name == "CellCoadd"
    edge = graph.tasks["deblendCoaddFootprints"].inputs["deconvolvedCoadds"]
    assert edge.storage_class_name == "MaskedImageV2"


AFTER_DETECTION = {
    "deconvolve": "coadd",
    "deblendCoaddFootprints": "coadds",
    "measureObjectUnforced": "exposure",
    "measureObjectForced": "exposure",
    "fitDeepCoaddPsfGaussians": "coadd",
    "fitDeblendedObjectsExp": "coadds",
    "fitDeblendedObjectsSersic": "coadds",
}
"""Connections that read what detection has written, by task."""


@pytest.mark.usefixtures("forced_knows_images")
def test_nothing_waits_for_a_background_that_is_not_written() -> None:
    assert "deep_coadd_background" not in expanded(FUTURE).dataset_types
    graph = expanded(CELLS)
    assert graph.producer_of("deep_coadd_background").label == "detectCoaddPeaks"
    assert {edge.task_label for edge in graph.consuming_edges_of("deep_coadd_background")} >= {
        "measureObjectForced",
        "fitDeepCoaddPsfGaussians",
    }


@pytest.mark.usefixtures("forced_knows_images")
def test_components_are_taken_of_coadds_that_have_them() -> None:
    graph = expanded(FUTURE)
    wcs = graph.tasks["measureObjectForced"].inputs["refWcs"]
    maps = graph.tasks["makeHealSparsePropertyMaps"].inputs["coadd_exposures"]
    for edge in (wcs, maps):
        assert edge.parent_dataset_type_name == "deep_coadd_predetection"
    assert graph.dataset_types["deep_coadd_predetection"].storage_class_name == "ExposureF"


@pytest.mark.usefixtures("stand_ins")
def test_forced_measurement_that_needs_the_background_is_refused() -> None:
    with pytest.raises(ContractError, match=r"take pipelines/LSSTCam/cells\.yaml"):
        Pipeline.fromFile(FUTURE).to_graph()


@pytest.mark.usefixtures("stand_ins")
def test_every_task_is_in_a_step() -> None:
    graph = expanded(CELLS)
    assert graph.steps.verified
    assert OURS <= set(graph.task_subsets["step3a-coadd-tracts"])


@pytest.mark.parametrize(
    ("label", "field", "value", "message"),
    [
        ("restoreCoadd", "use_sky_map_cells", False, "on the cells"),
        ("convertRestoredCoadd", "imageType", "legacy", "need a CellCoadd"),
        ("measureObjectForced", "connections.exposure_cell", "other", "on the same image"),
        ("detectCoaddPeaks", "useCellCoadds", False, "useCellCoadds"),
    ],
)
@pytest.mark.usefixtures("stand_ins")
def test_what_belongs_together_is_kept_together(label: str, field: str, value: object, message: str) -> None:
    pipeline = Pipeline.fromFile(CELLS)
    pipeline.addConfigOverride(label, field, value)
    with pytest.raises(ContractError, match=message):
        pipeline.to_graph()


def test_readers_of_cells_are_those_of_drp_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever drp_pipe points to the cell-based coadd of objects is ours, or is left on purpose."""
    upstream = upstream_pipeline("LSSTCam/DRP.yaml", monkeypatch)
    facts, _, _ = UPSTREAM["LSSTCam/DRP.yaml"]
    found = {}
    for label, task in upstream.tasks.items():
        overrides = dict(ChainMap(*[each.rest for each in task.config or []]))
        for name, value in overrides.items():
            if value == "deep_coadd_cell_predetection" and label != "assembleCellCoadd":
                found[label] = name.removeprefix("connections.")
    assert READERS.items() <= found.items()
    assert set(found) - set(READERS) <= LEFT, found
    ours = PipelineIR.from_uri(CELLS)
    for label in READERS:
        assert ours.tasks[label].klass == upstream.tasks[label].klass == facts[label][0]


LEFT: set[str] = set()
"""Readers of the cell-based coadd that go on reading Rubin's."""


def test_residual_is_in_the_cells() -> None:
    config = ConvertRestoredCoaddConfig()
    config.imageType = "future"
    connections = ConvertRestoredCoaddConnections(config=config)
    assert set(connections.inputs) == {"restored_coadd", "restored_coadd_residual"}
    assert connections.exposure.storageClass == "CellCoadd"
