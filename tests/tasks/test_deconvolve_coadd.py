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

"""The task that restores a patch where a coadd would be deconvolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import astropy.units
import numpy as np
import pytest
from afw_coadds import NANOJANSKY_PER_COUNT, Background, Coadd, install
from scipy.special import erf

import lsst.acn.restoration
from lsst.acn import (
    Box,
    ExposureStack,
    PsfKernels,
    ResidualImage,
    RestorationConfig,
    RestorationResult,
    gaussian_kernel,
)
from lsst.acn.deconvolve_coadd import (
    MODEL_PSF_FWHM,
    DeconvolveCoaddConfig,
    DeconvolveCoaddConnections,
    DeconvolveCoaddTask,
)
from lsst.acn.image_io import make_warp
from lsst.acn.nuisances.corrections import ExposureCorrections
from lsst.acn.nuisances.smooth_sky import SmoothSky
from lsst.acn.warps.config import DIMENSIONS
from lsst.acn.warps.reader import WarpInputs
from lsst.daf.butler import Butler, DatasetType
from lsst.images import MaskedImage, get_legacy_deep_coadd_mask_planes
from lsst.images.cells import CellCoadd
from lsst.images.fields import ChebyshevField
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor
from lsst.pipe.base.testUtils import assertValidOutput, lintConnections

SKY = -3.0


def fake_restore(stack: ExposureStack, config: RestorationConfig, **keywords: Any) -> RestorationResult:
    """Restore a patch to the same value everywhere, with a sky of its own taken off."""
    residual = None
    if config.keep_residual:
        planes = np.full((3, *stack.shape), [[[2.0]], [[7.0]], [[1.0]]], np.float32)
        psf = PsfKernels.constant(gaussian_kernel(5.0, 25)[None], stack.box)
        residual = ResidualImage(*planes, psf, stack.box)
    corrections = ExposureCorrections.nothing(stack.box, stack.visits)
    return RestorationResult(
        image=np.full(stack.shape, 100.0, np.float32),
        variance=np.ones(stack.shape, np.float32),
        detection_variance=np.full(stack.shape, 2.0, np.float32),
        latent=np.ones(stack.shape, np.float32),
        latent_box=stack.box,
        target_psf=gaussian_kernel(config.target_psf_fwhm),
        corrections=dataclasses.replace(corrections, common_sky=SmoothSky(stack.box, np.full((1, 1), SKY))),
        history={},
        summary={"seed": config.seed, "method": "fake"},
        residual=residual,
    )


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)


def test_output_is_what_the_connections_announce(warp_inputs: WarpInputs) -> None:
    lintConnections(DeconvolveCoaddConnections)
    task = DeconvolveCoaddTask()
    assertValidOutput(task, task.run(inputs=warp_inputs, coadd=Coadd(warp_inputs.exposures.box)))


def test_sky_is_that_of_the_coadd(warp_inputs: WarpInputs) -> None:
    box = warp_inputs.exposures.box
    background = Background(np.full(box.shape, 0.5, np.float32), box)
    made = DeconvolveCoaddTask().run(inputs=warp_inputs, coadd=Coadd(box), background=background).deconvolved
    # What the restoration took for sky is there again, what detection took for it is not.
    np.testing.assert_allclose(made.image.array, (100.0 + SKY) / NANOJANSKY_PER_COUNT - 0.5, rtol=1e-6)


def test_footprints_are_kept_to(warp_inputs: WarpInputs) -> None:
    box = warp_inputs.exposures.box
    footprint = Box.from_shape((2, 2), (box.y_start, box.x_start))
    made = DeconvolveCoaddTask().run(inputs=warp_inputs, coadd=Coadd(box), detections=[footprint]).deconvolved
    assert np.count_nonzero(made.image.array) == 4


def test_residual_is_added_on_request(warp_inputs: WarpInputs) -> None:
    config = DeconvolveCoaddConfig()
    config.image_kind = "detection"
    config.restoration.keep_residual = True
    box = warp_inputs.exposures.box
    made = DeconvolveCoaddTask(config=config).run(inputs=warp_inputs, coadd=Coadd(box)).deconvolved
    picture = DeconvolveCoaddTask().run(inputs=warp_inputs, coadd=Coadd(box)).deconvolved
    assert (made.image.array > picture.image.array + 0.1).all()
    np.testing.assert_array_equal(made.psf.kernel, picture.psf.kernel)


def test_residual_has_to_be_kept_to_be_added() -> None:
    config = DeconvolveCoaddConfig()
    config.image_kind = "detection"
    with pytest.raises(ValueError, match="keep_residual has to be on"):
        config.validate()


def test_footprints_are_an_input_where_they_are_used() -> None:
    config = DeconvolveCoaddConfig()
    assert "detections" in DeconvolveCoaddConnections(config=config).inputs
    config.use_footprints = False
    assert "detections" not in DeconvolveCoaddConnections(config=config).inputs


def test_psf_is_that_of_the_models_of_scarlet(warp_inputs: WarpInputs) -> None:
    made = DeconvolveCoaddTask().run(inputs=warp_inputs, coadd=Coadd(warp_inputs.exposures.box)).deconvolved
    kernel = made.psf.kernel
    edges = np.arange(len(kernel) + 1) - len(kernel) / 2
    profile = np.diff(erf(edges / (np.sqrt(2.0) * 0.8)))
    model = np.outer(profile, profile)
    np.testing.assert_allclose(kernel, model / model.sum(), atol=1.1e-3 * model.max())
    assert DeconvolveCoaddConfig().restoration.target_psf_fwhm == MODEL_PSF_FWHM


def deep_coadd(warp_inputs: WarpInputs) -> CellCoadd:
    """Return a coadd of the same patch as the cell-based pipelines release it, with a sky taken off."""
    stack = warp_inputs.exposures
    ones = np.ones(stack.shape)
    coadd = make_warp(
        ones,
        4 * ones,
        gaussian_kernel(3.0, 11),
        geometry=stack.geometry,
        mask=np.arange(ones.size).reshape(ones.shape) % 2,
        mask_planes={"SAT": 0},
        band="r",
    )
    # Chebyshev polynomials over the box: a constant.
    sky = ChebyshevField(coadd.bbox, np.array([[0.25]]), unit=astropy.units.nJy)
    coadd.backgrounds.add("object", sky, is_subtracted=True)
    return coadd


def test_image_of_today_stands_beside_a_coadd_of_cells(warp_inputs: WarpInputs) -> None:
    coadd = deep_coadd(warp_inputs)
    made = DeconvolveCoaddTask().run(inputs=warp_inputs, coadd=coadd).deconvolved
    assert type(made) is MaskedImage
    assert (made.bbox, made.unit) == (coadd.bbox, coadd.unit)
    np.testing.assert_allclose(made.image.array, 100.0 + SKY - 0.25, rtol=1e-6)
    np.testing.assert_array_equal(made.variance.array, coadd.variance.array)
    np.testing.assert_array_equal(made.mask.get("SATURATED"), coadd.mask.get("SATURATED"))
    # The deblender gives the mask back to afw by these names.
    names = {plane.name for plane in get_legacy_deep_coadd_mask_planes().values()}
    assert set(made.mask.schema.names) <= names


def test_storage_classes_follow_the_image_type() -> None:
    config = DeconvolveCoaddConfig()
    config.imageType = "future"
    connections = DeconvolveCoaddConnections(config=config)
    assert connections.coadd.storageClass == "CellCoadd"
    assert connections.deconvolved.storageClass == "MaskedImageV2"
    assert "background" not in connections.inputs


def test_quantum_is_run_on_coadds_of_cells(
    make_repository: Callable[[dict[int, Any]], str], warps: dict[int, Any], warp_inputs: WarpInputs
) -> None:
    root, data_id = make_repository(warps), {"skymap": "test", "tract": 0, "patch": 0, "band": "r"}
    with Butler.from_config(root, writeable=True, run="warps") as butler:
        dataset_type = DatasetType("deep_coadd", DIMENSIONS, "CellCoadd", universe=butler.dimensions)
        butler.registry.registerDatasetType(dataset_type)
        butler.put(deep_coadd(warp_inputs), dataset_type, data_id)
    config = DeconvolveCoaddConfig()
    config.imageType, config.use_footprints = "future", False
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(DeconvolveCoaddTask, config, butler=butler)
        assert len(executor.run(register_dataset_types=True)) == 1
        made = butler.get("deconvolved_deep_coadd", data_id)
    finally:
        butler.close()
    assert type(made) is MaskedImage
    np.testing.assert_allclose(made.image.array, 100.0 + SKY - 0.25, rtol=1e-3)
