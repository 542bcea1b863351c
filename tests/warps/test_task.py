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

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lsst.acn.restoration
from lsst.acn import InvalidExposureError, TrainingDivergedError
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.restore_coadd import RestoreCoaddTask
from lsst.acn.warps.task import WarpInputsTask
from lsst.daf.butler import Butler
from lsst.pipe.base import AlgorithmError
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor

type MakeRepository = Callable[[dict[int, Any]], str]


@contextlib.contextmanager
def output_of(task_class: type[WarpInputsTask], root: str, **keywords: Any) -> Iterator[Butler]:
    """Run one task on all warps of a repository; yield where its output is."""
    config = task_class.ConfigClass()
    config.update(**keywords.pop("config", {}))
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(task_class, config, butler=butler, **keywords)
        assert len(executor.run(register_dataset_types=True)) == 1
        yield butler
    finally:
        butler.close()


def mask_all(warp: Any) -> None:
    warp.mask.set("NO_DATA", np.ones(warp.mask.bbox.shape, bool))


def test_mask_planes_and_names_of_visits_come_from_the_butler(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    config = {"bad_mask_planes": ["NO_DATA", "DETECTED"]}
    with output_of(AssembleReferenceCoaddTask, make_repository(warps), config=config) as butler:
        coadd = butler.get("reference_coadd", skymap="test", tract=0, patch=0, band="r")
    assert np.argwhere(np.isnan(coadd.image.array)).tolist() == [[0, 0], [26, 46]]
    assert coadd.provenance.inputs["visit"].tolist() == [10, 11, 12]
    assert set(coadd.provenance.inputs["instrument"]) == {"TestCam"}
    assert set(coadd.provenance.inputs["day_obs"]) == {20260131}


def test_warp_without_valid_pixels_is_left_out(
    warps: dict[int, Any], make_repository: MakeRepository, caplog: pytest.LogCaptureFixture
) -> None:
    mask_all(warps[11])
    with output_of(AssembleReferenceCoaddTask, make_repository(warps)) as butler:
        coadd = butler.get("reference_coadd", skymap="test", tract=0, patch=0, band="r")
    assert coadd.metadata["visits"] == "[10, 12]"
    assert "Visit 11" in caplog.text


def test_patch_without_valid_pixels_is_no_work(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    for warp in warps.values():
        mask_all(warp)
    with output_of(RestoreCoaddTask, make_repository(warps)) as butler:
        assert not butler.query_datasets("restored_coadd", "*", find_first=False, explain=False)
        assert butler.query_datasets("restoreCoadd_metadata")


def test_fewer_exposures_than_are_asked_for_are_an_error(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    root = make_repository({10: warps[10]})
    with (
        pytest.raises(InvalidExposureError) as caught,
        output_of(RestoreCoaddTask, root, config={"min_exposures": 2}),
    ):
        pass
    message = str(caught.value)
    assert "At least 2 exposures are needed" in message
    for part in ("direct_warp", "skymap: 'test'", "tract: 0", "patch: 0", "band: 'r'", "visits [10]"):
        assert part in message
    assert caught.value.metadata == {"n_exposures": 1, "min_exposures": 2}
    assert isinstance(caught.value, AlgorithmError)


def test_one_exposure_is_its_own_mean(warps: dict[int, Any], make_repository: MakeRepository) -> None:
    with output_of(AssembleReferenceCoaddTask, make_repository({10: warps[10]})) as butler:
        coadd = butler.get("reference_coadd", skymap="test", tract=0, patch=0, band="r")
    good = np.isfinite(coadd.image.array)
    np.testing.assert_allclose(coadd.image.array[good], warps[10].image.array[good], rtol=1e-6)


def test_failure_is_told_in_the_metadata(
    warps: dict[int, Any], make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*args: Any, **keywords: Any) -> None:
        raise TrainingDivergedError("The loss is nan in epoch 3.", epoch=3)

    monkeypatch.setattr(lsst.acn.restoration, "restore", diverge)
    root = make_repository(warps)
    with output_of(RestoreCoaddTask, root, raise_on_partial_outputs=False) as butler:
        metadata = butler.get("restoreCoadd_metadata", skymap="test", tract=0, patch=0, band="r")
        assert not butler.query_datasets("restored_coadd", explain=False)
    failure = metadata["restoreCoadd"]["failure"]
    assert failure["message"] == "The loss is nan in epoch 3."
    assert failure["type"] == "lsst.acn.errors.TrainingDivergedError"
    assert failure["metadata"]["epoch"] == 3


def test_band_that_the_warps_do_not_have_makes_no_quanta(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    butler = SimplePipelineExecutor.prep_butler(make_repository(warps), inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(
            AssembleReferenceCoaddTask, butler=butler, where="band = 'g'"
        )
        assert not executor.run(register_dataset_types=True)
    finally:
        butler.close()
