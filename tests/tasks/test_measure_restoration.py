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

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import vstack
from small_warps import INSTRUMENT, make_warps

from lsst.acn import InvalidExposureError
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.image_io import CoaddInput, read_exposure_stack
from lsst.acn.measure.columns import METRICS_COLUMNS, VISIT_COLUMNS
from lsst.acn.measure.held_out_test import run_held_out_test
from lsst.acn.measure_restoration import (
    MeasureRestorationConfig,
    MeasureRestorationConnections,
    MeasureRestorationTask,
)
from lsst.acn.restore_coadd import RestoreCoaddConfig, RestoreCoaddTask
from lsst.acn.warps.reader import WarpInputs
from lsst.daf.butler import Butler, DatasetType
from lsst.pipe.base import Pipeline, Struct
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor
from lsst.pipe.base.testUtils import assertValidOutput, lintConnections

PIPELINE = str(Path(__file__).parents[2] / "pipelines" / "acn.yaml")
DATA_ID: dict[str, Any] = {"skymap": "test", "tract": 0, "patch": 0, "band": "r"}


def quick_config() -> RestoreCoaddConfig:
    """Return a config that trains nothing and takes no time."""
    config = RestoreCoaddConfig()
    config.restoration.method = "image_mm"
    config.restoration.image_mm.iterations = 4
    config.restoration.n_noise_realizations = 2
    return config


@pytest.fixture(scope="module")
def inputs() -> WarpInputs:
    warps = make_warps()
    identities = tuple(CoaddInput(INSTRUMENT, visit, "r_01", 20260131) for visit in warps)
    return WarpInputs(exposures=read_exposure_stack(warps), identities=identities)


@pytest.fixture(scope="module")
def images(inputs: WarpInputs) -> dict[str, Any]:
    """What the tasks before it leave behind."""
    restored = RestoreCoaddTask(config=quick_config()).run(inputs=inputs).getDict()
    del restored["restored_coadd_residual"], restored["restored_coadd_pixel_variance"]
    return {**restored, **AssembleReferenceCoaddTask().run(inputs=inputs).getDict()}


def measure(inputs: WarpInputs, images: dict[str, Any], **settings: Any) -> Struct:
    config = MeasureRestorationConfig()
    config.update(**settings)
    task = MeasureRestorationTask(config=config)
    return Struct(task=task, **task.run(inputs=inputs, **images).getDict())


@pytest.fixture(scope="module")
def outputs(inputs: WarpInputs, images: dict[str, Any]) -> Struct:
    return measure(inputs, images, held_out_visits=[11])


def test_outputs_are_what_the_connections_announce(outputs: Struct) -> None:
    lintConnections(MeasureRestorationConnections)
    assertValidOutput(outputs.task, outputs)
    assert outputs.restored_coadd_metrics.colnames == list(METRICS_COLUMNS)
    assert outputs.restored_coadd_visit_metrics.colnames == list(VISIT_COLUMNS)


def test_what_is_on_a_finer_grid_is_measured_there(
    inputs: WarpInputs,
) -> None:
    config = quick_config()
    config.restoration.upsampling = 2
    restored = RestoreCoaddTask(config=config).run(inputs=inputs).getDict()
    del restored["restored_coadd_residual"], restored["restored_coadd_pixel_variance"]
    images = {**restored, **AssembleReferenceCoaddTask().run(inputs=inputs).getDict()}
    found = measure(inputs, images)
    assert found.restored_coadd_metrics["psf_fwhm_restored"][0] == pytest.approx(1.25 * 0.2, rel=0.02)
    assert found.restored_coadd_visit_metrics["visit"].tolist() == [10, 11, 12]
    assert np.isfinite(found.restored_coadd_metrics["held_out_excess"][0])


def test_metrics_say_which_patch_they_are_of(outputs: Struct) -> None:
    row = outputs.restored_coadd_metrics[0]
    assert [row[name] for name in DATA_ID] == list(DATA_ID.values())
    assert (row["n_exposures"], row["held_out_visits"]) == (3, "11")
    assert row["psf_fwhm_restored"] == pytest.approx(2.5 * 0.2, rel=0.02)
    assert np.isfinite(row["held_out_excess"])
    assert outputs.restored_coadd_visit_metrics["visit"].tolist() == [10, 11, 12]


def test_tables_say_where_they_come_from(outputs: Struct) -> None:
    for table in (outputs.restored_coadd_metrics, outputs.restored_coadd_visit_metrics):
        assert json.loads(table.meta["visits"]) == [10, 11, 12]
        assert json.loads(table.meta["config"])["held_out_visits"] == [11]
    metadata = outputs.task.metadata
    assert metadata["held_out_excess"] == outputs.restored_coadd_metrics["held_out_excess"][0]


def test_held_out_restoration_has_the_recorded_config(
    inputs: WarpInputs, images: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "lsst.acn.measure_restoration.run_held_out_test",
        lambda stack, visits, config, **keywords: seen.append((visits, config, keywords)),
    )
    measure(inputs, images, held_out_share=0.4, held_out_size=99)
    ((visits, config, keywords),) = seen
    assert len(visits) == 1
    assert config.method == "image_mm"
    assert config.image_mm.iterations == 4
    assert keywords["size"] == 99


def test_those_visits_are_held_out_that_a_patch_has(inputs: WarpInputs, images: dict[str, Any]) -> None:
    row = measure(inputs, images, held_out_visits=[12, 99]).restored_coadd_metrics[0]
    assert row["held_out_visits"] == "12"
    assert row["held_out_n_pixels"] > 0


def test_test_on_held_out_warps_can_be_left_out(inputs: WarpInputs, images: dict[str, Any]) -> None:
    row = measure(inputs, images, held_out=False).restored_coadd_metrics[0]
    assert np.isnan(row["held_out_excess"])
    assert (row["held_out_visits"], row["held_out_n_pixels"]) == ("", 0)


@pytest.mark.parametrize("damage", ["config", "visits"])
def test_other_numbers_survive_where_nothing_can_be_held_out(
    damage: str,
    inputs: WarpInputs,
    images: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if damage == "config":
        monkeypatch.delitem(images["restored_coadd"].metadata, "config")
    visits = [99] if damage == "visits" else []
    with caplog.at_level(logging.WARNING):
        row = measure(inputs, images, held_out_visits=visits).restored_coadd_metrics[0]
    assert "There is no test on held-out exposures" in caplog.text
    assert np.isnan(row["held_out_excess"])
    assert row["residual_sky_rms"] == pytest.approx(1.0, abs=0.2)


def test_too_few_warps_to_hold_one_out(
    inputs: WarpInputs, images: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    two = WarpInputs(exposures=inputs.exposures.select([0, 1]), identities=inputs.identities)
    with caplog.at_level(logging.WARNING):
        row = measure(two, images).restored_coadd_metrics[0]
    assert "2 exposures are too few" in caplog.text
    assert "is measured on visits [10, 11]" in caplog.text
    assert np.isnan(row["held_out_excess"])


def test_images_in_another_unit_are_refused(
    inputs: WarpInputs, images: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images["restored_coadd_latent"], "_unit", None)
    with pytest.raises(InvalidExposureError, match="restored_coadd_latent"):
        measure(inputs, images)


def test_edges_have_to_ascend() -> None:
    config = MeasureRestorationConfig()
    config.magnitude_edges = [20.0, 20.0]
    with pytest.raises(ValueError, match="must ascend"):
        config.validate()


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    """A stored network that is unlike the one that a restoration would begin with."""
    from lsst.acn.methods.cross_exposure.network.mixing_network import fresh_network
    from lsst.acn.methods.cross_exposure.network.weights import pack_network

    options = network_config().restoration.cross_exposure
    rng = np.random.default_rng(4)
    network = fresh_network(options.channels, tuple(options.dilations), rng)
    weights = tuple((each + 0.3 * rng.normal(size=each.shape)).astype("f4") for each in network.weights)
    network = dataclasses.replace(network, weights=weights)
    return json.loads(json.dumps(pack_network(network, {"seed": 4})))


def network_config() -> RestoreCoaddConfig:
    """Return a config that restores with a network as it is."""
    config = RestoreCoaddConfig()
    config.restoration.method = "cross_exposure"
    config.restoration.cross_exposure.network = "fresh"
    config.restoration.cross_exposure.steps = 0
    config.restoration.n_noise_realizations = 2
    return config


def test_held_out_restoration_begins_with_the_stored_network(
    inputs: WarpInputs, network: dict[str, Any]
) -> None:
    config = network_config()
    config.use_restoration_network = True
    task = RestoreCoaddTask(config=config)
    restored = task.run(inputs=inputs, restoration_network=network).getDict()
    del restored["restored_coadd_residual"], restored["restored_coadd_pixel_variance"]
    images = {**restored, **AssembleReferenceCoaddTask().run(inputs=inputs).getDict()}
    settings: dict[str, Any] = {"held_out_visits": [11], "use_restoration_network": True}
    row = measure(inputs, {**images, "restoration_network": network}, **settings).restored_coadd_metrics[0]
    with_it, without = (
        run_held_out_test(inputs.exposures, [11], config.restoration, size=512, network=each).restored.value
        for each in (network, None)
    )
    assert row["held_out_excess"] == pytest.approx(with_it, rel=1e-6)
    assert abs(with_it - without) > 1e-3 * abs(without)


def test_network_is_an_input_only_where_it_is_used() -> None:
    config = MeasureRestorationConfig()
    assert "restoration_network" not in MeasureRestorationConnections(config=config).inputs
    config.use_restoration_network = True
    assert "restoration_network" in MeasureRestorationConnections(config=config).inputs


@pytest.fixture
def butler(make_repository: Callable[[dict[int, Any]], str]) -> Iterator[Butler]:
    root = make_repository(make_warps(4))
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output="out")
    yield butler
    butler.close()


def test_pipeline_writes_numbers_and_plot_that_can_be_read_back(butler: Butler) -> None:
    pipeline = Pipeline.fromFile(PIPELINE)
    for name, value in {"method": "image_mm", "image_mm.iterations": 3, "n_noise_realizations": 2}.items():
        pipeline.addConfigOverride("restoreCoadd", f"restoration.{name}", value)
    pipeline.addConfigOverride("measureRestoration", "metric_bundle", "StructuredDataDict")
    executor = SimplePipelineExecutor.from_pipeline(pipeline, butler=butler)
    assert len(executor.run(register_dataset_types=True)) == 3
    metrics, visits = (butler.get(f"restored_coadd_{name}", DATA_ID) for name in ("metrics", "visit_metrics"))
    assert metrics.colnames == list(METRICS_COLUMNS)
    assert metrics["sky_sigma_coadd"].unit == "nJy"
    assert metrics["psnr_coadd"].unit == "dB"
    assert metrics["held_out_excess"].description == METRICS_COLUMNS["held_out_excess"].description
    assert metrics["flux_ratio_median"].shape == (1, 14)
    assert len(metrics["held_out_visits"][0]) > 0
    assert len(vstack([metrics, metrics])) == 2
    assert visits["visit"].tolist() == [10, 11, 12, 13]
    assert visits["is_outlier"].dtype == bool
    assert (~np.isnan(visits["held_out_excess"])).sum() == 1
    uri = butler.getURI("restored_coadd_plot", DATA_ID)
    assert uri.read(4) == b"\x89PNG"
    metadata = butler.get("measureRestoration_metadata", DATA_ID)["measureRestoration"]
    assert metadata["n_exposures"] == 4
    sky = butler.get("restored_coadd_metric_bundle", DATA_ID)["restoredCoaddSky"]
    assert [(each["value"], each["unit"]) for each in sky[:1]] == [(metrics["sky_sigma_coadd"][0], "nJy")]


def test_bundle_of_numbers_is_written_in_the_storage_class_that_is_asked_for() -> None:
    config = MeasureRestorationConfig()
    assert "restored_coadd_metric_bundle" not in MeasureRestorationConnections(config=config).outputs
    for name in ("StructuredDataDict", "MetricMeasurementBundle"):
        config.metric_bundle = name
        assert MeasureRestorationConnections(config=config).restored_coadd_metric_bundle.storageClass == name


def test_pipeline_measures_with_the_stored_network(
    butler: Butler, network: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    dimensions = butler.dimensions.conform(["skymap", "band"])
    stored = DatasetType("restoration_network", dimensions, storageClass="StructuredDataDict")
    butler.registry.registerDatasetType(stored)
    butler.put(network, stored, {"skymap": "test", "band": "r"}, run=butler.run)
    pipeline = Pipeline.fromFile(PIPELINE)
    for label in ("restoreCoadd", "measureRestoration"):
        pipeline.addConfigOverride(label, "use_restoration_network", True)
    changes = {
        "method": "cross_exposure",
        "cross_exposure.network": "fresh",
        "cross_exposure.steps": 0,
        "n_noise_realizations": 2,
    }
    for name, value in changes.items():
        pipeline.addConfigOverride("restoreCoadd", f"restoration.{name}", value)
    executor = SimplePipelineExecutor.from_pipeline(pipeline, butler=butler)
    assert len(executor.run(register_dataset_types=True)) == 3
    assert "There is no test on held-out exposures" not in caplog.text
    metrics = butler.get("restored_coadd_metrics", DATA_ID)
    assert np.isfinite(metrics["held_out_excess"]).all()
    assert metrics["held_out_n_pixels"][0] > 0
