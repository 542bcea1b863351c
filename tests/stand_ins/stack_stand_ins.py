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

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from lsst.pex.config import Field
from lsst.pipe.base import Instrument, PipelineTask, PipelineTaskConfig, PipelineTaskConnections
from lsst.pipe.base import connectionTypes as cT

ROOT = Path(__file__).parents[2]
OURS = {"restoreCoadd", "convertRestoredCoadd", "measureRestoration"}
PATCH_BAND = ("skymap", "tract", "patch", "band")
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
    warp = cT.Output(
        name="{coaddName}Coadd_directWarp", storageClass="ExposureF", doc="Warp.", dimensions=WARP
    )


class MakeDirectWarpConfig(PipelineTaskConfig, pipelineConnections=MakeDirectWarpConnections):
    pass


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
    pass


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


class DetectCoaddSourcesConnections(PipelineTaskConnections, dimensions=PATCH_BAND):
    exposure = cT.Input(name="deepCoadd", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND)
    outputExposure = cT.Output(
        name="deepCoadd_calexp", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND
    )


class DetectCoaddSourcesConfig(PipelineTaskConfig, pipelineConnections=DetectCoaddSourcesConnections):
    useCellCoadds = Field[bool](doc="Use cells.", default=False)
    doScaleVariance = Field[bool](doc="Scale the variance.", default=True)


class DetectCoaddSourcesTask(StandInTask):
    """`lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask`."""

    ConfigClass, _DefaultName = DetectCoaddSourcesConfig, "detectCoaddSources"


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
    "lsst.pipe.tasks.multiBand": (DetectCoaddSourcesTask,),
    "lsst.pipe.tasks.other": (OtherTask,),
    "lsst.obs.lsst": (type("LsstCam", (StandInInstrument,), {}),),
    "lsst.obs.subaru": (type("HyperSuprimeCam", (StandInInstrument,), {}),),
}

SPECIAL: dict[str, dict[str, dict[str, Any]]] = {
    "LSSTCam/DRP.yaml": {
        "makeDirectWarp": {
            "class": "lsst.drp.tasks.make_direct_warp.MakeDirectWarpTask",
            "config": {"connections.warp": "direct_warp"},
        },
        "selectDeepCoaddVisits": {
            "class": "lsst.pipe.tasks.selectImages.BestSeeingSelectVisitsTask",
            "config": {"connections.goodVisits": "deep_coadd_visit_selection"},
        },
        "assembleDeepCoadd": {
            "class": "lsst.drp.tasks.assemble_coadd.CompareWarpAssembleCoaddTask",
            "config": {
                "connections.inputWarps": "direct_warp",
                "connections.coaddExposure": "deep_coadd_predetection",
            },
        },
        "detectCoaddPeaks": {
            "class": "lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask",
            "config": {
                "connections.exposure": "deep_coadd_predetection",
                "connections.outputExposure": "deep_coadd",
                "useCellCoadds": "parameters.use_cell_coadds",
            },
        },
    },
    "HSC/DRP-Prod.yaml": {
        "makeDirectWarp": {"class": "lsst.drp.tasks.make_direct_warp.MakeDirectWarpTask"},
        "selectDeepCoaddVisits": {
            "class": "lsst.pipe.tasks.selectImages.BestSeeingSelectVisitsTask",
            "config": {"connections.goodVisits": "deepCoaddVisits"},
        },
        "assembleCoadd": {"class": "lsst.drp.tasks.assemble_coadd.CompareWarpAssembleCoaddTask"},
        "detection": {
            "class": "lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask",
            "config": {"useCellCoadds": "parameters.use_cell_coadds"},
        },
    },
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
    for path, special in SPECIAL.items():
        _write_pipeline(folder / "pipelines" / path, special)
    monkeypatch.setenv("DRP_PIPE_DIR", str(folder))
    monkeypatch.setenv("ACN_DIR", str(ROOT))


def _write_pipeline(path: Path, special: dict[str, dict[str, Any]]) -> None:
    """Write a pipeline with every task that ours puts into its subsets."""
    ours = yaml.safe_load((ROOT / "pipelines" / path.parent.name / "acn.yaml").read_text())
    subsets = {name: subset["subset"] for name, subset in ours["subsets"].items() if name != "restoration"}
    labels = sorted({label for subset in subsets.values() for label in subset} - OURS)
    others = {
        label: {"class": "lsst.pipe.tasks.other.OtherTask", "config": {"connections.output": f"of_{label}"}}
        for label in labels
    }
    pipeline: dict[str, Any] = {
        "description": "Stand-in.",
        "instrument": ours["instrument"],
        "parameters": {"use_cell_coadds": True},
        "tasks": others | special,
        "subsets": {
            name: {"subset": [label for label in subset if label not in OURS], "description": "Stand-in."}
            for name, subset in subsets.items()
        },
    }
    if step := next((name for name in subsets if name.startswith("step3a")), None):
        # As upstream, every task has to be in some step.
        others_step = {"subset": sorted(set(labels) - set(subsets[step])), "description": "Stand-in."}
        pipeline["subsets"]["step3b"] = others_step
        pipeline["steps"] = [{"label": step, "dimensions": ["tract"]}, {"label": "step3b", "dimensions": []}]
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(pipeline))
