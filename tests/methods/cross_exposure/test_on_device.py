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

"""Restoring a tile by the Keras backend, against NumPy and SciPy."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import numpy as np
import pytest
from other_backends import OTHERS, run_elsewhere
from small_fields import make_stack

import lsst.acn.methods.cross_exposure.method as cross_exposure_method
from lsst.acn import Box, ExposureStack, RestorationConfig, gaussian_kernel, restore
from lsst.acn.arrays.namespace import keras_transforms
from lsst.acn.machine.compiled_inference import compile_inference
from lsst.acn.methods.cross_exposure.error_model import predict_variance
from lsst.acn.methods.cross_exposure.family.exposure_sums import StatisticsGatherer
from lsst.acn.methods.cross_exposure.family.family import RestorationFamily, complete_statistics, make_family
from lsst.acn.methods.cross_exposure.family.refinement import refine_bright
from lsst.acn.methods.cross_exposure.family.sampling import to_latent
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.network.mixing_network import MIX_CHANNELS, STRIDE, make_features
from lsst.acn.on_device import latent as latent_on_device
from lsst.acn.on_device import tile_restorer
from lsst.acn.on_device.exposure_sums import ExposureSums, TileExposures
from lsst.acn.on_device.family import make_family as make_family_on_device

KERNEL = gaussian_kernel(2.3)
SIZE, N = (96, 112), 5
FIELD: dict[str, Any] = {"n": N, "shape": SIZE, "kernel_size": 21, "seed": 3}


def config_of(engine: str) -> RestorationConfig:
    config = RestorationConfig()
    config.cross_exposure.engine = engine
    return config


def spoiled_stack() -> ExposureStack:
    """Return a stack with unknown pixels, a star without a core, cosmic rays
    and noisier pixels.
    """
    stack, truth = make_stack(**FIELD)
    image, variance, valid = stack.image.copy(), stack.variance.copy(), stack.valid.copy()
    radius = stack.psf.radius
    y, x = np.unravel_index(truth[20:-20, 20:-20].argmax(), (SIZE[0] - 20, SIZE[1] - 20))
    y, x = y + 20 - radius, x + 20 - radius
    valid[:3, y - 2 : y + 3, x - 2 : x + 3] = False
    valid[:, 60:63, 80:84] = False
    image[1, 30, 40] += 5000.0
    variance[2, 70:, :] *= 3.0
    return ExposureStack.from_arrays(image, variance, stack.psf, valid=valid)


def family_on_device(stack: ExposureStack) -> tuple[np.ndarray, ...]:
    """Return members, significance, unit, area, coverage and holes by the backend."""

    def run(*arrays: Any) -> tuple[Any, ...]:
        sums = ExposureSums(TileExposures(*arrays), keras_transforms())
        family = make_family_on_device(sums)
        return (
            family.members,
            family.significance,
            family.unit,
            family.effective_area,
            family.coverage,
            sums.holes,
        )

    found: tuple[np.ndarray, ...] = compile_inference(run)(*tile_restorer.tile_arrays(stack))
    return found


def family_of(stack: ExposureStack) -> tuple[RestorationFamily, np.ndarray]:
    """Return the family by NumPy, and where it had holes to fill."""
    gatherer = StatisticsGatherer(stack)
    family = make_family(*complete_statistics(gatherer))
    return dataclasses.replace(family, coverage=gatherer.coverage()), gatherer.holes


@pytest.mark.parametrize(("spoiled", "tolerance"), [(False, 1e-4), (True, 0.02)])
def test_families_agree(spoiled: bool, tolerance: float) -> None:
    stack = spoiled_stack() if spoiled else make_stack(**FIELD)[0]
    family, holes = family_of(stack)
    members, significance, unit, area, coverage, holes_there = family_on_device(stack)
    assert holes.any() == spoiled
    np.testing.assert_array_equal(holes_there, holes)
    np.testing.assert_allclose(coverage, family.coverage, atol=1e-6)
    np.testing.assert_allclose([unit, area], [family.unit, family.effective_area], rtol=1e-5)
    # Holes are filled in cut-outs by NumPy, and in the whole tile here.
    brightest = family.members.max(axis=(0, 1))
    assert (np.abs(members - family.members).max(axis=(0, 1)) < tolerance * brightest).all()
    assert np.abs(significance - family.significance).max() < tolerance * family.significance.max()
    assert (members >= 0).all()


def test_what_comes_after_the_family_agrees() -> None:
    stack, _ = make_stack(**FIELD)
    method = CrossExposureMethod(stack, config_of("numpy"))
    family, _ = family_of(stack)
    mix = compile_inference(method.network.mix, MIX_CHANNELS)
    latent = refine_bright(mix(make_features(family)[None], family.members[None])[0], family, 5)
    variance = predict_variance(latent, family, KERNEL, 0)

    def run(*arrays: Any) -> tuple[Any, ...]:
        *planes, profile = arrays
        return tile_restorer.restore_tile(TileExposures(*planes), method.network.mix, 5, profile)

    found = compile_inference(run)(*tile_restorer.tile_arrays(stack), KERNEL.sum(axis=0))
    scale = family.unit
    np.testing.assert_allclose(found[0], latent * scale, rtol=1e-3, atol=1e-3 * scale)
    # The gradient of the outermost pixels is another one.
    inside = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(found[1][inside], variance[inside], rtol=2e-3)


def test_one_number_of_exposures_serves_many() -> None:
    arrays = tile_restorer.tile_arrays(make_stack(**FIELD)[0])
    assert {array.shape[0] for array in arrays[:-1]} == {8}
    image, variance, _, _, share, _ = arrays
    assert (image[N:] == 0).all()
    assert np.isinf(variance[N:]).all()
    assert (share[N:] == 0).all()
    assert share.sum() == pytest.approx(1.0)


def test_an_exposure_that_does_not_reach_the_tile_has_no_say() -> None:
    stack, _ = make_stack(**FIELD)
    valid = stack.valid.copy()
    valid[2] = False
    without = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    rest = stack.select([0, 1, 3, 4])
    for found, expected in zip(family_on_device(without), family_on_device(rest), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tile", [Box(0, 50, 3, 90), Box(-7, 61, -20, 67), Box(301, 621, 305, 625)])
@pytest.mark.parametrize("margin", [8, 37])
def test_working_boxes_have_room_and_begin_with_a_block(tile: Box, margin: int) -> None:
    box = tile_restorer.working_box(tile, margin)
    assert box.contains(tile.grown_by(margin))
    assert box.y_start % STRIDE == box.x_start % STRIDE == 0
    assert all(side % tile_restorer.PIXELS == 0 for side in box.shape)


def test_tiles_of_a_patch_have_few_shapes() -> None:
    tiles = [Box.from_shape((side, side), (start, start)) for side in range(300, 321) for start in (0, 1)]
    assert len({tile_restorer.working_box(tile, 40).shape for tile in tiles}) <= 3


@pytest.mark.parametrize("restoring_size", [320, 64])
def test_restored_images_agree(restoring_size: int) -> None:
    stack = spoiled_stack()
    results = {}
    for engine in ("numpy", "backend"):
        config = config_of(engine)
        config.tiles.restoring_size = restoring_size
        results[engine] = restore(stack, config)
        assert results[engine].summary["engine"] == engine
    ours, theirs = results["backend"], results["numpy"]
    # Other margins around what is restored, or other tiles, change NumPy's as much.
    change = np.abs(ours.image - theirs.image) / np.sqrt(theirs.variance)
    assert change.max() < 1.0
    assert np.percentile(change, 99) < 0.1
    assert np.median(change) < 0.005
    assert np.percentile(np.abs(ours.variance / theirs.variance - 1.0), 99) < 0.2
    np.testing.assert_allclose(ours.variance.mean(), theirs.variance.mean(), rtol=0.01)
    assert ours.latent.sum() == pytest.approx(theirs.latent.sum(), rel=2e-3)


def test_trained_networks_and_the_jackknife_use_the_backend_too() -> None:
    stack, _ = make_stack(**FIELD)
    config = config_of("backend")
    config.cross_exposure.steps, config.cross_exposure.samples, config.cross_exposure.tile_size = 2, 2, 32
    result = restore(stack, config)
    assert np.isfinite(result.image).all()
    assert (result.variance > 0).all()


def test_latent_images_agree() -> None:
    sampled = np.random.default_rng(0).gamma(0.1, 1.0, (150, 201)).astype(np.float32)
    found = latent_on_device.to_latent(sampled)
    np.testing.assert_allclose(found, to_latent(sampled), atol=1e-3 * found.max())
    assert latent_on_device.to_latent(np.zeros((30, 40))).sum() == 0.0


def test_a_device_without_room_leaves_tiles_to_numpy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 byte.")

    stack, _ = make_stack(**FIELD)
    expected = restore(stack, config_of("numpy"))
    monkeypatch.setattr(cross_exposure_method.TileRestorer, "__call__", fail)
    with caplog.at_level(logging.WARNING):
        found = restore(stack, config_of("backend"))
    np.testing.assert_array_equal(found.image, expected.image)
    assert "no room for 5 exposures" in caplog.text


def test_other_errors_of_a_device_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("The device is gone.")

    monkeypatch.setattr(cross_exposure_method.TileRestorer, "__call__", fail)
    with pytest.raises(RuntimeError, match="is gone"):
        restore(make_stack(**FIELD)[0], config_of("backend"))


def test_a_cpu_is_left_to_numpy() -> None:
    stack, _ = make_stack(**FIELD)
    assert CrossExposureMethod(stack, RestorationConfig()).summary()["engine"] == "numpy"


def restored_light() -> dict[str, Any]:
    """Return what the backend of this process restores, column by column."""
    import keras

    result = restore(spoiled_stack(), config_of("backend"))
    columns = {name: getattr(result, name).sum(axis=0).tolist() for name in ("image", "variance", "latent")}
    return columns | {"backend": keras.backend.backend()}


@pytest.mark.parametrize("backend", OTHERS)
def test_other_backends_restore_what_tensorflow_does(backend: str) -> None:
    theirs, ours = (
        run_elsewhere(backend, "methods/cross_exposure/test_on_device.restored_light"),
        restored_light(),
    )
    assert theirs.pop("backend") == backend
    assert ours.pop("backend") == "tensorflow"
    for name, light in ours.items():
        np.testing.assert_allclose(theirs[name], light, rtol=1e-3, atol=1e-3 * max(light), err_msg=name)
