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

"""Which warps a task reads: masks of artifacts, selections of visits, limits on PSFs."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from small_warps import INSTRUMENT, make_mask, make_warps

from lsst.acn import Box, InvalidExposureError
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.image_io import default_mask_storage_class
from lsst.acn.restore_coadd import RestoreCoaddConfig
from lsst.acn.train_restoration import TrainRestorationTask
from lsst.daf.butler import Butler, DatasetType
from lsst.images import Mask
from lsst.pipe.base import AlgorithmError
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor

type MakeRepository = Callable[[dict[int, Any]], str]

DATA_ID = {"skymap": "test", "tract": 0, "patch": 0}
WARP_DIMENSIONS = ("instrument", "visit", "skymap", "tract", "patch")
SELECTION_DIMENSIONS = ("instrument", "skymap", "tract", "patch", "band")


RUNS = itertools.count(1)


def put(
    root: str, name: str, storage_class: str, dimensions: tuple[str, ...], values: dict[Any, Any]
) -> None:
    """Store datasets beside the warps, by what their data IDs add to the patch's."""
    with Butler.from_config(root, writeable=True, run="warps") as butler:
        dataset_type = DatasetType(name, dimensions, storageClass=storage_class, universe=butler.dimensions)
        butler.registry.registerDatasetType(dataset_type)
        for (key, value), dataset in values.items():
            butler.put(dataset, dataset_type, {**DATA_ID, "instrument": INSTRUMENT, key: value})


def put_masks(root: str, masks: dict[int, Mask]) -> None:
    values = {("visit", visit): mask for visit, mask in masks.items()}
    put(root, "compare_warp_artifact_mask", "MaskV2", WARP_DIMENSIONS, values)


def put_selection(root: str, visits: dict[int, bool], name: str = "deep_coadd_visit_selection") -> None:
    put(root, name, "StructuredDataDict", SELECTION_DIMENSIONS, {("band", "r"): visits})


@contextlib.contextmanager
def output_of(root: str, **config: Any) -> Iterator[Butler]:
    """Average the warps of a repository; yield where the coadd is."""
    task_config = AssembleReferenceCoaddTask.ConfigClass()
    task_config.connections.visit_selection = config.pop("selection", "deep_coadd_visit_selection")
    output, register = config.pop("output", "out"), config.pop("register", True)
    for name, value in config.items():
        owner, _, field = name.rpartition("__")
        setattr(getattr(task_config, owner) if owner else task_config, field, value)
    # Runs that are named by the second would be one and the same.
    run = f"{output}/{next(RUNS)}"
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output=output, output_run=run)
    try:
        executor = SimplePipelineExecutor.from_task_class(
            AssembleReferenceCoaddTask, task_config, butler=butler
        )
        assert len(executor.run(register_dataset_types=register)) == 1
        yield butler
    finally:
        butler.close()


def coadd_of(root: str, **config: Any) -> Any:
    with output_of(root, **config) as butler:
        return butler.get("reference_coadd", **DATA_ID, band="r")


def visits_of(coadd: Any) -> list[int]:
    return coadd.provenance.inputs["visit"].tolist()


def is_rejected(coadd: Any, pixel: tuple[int, int]) -> bool:
    return bool(coadd.mask.get("REJECTED")[pixel])


def test_without_optional_inputs_all_is_as_it_was(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    root = make_repository(warps)
    before = coadd_of(root, use_artifact_masks=False, use_visit_selection=False)
    # Neither dataset type is so much as registered, nor need it be.
    with output_of(root, output="again", register=False) as butler:
        after = butler.get("reference_coadd", **DATA_ID, band="r")
        with pytest.raises(LookupError):
            butler.get_dataset_type("compare_warp_artifact_mask")
    assert visits_of(after) == [10, 11, 12]
    np.testing.assert_array_equal(after.image.array, before.image.array)


def test_artifacts_are_rejected_where_the_masks_say(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    warps[11].image.array[30, 30] = 1e5
    root = make_repository(warps)
    put_masks(root, {11: make_mask({"CLIPPED": (30, 30)})})
    coadd = coadd_of(root)
    assert is_rejected(coadd, (30, 30))
    assert abs(coadd.image.array[30, 30]) < 10
    # What the warp itself has masked stays so: a cosmic ray.
    assert is_rejected(coadd, (5, 5))
    assert coadd.mask.get("REJECTED").sum() == 3


def test_artifact_masks_can_be_left_unused(warps: dict[int, Any], make_repository: MakeRepository) -> None:
    root = make_repository(warps)
    put_masks(root, {11: make_mask({"CLIPPED": (30, 30)})})
    assert not is_rejected(coadd_of(root, use_artifact_masks=False), (30, 30))


def test_warps_without_a_mask_are_used_and_told(
    warps: dict[int, Any], make_repository: MakeRepository, caplog: pytest.LogCaptureFixture
) -> None:
    root = make_repository(warps)
    put_masks(root, {11: make_mask({"CLIPPED": (30, 30)})})
    assert visits_of(coadd_of(root)) == [10, 11, 12]
    assert "no masks of artifacts for visits [10, 12]" in caplog.text


def test_masks_can_be_required(warps: dict[int, Any], make_repository: MakeRepository) -> None:
    root = make_repository(warps)
    put_masks(root, {visit: make_mask({"CLIPPED": (30, 30)}) for visit in (10, 12)})
    assert visits_of(coadd_of(root, require_artifact_masks=True)) == [10, 12]


def test_masks_cannot_be_required_but_not_used() -> None:
    config = RestoreCoaddConfig()
    config.require_artifact_masks, config.use_artifact_masks = True, False
    with pytest.raises(ValueError, match="only be required where they are used"):
        config.validate()


def test_mask_has_to_cover_the_warp(warps: dict[int, Any], make_repository: MakeRepository) -> None:
    root = make_repository(warps)
    put_masks(root, {11: make_mask({"CLIPPED": (3, 3)}, Box.from_shape((10, 10), (100, 200)))})
    with pytest.raises(InvalidExposureError, match="Visit 11 .*does not cover"):
        coadd_of(root)


def test_storage_class_of_masks_follows_that_of_warps() -> None:
    is_afw = RestoreCoaddConfig().warp_storage_class == "ExposureF"
    assert default_mask_storage_class() == ("Mask" if is_afw else "MaskV2")


@pytest.mark.parametrize("name", ["deep_coadd_visit_selection", "deepCoaddVisits"])
def test_only_selected_visits_are_used(
    name: str, warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    root = make_repository(warps)
    put_selection(root, {10: True, 11: False, 12: True, 99: True}, name)
    assert visits_of(coadd_of(root, selection=name)) == [10, 12]
    assert visits_of(coadd_of(root, selection=name, use_visit_selection=False)) == [10, 11, 12]


def test_selection_without_any_of_the_warps_leaves_no_work(
    warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    root = make_repository(warps)
    put_selection(root, {99: True})
    with output_of(root) as butler:
        assert not butler.query_datasets("reference_coadd", "*", find_first=False, explain=False)


def test_too_few_selected_warps_are_an_error(warps: dict[int, Any], make_repository: MakeRepository) -> None:
    root = make_repository(warps)
    put_selection(root, {10: True})
    with pytest.raises(InvalidExposureError, match=r"of the 3 .*only those of visits \[10\] are selected"):
        coadd_of(root, min_exposures=2)


def test_networks_are_trained_on_selected_visits(
    warps: dict[int, Any], make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def run(self: Any, *, stacks: Iterator[Any], n_cores: int) -> None:
        seen.extend(stack.visits for stack in stacks)
        raise InvalidExposureError("Enough.")

    monkeypatch.setattr(TrainRestorationTask, "run", run)
    root = make_repository(warps | make_warps(5))
    put_selection(root, dict.fromkeys([10, 11, 14], True))
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(TrainRestorationTask, butler=butler)
        with pytest.raises(InvalidExposureError, match="Enough") as caught:
            executor.run(register_dataset_types=True)
    finally:
        butler.close()
    assert seen == [(10, 11, 14)]
    assert isinstance(caught.value, AlgorithmError)


@pytest.mark.parametrize(
    ("limit", "expected"),
    # Widths are 3, 3.5 and 4 pixels of 0.2 arcsec.
    [(None, [10, 11, 12]), (0.75, [10, 11]), (0.65, [10])],
)
def test_visits_with_a_wide_psf_are_left_out(
    limit: float | None, expected: list[int], warps: dict[int, Any], make_repository: MakeRepository
) -> None:
    assert visits_of(coadd_of(make_repository(warps), psf_quality__max_fwhm=limit)) == expected


def test_no_good_psf_leaves_no_work(
    warps: dict[int, Any], make_repository: MakeRepository, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with output_of(make_repository(warps), psf_quality__max_fwhm=0.1) as butler:
        assert not butler.query_datasets("reference_coadd", "*", find_first=False, explain=False)
    assert "Visit 12 is left out: the FWHM in arcsec of its PSF is 0.8, above 0.1." in caplog.text
