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

import json

import numpy as np
import pytest

from lsst.acn.assemble_reference_coadd import (
    AssembleReferenceCoaddConfig,
    AssembleReferenceCoaddConnections,
    AssembleReferenceCoaddTask,
)
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.records.task_record import config_digest
from lsst.acn.warps.reader import WarpInputs
from lsst.pipe.base.testUtils import assertValidOutput, lintConnections


@pytest.mark.parametrize("storage_class", ["CellCoadd", "ExposureF"])
def test_storage_class_of_the_warps_follows_the_config(storage_class: str) -> None:
    config = AssembleReferenceCoaddConfig(warp_storage_class=storage_class)
    connections = AssembleReferenceCoaddConnections(config=config)
    assert connections.warps.storageClass == storage_class
    assert connections.warps.deferLoad
    assert connections.reference_coadd.storageClass == "CellCoadd"
    assert ("sky_map" in connections.prerequisiteInputs) is (storage_class == "ExposureF")


def test_output_is_what_the_connections_announce(warp_inputs: WarpInputs) -> None:
    lintConnections(AssembleReferenceCoaddConnections)
    task = AssembleReferenceCoaddTask()
    assertValidOutput(task, task.run(inputs=warp_inputs))


def test_coadd_is_the_weighted_mean_with_mask_and_psf(warp_inputs: WarpInputs) -> None:
    stack = warp_inputs.exposures
    coadd = AssembleReferenceCoaddTask().run(inputs=warp_inputs).reference_coadd
    expected = assemble_coadd(stack)
    np.testing.assert_array_equal(coadd.image.array, expected.image)
    np.testing.assert_array_equal(coadd.variance.array, expected.variance)
    assert np.isnan(coadd.image.array[0, 0])
    for name, (y, x) in {"NO_DATA": (0, 0), "SATURATED": (16, 16), "DETECTED": (26, 46)}.items():
        assert np.argwhere(coadd.mask.get(name)).tolist() == [[y, x]]
    assert not coadd.mask.get("COSMIC_RAY").any()
    assert np.argwhere(coadd.mask.get("REJECTED")).tolist() == [[5, 5], [16, 16]]
    assert np.argwhere(coadd.mask.get("INEXACT_PSF")).tolist() == [[0, 0], [5, 5], [16, 16]]
    kernel = coadd.psf.compute_kernel_image(x=205, y=105).array
    np.testing.assert_allclose(kernel, expected.psf.kernels[0, 0, 0], atol=1e-7)
    assert coadd.unit == "nJy"
    assert coadd.band == "r"


def test_coadd_says_where_it_comes_from(warp_inputs: WarpInputs) -> None:
    task = AssembleReferenceCoaddTask()
    coadd = task.run(inputs=warp_inputs).reference_coadd
    assert json.loads(coadd.metadata["visits"]) == [10, 11, 12]
    assert coadd.metadata["config_sha256"] == config_digest(task.config)
    assert json.loads(coadd.metadata["config"])["min_valid_fraction"] == 0.5
    assert {"acn", "numpy", "images"} <= json.loads(coadd.metadata["packages"]).keys()
    assert set(coadd.provenance.inputs["visit"]) == {10, 11, 12}
    assert set(coadd.provenance.inputs["physical_filter"]) == {"r_01"}


def test_task_metadata_sums_up_the_coadd(warp_inputs: WarpInputs) -> None:
    task = AssembleReferenceCoaddTask()
    task.run(inputs=warp_inputs)
    n_pixels = warp_inputs.exposures.valid[0].size
    assert task.metadata.getArray("visits") == [10, 11, 12]
    assert task.metadata["n_exposures"] == 3
    assert task.metadata["valid_fraction"] == pytest.approx(1 - 1 / n_pixels)
    assert task.metadata["exact_psf_fraction"] == pytest.approx(1 - 3 / n_pixels)
    assert 0.5 < task.metadata["median_variance"] < 1


def test_thresholds_of_the_mask_come_from_the_config(warp_inputs: WarpInputs) -> None:
    config = AssembleReferenceCoaddConfig(
        mask_propagation_thresholds={"SAT": 0.9}, default_mask_propagation_threshold=0.1
    )
    coadd = AssembleReferenceCoaddTask(config=config).run(inputs=warp_inputs).reference_coadd
    assert not coadd.mask.get("SATURATED").any()
    assert np.argwhere(coadd.mask.get("COSMIC_RAY")).tolist() == [[5, 5]]
