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

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from scipy.ndimage import gaussian_filter
from small_warps import make_noise_warp, put_noise_warps

from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.psfs.table import read_psf_table
from lsst.acn.restore_coadd import RestoreCoaddConfig
from lsst.ctrl.mpexec.cli.pipetask import cli
from lsst.daf.butler import Butler, DimensionUniverse
from lsst.daf.butler.cli.utils import LogCliRunner
from lsst.pipe.base import Pipeline
from lsst.pipe.base.pipelineIR import ContractError

ROOT = Path(__file__).parents[2]
PIPELINE = str(ROOT / "pipelines" / "acn.yaml")
PATCH_BAND = ("skymap", "tract", "patch", "band")
OUTPUTS = {
    "reference_coadd": "CellCoadd",
    "restored_coadd": "CellCoadd",
    "restored_coadd_pixel_variance": "ImageV2",
    "restored_coadd_latent": "ImageV2",
    "restored_coadd_training": "ArrowAstropy",
}

BUILD_GRAPH = """
import sys
from lsst.daf.butler import Butler
from lsst.pipe.base import Pipeline
from lsst.pipe.base.all_dimensions_quantum_graph_builder import AllDimensionsQuantumGraphBuilder

repo, pipeline = sys.argv[1:]
with Butler.from_config(repo, collections=["warps"]) as butler:
    graph = Pipeline.fromFile(pipeline).to_graph(registry=butler.registry)
    builder = AllDimensionsQuantumGraphBuilder(
        graph, butler, input_collections=["warps"], output_run="out", skip_existing_in=()
    )
    print(len(builder.finish(attach_datastore_records=False).assemble()) - len(graph.tasks))
slow = {"galsim", "jax", "keras", "matplotlib", "sep", "skimage", "tensorflow", "torch"}
print(*sorted(slow & set(sys.modules)))
"""


def test_pipeline_makes_the_documented_datasets() -> None:
    graph = Pipeline.fromFile(PIPELINE).to_graph()
    graph.resolve(dimensions=DimensionUniverse(), dataset_types={})
    assert set(graph.tasks) >= {"assembleReferenceCoadd", "restoreCoadd"}
    for task in graph.tasks.values():
        assert set(task.dimensions.names) >= set(PATCH_BAND)
    for name, storage_class in OUTPUTS.items():
        node = graph.dataset_types[name]
        assert node.storage_class_name == storage_class
        assert node.dimensions == node.dimensions.universe.conform(PATCH_BAND)
    warps = graph.dataset_types["direct_warp"]
    expected = ("instrument", "visit", "skymap", "tract", "patch")
    assert warps.dimensions == warps.dimensions.universe.conform(expected)


@pytest.mark.parametrize(
    ("subset", "label"), [("reference", "assembleReferenceCoadd"), ("restoration", "restoreCoadd")]
)
def test_subsets_can_be_run_alone(subset: str, label: str) -> None:
    assert set(Pipeline.fromFile(f"{PIPELINE}#{subset}").to_graph().tasks) == {label}


def test_tasks_have_to_use_the_same_pixels() -> None:
    pipeline = Pipeline.fromFile(PIPELINE)
    pipeline.addConfigOverride("restoreCoadd", "bad_mask_planes", ["NO_DATA"])
    with pytest.raises(ContractError, match="same pixels"):
        pipeline.to_graph()


def test_tasks_have_to_use_the_same_warps() -> None:
    pipeline = Pipeline.fromFile(PIPELINE)
    pipeline.addConfigOverride("restoreCoadd", "connections.warps", "other_warp")
    with pytest.raises(ContractError, match="same warps"):
        pipeline.to_graph()


@pytest.mark.parametrize("name", ["acn", "apply"])
@pytest.mark.parametrize(
    ("label", "field", "value", "message"),
    [
        ("assembleReferenceCoadd", "use_visit_selection", False, "same visits"),
        ("measureRestoration", "psf_quality.max_fwhm", 1.0, "visits and with the artifact masks"),
        ("measureRestoration", "connections.warps", "other_warp", "measured on the warps"),
        ("measureRestoration", "use_restoration_network", None, "restore again with the network"),
        ("measureRestoration", "use_restored_psfs", True, "with the PSFs that it was made with"),
    ],
)
def test_what_belongs_together_is_kept_together(
    name: str, label: str, field: str, value: object, message: str
) -> None:
    pipeline = Pipeline.fromFile(str(ROOT / "pipelines" / f"{name}.yaml"))
    pipeline.addConfigOverride(label, field, name == "acn" if value is None else value)
    with pytest.raises(ContractError, match=message):
        pipeline.to_graph()


def test_applying_a_network_is_measured_too() -> None:
    graph = Pipeline.fromFile(str(ROOT / "pipelines" / "apply.yaml")).to_graph()
    graph.resolve(dimensions=DimensionUniverse(), dataset_types={})
    consumers = {task.label for task in graph.consumers_of("restoration_network")}
    assert consumers == {"restoreCoadd", "measureRestoration"}
    assert graph.producer_of("restored_coadd_metrics").label == "measureRestoration"


def test_paper_config_is_what_the_paper_says() -> None:
    config = RestoreCoaddConfig()
    training = config.restoration.paper.training
    training.epochs, training.learning_rate, training.learning_rate_decay = 1, 1.0, 0.5
    training.learning_rate_steps = 1
    config.load(str(ROOT / "config" / "paper.py"))
    config.validate()
    assert config.restoration.method == "paper"
    assert config.restoration.paper.network.start == "coadd"
    assert config.restoration.paper.network.statistics == "patch"
    assert training.epochs == 450
    assert training.learning_rate == 0.002
    assert (training.learning_rate_decay, training.learning_rate_steps) == (0.95, 1000)


@pytest.mark.parametrize(("name", "mode"), [("paper", "fixed"), ("blind", "estimate")])
def test_pipelines_of_the_paper_do_what_its_configs_say(name: str, mode: str) -> None:
    config = RestoreCoaddConfig()
    config.load(str(ROOT / "config" / f"{name}.py"))
    config.validate()
    assert config.restoration.psf_mode == mode
    graph = Pipeline.fromFile(str(ROOT / "pipelines" / f"{name}.yaml")).to_graph()
    assert graph.tasks["restoreCoadd"].config.restoration.compare(config.restoration)
    assert graph.tasks["measureRestoration"].config.use_restored_psfs == (mode != "fixed")


def test_blind_restoration_is_that_of_the_paper_but_for_the_psfs() -> None:
    paper, blind = RestoreCoaddConfig(), RestoreCoaddConfig()
    paper.load(str(ROOT / "config" / "paper.py"))
    blind.load(str(ROOT / "config" / "blind.py"))
    paper.restoration.psf_mode = "estimate"
    assert blind.restoration.compare(paper.restoration)


def test_from_scratch_takes_no_weights_from_elsewhere() -> None:
    config = RestoreCoaddConfig()
    config.load(str(ROOT / "config" / "from_scratch.py"))
    config.validate()
    assert config.restoration.method == "cross_exposure"
    assert config.restoration.cross_exposure.network == "fresh"
    assert config.restoration.cross_exposure.steps > 0


def test_undersampled_exposures_get_finer_pixels() -> None:
    config = RestoreCoaddConfig()
    config.load(str(ROOT / "config" / "undersampled.py"))
    config.validate()
    assert config.restoration.upsampling == 2


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("paper", "paper.training.epochs"),
        ("cross_exposure", "cross_exposure.steps"),
        ("image_mm", "image_mm.iterations"),
    ],
)
def test_quick_config_is_quick_for_every_method_and_leaves_others_alone(method: str, field: str) -> None:
    config = RestoreCoaddConfig()
    config.restoration.method = method
    config.load(str(ROOT / "config" / "quick.py"))
    config.validate()
    assert attrgetter(field)(config.restoration) <= 3
    for other in {"paper", "cross_exposure", "image_mm"} - {method}:
        default = getattr(RestoreCoaddConfig().restoration, other)
        assert getattr(config.restoration, other).compare(default)


def test_building_a_quantum_graph_loads_no_slow_library(
    warps: dict[int, Any], make_repository: Callable[[dict[int, Any]], str]
) -> None:
    command = [sys.executable, "-c", BUILD_GRAPH, make_repository(warps), PIPELINE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # One quantum of each task, and no library.
    assert done.stdout.splitlines() == ["0", ""]


def pipetask(*arguments: str) -> str:
    """Run the command in this process, which has loaded the libraries already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = LogCliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    return done.output


def test_pipetask_builds_the_pipeline() -> None:
    shown = pipetask("build", "-p", PIPELINE, "--show", "pipeline-graph")
    assert [name in shown for name in OUTPUTS] == [True] * len(OUTPUTS)


@needs_keras
def test_pipetask_runs_the_pipeline(
    warps: dict[int, Any], make_repository: Callable[[dict[int, Any]], str]
) -> None:
    root = make_repository(warps)
    pipetask(
        *("run", "-b", root, "-p", PIPELINE, "-i", "warps", "-o", "out", "--register-dataset-types"),
        *("-d", "skymap='test' AND tract=0 AND patch=0 AND band='r'"),
        *("-C", f"restoreCoadd:{ROOT / 'config' / 'quick.py'}"),
    )
    with Butler.from_config(root, collections=["out"]) as butler:
        data_id = {"skymap": "test", "tract": 0, "patch": 0, "band": "r"}
        outputs = {name: butler.get(name, data_id) for name in OUTPUTS}
        full = {"strip_astropy_meta_yaml": False}
        training = butler.get("restored_coadd_training", data_id, parameters=full)
        metadata = butler.get("restoreCoadd_metadata", data_id)["restoreCoadd"]
        config = butler.get("restoreCoadd_config")
    assert outputs["restored_coadd"].bbox == outputs["reference_coadd"].bbox == warps[10].bbox
    assert outputs["restored_coadd"].sky_projection.pixel_frame.skymap == "test"
    # The shipped network is not trained on the patch.
    assert len(outputs["restored_coadd_training"]) == 0
    records = [outputs[name].metadata for name in ("restored_coadd", "restored_coadd_latent")]
    for record in (*records, training.meta):
        assert record["seed"] == config.restoration.seed
        assert record["visits"] == "[10, 11, 12]"
        assert record["engine"] == metadata["engine"] == "numpy"
        assert "numpy" in record["packages"]
    coadd = outputs["restored_coadd"]
    # All that measurement looks for has come through the file.
    assert coadd.aperture_corrections["base_PsfFlux_instFlux"](x=225.0, y=105.0) == 1.0
    assert coadd.aperture_corrections["base_CircularApertureFlux_3_0_instFlux"](x=225.0, y=105.0) > 1.01
    assert 0 < coadd.mask_fractions["REJECTED"].array[5, 5] < 1
    assert coadd.provenance.inputs["visit"].tolist() == [10, 11, 12]
    assert set(coadd.provenance.contributions["visit"]) == {10, 11, 12}
    assert not coadd.noise_realizations


@needs_keras
def test_psfs_that_are_learned_are_kept_and_measured_with(
    warps: dict[int, Any], make_repository: Callable[[dict[int, Any]], str]
) -> None:
    root = make_repository(warps)
    pipetask(
        *("run", "-b", root, "-p", str(ROOT / "pipelines" / "blind.yaml"), "-i", "warps", "-o", "out"),
        *("-d", "skymap='test' AND tract=0 AND patch=0 AND band='r'", "--register-dataset-types"),
        *("-C", f"restoreCoadd:{ROOT / 'config' / 'quick.py'}"),
        *("-c", "restoreCoadd:restoration.paper.training.epochs=2"),
        *("-c", "measureRestoration:held_out=False"),
    )
    with Butler.from_config(root, collections=["out"]) as butler:
        data_id = {"skymap": "test", "tract": 0, "patch": 0, "band": "r"}
        psfs = read_psf_table(butler.get("restored_coadd_psfs", data_id))
        metrics = butler.get("restored_coadd_visit_metrics", data_id)
    assert psfs is not None
    assert psfs.visits == (10, 11, 12)
    assert psfs.psf.kernels.shape[:3] == (3, 1, 1)
    assert len(metrics) == 3


def test_warps_of_noise_are_restored_too(
    warps: dict[int, Any], make_repository: Callable[[dict[int, Any]], str]
) -> None:
    root = make_repository(warps)
    # There is none of the last visit.
    noise = {visit: make_noise_warp(warps[visit], 1.0 + index) for index, visit in enumerate((10, 11))}
    put_noise_warps(root, noise)
    layers = {}
    for run, n_noise_warps in (("warped", 1), ("drawn", 0)):
        pipetask(
            *("run", "-b", root, "-p", f"{PIPELINE}#restoration", "-i", "warps", "-o", run),
            *("--register-dataset-types", "-d", "skymap='test' AND tract=0 AND patch=0 AND band='r'"),
            *("-c", f"restoreCoadd:n_noise_warps={n_noise_warps}"),
            *("-c", "restoreCoadd:restoration.n_noise_layers=1"),
            *("-c", "restoreCoadd:restoration.method=image_mm"),
            *("-c", "restoreCoadd:restoration.image_mm.iterations=3"),
        )
        with Butler.from_config(root, collections=[run]) as butler:
            data_id = {"skymap": "test", "tract": 0, "patch": 0, "band": "r"}
            coadds = [butler.get(name, data_id) for name in ("restored_coadd", "restored_coadd_residual")]
        layers[run] = sum(coadd.noise_realizations[0].array for coadd in coadds)
    # The first warp, whose noise is least, and sharpest, has most to say.
    seen = gaussian_filter(noise[10].image.array, 3.0 / FWHM_PER_SIGMA).ravel()
    assert np.corrcoef(layers["warped"].ravel(), seen)[0, 1] > 0.6
    assert abs(np.corrcoef(layers["drawn"].ravel(), seen)[0, 1]) < 0.3
