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

"""Tests of patches that are read piece by piece."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras

from lsst.acn import Box, ExposureStack, RestorationConfig, restore
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.acn.image_io import CoaddInput, WarpStream, open_exposures, read_exposure_stack
from lsst.acn.image_io.any_warp import read_arrays
from lsst.acn.measure_restoration import MeasureRestorationTask
from lsst.acn.repository.patch_row import PatchRow
from lsst.acn.repository.simulate import simulate_warps
from lsst.acn.restore_coadd import RestoreCoaddTask
from lsst.acn.simulation import ConditionsConfig, SimulationConfig
from lsst.acn.warps.reader import WarpInputs
from lsst.daf.butler import Butler
from lsst.images import SkyProjection

SIZE, CELL, VISITS = 160, 40, 4
MAX_BYTES = VISITS * SIZE * 13 * CELL
"""Memory for one row of cells at a time."""


@pytest.fixture(scope="module")
def handles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    root = str(tmp_path_factory.mktemp("stream") / "repo")
    conditions = ConditionsConfig(fwhm_gradient=0.3, shear_gradient=0.02)
    config = SimulationConfig(seed=8, visits=VISITS, cell_size=CELL, psf_size=25, conditions=conditions)
    simulate_warps(root, config, PatchRow(size=SIZE))
    with Butler.from_config(root, collections="simulated/warps") as butler:
        yield [butler.getDeferred(reference) for reference in butler.query_datasets("direct_warp")]


@pytest.fixture(scope="module")
def whole(handles: list[Any]) -> ExposureStack:
    return read_exposure_stack(handles, psf_cell_size=CELL)


@pytest.fixture(scope="module", params=[1, 2], ids=["one core", "read ahead"])
def stream(handles: list[Any], request: pytest.FixtureRequest) -> WarpStream:
    result = open_exposures(handles, max_bytes=MAX_BYTES, psf_cell_size=CELL, n_cores=request.param)
    assert isinstance(result, WarpStream)
    return result


def test_small_patch_is_read_as_a_whole(handles: list[Any], whole: ExposureStack) -> None:
    stack = open_exposures(handles, max_bytes=13 * VISITS * SIZE**2, psf_cell_size=CELL)
    assert isinstance(stack, ExposureStack)
    np.testing.assert_array_equal(stack.image, whole.image)


def test_stream_knows_what_the_stack_knows(stream: WarpStream, whole: ExposureStack) -> None:
    assert (stream.box, stream.visits, stream.unit, stream.band) == (
        whole.box, whole.visits, whole.unit, whole.band,
    )  # fmt: skip
    assert len(stream) == VISITS
    assert stream.psf.size == whole.psf.size
    np.testing.assert_allclose(stream.median_variances(), whole.median_variances(), rtol=0.02)
    few = stream.select([2, 0])
    assert few.visits == (whole.visits[2], whole.visits[0])
    np.testing.assert_array_equal(few.median_variances(), stream.median_variances()[[2, 0]])


@pytest.mark.parametrize("reach", [0, 7, 55])
def test_strips_are_the_rows_of_the_stack(stream: WarpStream, whole: ExposureStack, reach: int) -> None:
    expected = [Box(y, y + CELL, 0, SIZE) for y in range(0, SIZE, CELL)]
    boxes = []
    for box, strip in stream.strips(reach):
        boxes.append(box)
        rows = box.grown_by(reach).intersection(whole.box)
        assert strip.box == Box(rows.y_start, rows.y_stop, 0, SIZE)
        assert_equal(strip, whole.cutout(strip.box))
    assert boxes == expected


def assert_equal(strip: ExposureStack, expected: ExposureStack) -> None:
    assert strip.visits == expected.visits
    for name in ("image", "variance", "valid"):
        np.testing.assert_array_equal(getattr(strip, name), getattr(expected, name))
    for plane in expected.mask_planes:
        ours, theirs = (stack.mask >> stack.mask_planes[plane] & 1 for stack in (strip, expected))
        np.testing.assert_array_equal(ours, theirs)
    y = expected.box.center[0]
    for x in range(expected.box.x_start, expected.box.x_stop, 9):
        np.testing.assert_array_equal(strip.psf.at(y, x), expected.psf.at(y, x))


def test_pieces_and_single_exposures_can_be_had(stream: WarpStream, whole: ExposureStack) -> None:
    box = Box(30, 90, 10, 75)
    assert_equal(stream.cutout(box), whole.cutout(box))
    one = stream.exposure(2)
    assert one.visits == (whole.visits[2],)
    np.testing.assert_array_equal(one.image[0], whole.image[2])
    with pytest.raises(ValueError, match="not inside"):
        stream.cutout(Box(0, 10, 150, 170))


def test_every_pixel_is_read_once(
    stream: WarpStream, whole: ExposureStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = np.zeros(whole.shape, int)

    def count(warp: Any, box: Box, **keywords: Any) -> Any:
        seen[box.slices_within(whole.box)] += 1
        return read_arrays(warp, box, **keywords)

    monkeypatch.setattr("lsst.acn.image_io.stack_reading.read_arrays", count)
    assert len(list(stream.strips(20))) == SIZE // CELL
    assert (seen == VISITS).all()


def test_objects_of_ast_stay_in_the_thread_that_made_them(
    stream: WarpStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where AST is built with threads, whoever touches those of another ends the process."""
    owners = {id(stream.geometry.sky_projection): threading.get_ident()}
    alive, wrong, users = [], [], set()

    def noting(name: str) -> Callable[..., Any]:
        original = getattr(SkyProjection, name)

        def wrapper(self: Any, *arguments: Any, **keywords: Any) -> Any:
            alive.append(self)
            users.add(threading.get_ident())
            if owners.setdefault(id(self), threading.get_ident()) != threading.get_ident():
                wrong.append(name)
            return original(self, *arguments, **keywords)

        return wrapper

    for name in ("pixel_to_sky", "sky_to_pixel", "__init__"):
        monkeypatch.setattr(SkyProjection, name, noting(name))
    for _, strip in stream.strips(20):
        # What is done with a strip, in this thread.
        strip.geometry.corners()
    assert len(users) == (2 if stream._n_cores > 1 else 1)
    assert not wrong


def test_restoration_does_not_depend_on_the_pieces(stream: WarpStream, whole: ExposureStack) -> None:
    config = RestorationConfig()
    config.tiles.restoring_size = 56
    together, streamed = (restore(exposures, config) for exposures in (whole, stream))
    difference = streamed.image - together.image
    # Tiles lie elsewhere, and the PSF varies from one to the next: the bounds that running.rst states.
    assert np.sqrt(np.mean(difference**2)) < 1e-4 * together.image.max()
    in_errors = np.abs(difference) / np.sqrt(together.variance)
    assert np.percentile(in_errors, 99) < 0.25
    assert in_errors.max() < 1.5
    assert np.median(np.abs(streamed.variance / together.variance - 1.0)) < 0.02
    assert np.median(np.abs(streamed.detection_variance / together.detection_variance - 1.0)) < 0.03
    assert streamed.image.sum() == pytest.approx(together.image.sum(), rel=2e-3)
    assert streamed.variance.shape == whole.shape
    assert (streamed.variance > 0).all()


@needs_keras
def test_training_draws_its_samples_from_the_stream(stream: WarpStream, whole: ExposureStack) -> None:
    config = RestorationConfig()
    options = config.cross_exposure
    options.network, options.steps, options.samples, options.tile_size = "fresh", 2, 2, 48
    # Whether a correction has come to rest is decided by its last digits.
    config.nuisances.passes = 1
    together, streamed = (restore(exposures, config) for exposures in (whole, stream))
    np.testing.assert_allclose(streamed.history["loss"], together.history["loss"], rtol=1e-4)


def test_tasks_give_the_same_outputs(stream: WarpStream, whole: ExposureStack) -> None:
    identities = tuple(CoaddInput("SimCam", visit, "i_sim", 20260101) for visit in whole.visits)
    results = []
    for exposures in (whole, stream):
        inputs = WarpInputs(exposures=exposures, identities=identities)
        images = RestoreCoaddTask().run(inputs=inputs).getDict()
        del images["restored_coadd_residual"], images["restored_coadd_pixel_variance"]
        images |= AssembleReferenceCoaddTask().run(inputs=inputs).getDict()
        measured = MeasureRestorationTask().run(inputs=inputs, **images)
        results.append((images, measured))
    (one, measured_one), (other, measured_other) = results
    coadds = [images["reference_coadd"] for images in (one, other)]
    np.testing.assert_allclose(coadds[1].image.array, coadds[0].image.array, atol=0.05, rtol=1e-3)
    assert coadds[0].bounds.missing == coadds[1].bounds.missing
    for name in one["restored_coadd"].mask.schema.names:
        ours, theirs = (images["restored_coadd"].mask.get(name) for images in (one, other))
        np.testing.assert_array_equal(ours, theirs)
    tables = [images["restored_coadd"].provenance.contributions for images in (one, other)]
    assert len(tables[0]) == len(tables[1]) > 0
    for name in ("sky_sigma_restored", "sharpness_restored", "flux_ratio", "held_out_excess"):
        ours, theirs = (m.restored_coadd_metrics[name][0] for m in (measured_one, measured_other))
        # What noise is left in the sky is less than a hundredth of that of the coadd.
        assert theirs == pytest.approx(ours, rel=0.05, abs=2e-3), name
