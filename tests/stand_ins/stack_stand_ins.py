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

"""As much of drp_pipe and its tasks as the pipelines of instruments touch.

Where the LSST Science Pipelines are not installed, these stand in for them: a
pipeline of an instrument can then be expanded to a graph all the same.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml
from coadd_readers import FITS, PATCH, PATCH_BAND, READERS, DetectCoaddSourcesTask, take_one
from drp_pipe_facts import UPSTREAM

from lsst.daf.butler import DimensionUniverse
from lsst.pex.config import Field
from lsst.pipe.base import (
    Instrument,
    Pipeline,
    PipelineGraph,
    PipelineTask,
    PipelineTaskConfig,
    PipelineTaskConnections,
)
from lsst.pipe.base import connectionTypes as cT
from lsst.pipe.base.pipelineIR import PipelineIR

ROOT = Path(__file__).parents[2]
OURS = {"restoreCoadd", "convertRestoredCoadd", "measureRestoration"}
WARP = ("instrument", "visit", "skymap", "tract", "patch")


class StandInTask(PipelineTask):
    """A task that has connections, and does nothing."""


class OtherConnections(PipelineTaskConnections, dimensions=("skymap", "tract")):
    output = cT.Output(
        name="output", storageClass="StructuredDataDict", doc="Anything.", dimensions=("skymap", "tract")
    )


class OtherConfig(PipelineTaskConfig, pipelineConnections=OtherConnections):
    pass


class OtherTask(StandInTask):
    """Any task that a restoration has nothing to do with."""

    ConfigClass, _DefaultName = OtherConfig, "other"


class MakeDirectWarpConnections(
    PipelineTaskConnections, dimensions=WARP, defaultTemplates={"coaddName": "deep"}
):
    calexp_list = cT.Input(
        name="calexp",
        storageClass="ExposureF",
        doc="Exposures.",
        dimensions=("instrument", "visit", "detector"),
        multiple=True,
    )
    warp = cT.Output(
        name="{coaddName}Coadd_directWarp", storageClass="ExposureF", doc="Warp.", dimensions=WARP
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        for number in range(config.numberOfNoiseRealizations if config else 0):
            name = f"direct_warp_noise{number}"
            noise = cT.Output(name=name, storageClass="MaskedImageF", doc="Noise.", dimensions=WARP)
            setattr(self, f"noise_warp{number}", noise)


class MakeDirectWarpConfig(PipelineTaskConfig, pipelineConnections=MakeDirectWarpConnections):
    useVisitSummaryPsf = Field[bool](doc="Take the PSF of the summary.", default=True)
    useVisitSummaryWcs = Field[bool](doc="Take the WCS of the summary.", default=True)
    useVisitSummaryPhotoCalib = Field[bool](doc="Take the calibration of the summary.", default=True)
    doSelectPreWarp = Field[bool](doc="Leave detectors out.", default=True)
    numberOfNoiseRealizations = Field[int](doc="Noise.", default=0)


class MakeDirectWarpTask(StandInTask):
    """`lsst.drp.tasks.make_direct_warp.MakeDirectWarpTask`."""

    ConfigClass, _DefaultName = MakeDirectWarpConfig, "makeDirectWarp"


class BestSeeingSelectVisitsConnections(PipelineTaskConnections, dimensions=("instrument", *PATCH_BAND)):
    goodVisits = cT.Output(
        name="visits",
        storageClass="StructuredDataDict",
        doc="Visits.",
        dimensions=("instrument", *PATCH_BAND),
    )


class BestSeeingSelectVisitsConfig(PipelineTaskConfig, pipelineConnections=BestSeeingSelectVisitsConnections):
    maxPsfFwhm = Field[float](doc="Greatest seeing in arcsec.", default=1.5, optional=True)
    minMJD = Field[float](doc="First date.", default=None, optional=True)
    maxMJD = Field[float](doc="Last date.", default=None, optional=True)


class BestSeeingSelectVisitsTask(StandInTask):
    """`lsst.pipe.tasks.selectImages.BestSeeingSelectVisitsTask`."""

    ConfigClass, _DefaultName = BestSeeingSelectVisitsConfig, "selectVisits"


class CompareWarpAssembleCoaddConnections(PipelineTaskConnections, dimensions=PATCH_BAND):
    inputWarps = cT.Input(
        name="deepCoadd_directWarp", storageClass="ExposureF", doc="Warps.", dimensions=WARP, multiple=True
    )
    coaddExposure = cT.Output(name="deepCoadd", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND)
    artifactMasks = cT.Output(
        name="compare_warp_artifact_mask",
        storageClass="Mask",
        doc="Masks of artifacts.",
        dimensions=WARP,
        multiple=True,
    )


class CompareWarpAssembleCoaddConfig(
    PipelineTaskConfig, pipelineConnections=CompareWarpAssembleCoaddConnections
):
    doWriteArtifactMasks = Field[bool](doc="Write masks.", default=True)


class CompareWarpAssembleCoaddTask(StandInTask):
    """`lsst.drp.tasks.assemble_coadd.CompareWarpAssembleCoaddTask`."""

    ConfigClass, _DefaultName = CompareWarpAssembleCoaddConfig, "assembleCoadd"


class MergeDetectionsConnections(PipelineTaskConnections, dimensions=PATCH):
    catalogs = cT.Input(
        name="deepCoadd_det",
        storageClass="SourceCatalog",
        doc="Sources.",
        dimensions=PATCH_BAND,
        multiple=True,
    )
    outputCatalog = cT.Output(
        name="deepCoadd_mergeDet", storageClass="SourceCatalog", doc="Sources.", dimensions=PATCH
    )


class MergeDetectionsConfig(PipelineTaskConfig, pipelineConnections=MergeDetectionsConnections):
    pass


class MergeDetectionsTask(StandInTask):
    """`lsst.pipe.tasks.mergeDetections.MergeDetectionsTask`."""

    ConfigClass, _DefaultName = MergeDetectionsConfig, "mergeDetections"


class DeconvolveExposureConnections(PipelineTaskConnections, dimensions=PATCH_BAND):
    coadd = cT.Input(name="deepCoadd_calexp", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND)
    catalog = cT.Input(
        name="deepCoadd_mergeDet", storageClass="SourceCatalog", doc="Sources.", dimensions=PATCH
    )
    coadd_cell = cT.Input(
        name="deepCoaddCell", storageClass="MultipleCellCoadd", doc="Coadd.", dimensions=PATCH_BAND
    )
    deconvolved = cT.Output(
        name="deconvolved_deep_coadd", storageClass="ExposureF", doc="Sharper.", dimensions=PATCH_BAND
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        take_one(self, config, "coadd", "coadd_cell")
        if config is not None and config.imageType == "future":
            self.deconvolved = dataclasses.replace(self.deconvolved, storageClass="MaskedImageV2")


class DeconvolveExposureConfig(PipelineTaskConfig, pipelineConnections=DeconvolveExposureConnections):
    imageType = Field[str](doc="Type of coadds.", default="legacy")
    useCellCoadds = Field[bool](doc="Use cells.", default=False)


class DeconvolveExposureTask(StandInTask):
    """`lsst.meas.extensions.scarlet.deconvolveExposureTask.DeconvolveExposureTask`."""

    ConfigClass, _DefaultName = DeconvolveExposureConfig, "deconvolveExposure"


class DeblendCoaddSourcesMultiConnections(PipelineTaskConnections, dimensions=PATCH):
    mergedDetections = cT.Input(
        name="deepCoadd_mergeDet", storageClass="SourceCatalog", doc="Sources.", dimensions=PATCH
    )
    deconvolvedCoadds = cT.Input(
        name="deconvolved_deep_coadd",
        storageClass="ExposureF",
        doc="Sharper.",
        dimensions=PATCH_BAND,
        multiple=True,
    )
    coadds = cT.Input(
        name="deepCoadd_calexp", storageClass="ExposureF", doc=".", dimensions=PATCH_BAND, multiple=True
    )
    coadds_cell = cT.Input(
        name="deepCoaddCell", storageClass="MultipleCellCoadd", doc=".", dimensions=PATCH_BAND, multiple=True
    )
    deblendedCatalog = cT.Output(
        name="deepCoadd_deblendedCatalog", storageClass="SourceCatalog", doc="Sources.", dimensions=PATCH
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        take_one(self, config, "coadds", "coadds_cell")
        if config is not None and config.imageType == "future":
            future = dataclasses.replace(self.deconvolvedCoadds, storageClass="MaskedImageV2")
            self.deconvolvedCoadds = future


class DeblendCoaddSourcesMultiConfig(
    PipelineTaskConfig, pipelineConnections=DeblendCoaddSourcesMultiConnections
):
    imageType = Field[str](doc="Type of coadds.", default="legacy")
    useCellCoadds = Field[bool](doc="Use cells.", default=False)


class DeblendCoaddSourcesMultiTask(StandInTask):
    """`lsst.pipe.tasks.deblendCoaddSourcesPipeline.DeblendCoaddSourcesMultiTask`."""

    ConfigClass, _DefaultName = DeblendCoaddSourcesMultiConfig, "deblend"


class StandInInstrument(Instrument):
    """An instrument without overrides of configs."""

    @classmethod
    def getName(cls) -> str:
        return "StandIn"

    def register(self, registry: Any, *, update: bool = False) -> None:
        raise NotImplementedError

    def getRawFormatter(self, dataId: Any) -> Any:
        raise NotImplementedError


MODULES: dict[str, tuple[type, ...]] = {
    "lsst.drp.tasks.make_direct_warp": (MakeDirectWarpTask,),
    "lsst.drp.tasks.assemble_coadd": (CompareWarpAssembleCoaddTask,),
    "lsst.pipe.tasks.selectImages": (BestSeeingSelectVisitsTask,),
    "lsst.pipe.tasks.multiBand": (DetectCoaddSourcesTask, *READERS["lsst.pipe.tasks.multiBand"]),
    "lsst.drp.tasks.forcedPhotCoadd": READERS["lsst.drp.tasks.forcedPhotCoadd"],
    "lsst.pipe.tasks.healSparseMapping": READERS["lsst.pipe.tasks.healSparseMapping"],
    FITS: READERS[FITS],
    "lsst.pipe.tasks.mergeDetections": (MergeDetectionsTask,),
    "lsst.pipe.tasks.deblendCoaddSourcesPipeline": (DeblendCoaddSourcesMultiTask,),
    "lsst.meas.extensions.scarlet.deconvolveExposureTask": (DeconvolveExposureTask,),
    "lsst.pipe.tasks.other": (OtherTask,),
    "lsst.obs.lsst": tuple(type(name, (StandInInstrument,), {}) for name in ("LsstCam", "LsstComCam")),
    "lsst.obs.decam": (type("DarkEnergyCamera", (StandInInstrument,), {}),),
    "lsst.obs.subaru": (type("HyperSuprimeCam", (StandInInstrument,), {}),),
}


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins for drp_pipe and its tasks where they are looked for."""
    for name, classes in MODULES.items():
        parts = name.split(".")
        for end in range(2, len(parts) + 1):
            parent = ".".join(parts[:end])
            if parent not in sys.modules:
                monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
        for value in classes:
            monkeypatch.setattr(sys.modules[name], value.__name__, value, raising=False)
    for path in UPSTREAM:
        _write_pipeline(folder / "pipelines" / path, path)
    monkeypatch.setenv("DRP_PIPE_DIR", str(folder))
    monkeypatch.setenv("ACN_DIR", str(ROOT))


def expanded(path: str) -> PipelineGraph:
    """Return the graph of a pipeline."""
    graph = Pipeline.fromFile(path).to_graph()
    graph.resolve(dimensions=DimensionUniverse(), dataset_types={})
    return graph


def upstream_pipeline(path: str, monkeypatch: pytest.MonkeyPatch) -> PipelineIR:
    """Return a pipeline of a checkout of drp_pipe, or skip the test without one."""
    for package in ("DRP_PIPE", "ANALYSIS_TOOLS", "MEAS_EXTENSIONS_MULTIPROFIT"):
        if not os.environ.get(f"{package}_DIR"):
            pytest.skip(f"{package}_DIR does not name a checkout; the pipelines there need it.")
    monkeypatch.setenv("ACN_DIR", str(ROOT))
    return PipelineIR.from_uri(f"{os.environ['DRP_PIPE_DIR']}/pipelines/{path}")


def _write_pipeline(target: Path, path: str) -> None:
    """Write a pipeline with every task that ours puts into its subsets."""
    facts, instrument, has_cells = UPSTREAM[path]
    special = {label: {"class": name, "config": dict(config)} for label, (name, config) in facts.items()}
    subsets = _subsets(target.parent.name) or {"step3": [*sorted(special), "makePsfMatchedWarp"]}
    labels = sorted({label for subset in subsets.values() for label in subset} - OURS)
    others = {
        label: {"class": "lsst.pipe.tasks.other.OtherTask", "config": {"connections.output": f"of_{label}"}}
        for label in labels
    }
    pipeline: dict[str, Any] = {
        "description": "Stand-in.",
        "instrument": instrument,
        "parameters": {"use_cell_coadds": has_cells},
        "tasks": others | special,
        "subsets": {
            name: {"subset": [label for label in subset if label not in OURS], "description": "Stand-in."}
            for name, subset in subsets.items()
        },
        "contracts": [
            f"{label}.useCellCoadds == deconvolve.useCellCoadds"
            for label in ("detection", "detectCoaddPeaks")
            if label in special
        ],
    }
    if step := next((name for name in subsets if name.startswith("step3a")), None):
        # As upstream, every task has to be in some step.
        others_step = {"subset": sorted(set(labels) - set(subsets[step])), "description": "Stand-in."}
        pipeline["subsets"]["step3b"] = others_step
        pipeline["steps"] = [{"label": step, "dimensions": ["tract"]}, {"label": "step3b", "dimensions": []}]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(pipeline))


def _subsets(instrument: str) -> dict[str, list[str]]:
    """Return the subsets of drp_pipe that our pipeline of an instrument names."""
    path = ROOT / "pipelines" / instrument / "acn.yaml"
    if not path.exists():
        return {}
    subsets = yaml.safe_load(path.read_text())["subsets"]
    return {name: subset["subset"] for name, subset in subsets.items() if name != "restoration"}
