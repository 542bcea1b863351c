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

"""Restoring a tile by NumPy, and by the Keras backend, which does the same."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from other_backends import OTHERS, run_elsewhere
from small_fields import make_stack

import lsst.acn.methods.cross_exposure.method as cross_exposure_method
from lsst.acn import ExposureStack, RestorationConfig, gaussian_kernel, restore
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.namespace import Arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.cross_exposure.family.evidence import Evidence
from lsst.acn.methods.cross_exposure.family.family import RestorationFamily
from lsst.acn.methods.cross_exposure.family.first_model import first_model
from lsst.acn.methods.cross_exposure.family.restored_family import complete_family
from lsst.acn.methods.cross_exposure.family.tile_exposures import TileExposures, tile_exposures
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.network.shipped import shipped_network
from lsst.acn.methods.cross_exposure.tile import EXPOSURES, TileRestorer

KERNEL = gaussian_kernel(2.3)
SIZE, N = (96, 112), 5
FIELD: dict[str, Any] = {"n": N, "shape": SIZE, "kernel_size": 21, "seed": 3}
CLOSE = 1e-5
"""Of the brightest pixel: how far a CPU and a device may differ."""


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


def family_of(xp: Arrays, stack: ExposureStack) -> RestorationFamily:
    """Return the family of all pixels of a stack, as arrays of NumPy."""
    exposures = TileExposures(*map(xp.constant, tile_exposures(stack)))
    family = complete_family(xp, exposures)
    *planes, evidence, _ = family
    arrays = map(xp.to_numpy, planes)
    return RestorationFamily(*arrays, evidence=Evidence(*map(xp.to_numpy, evidence)), statistics=None)


@needs_keras
@pytest.mark.parametrize("spoiled", [False, True])
def test_families_agree(spoiled: bool) -> None:
    stack = spoiled_stack() if spoiled else make_stack(**FIELD)[0]
    ours, theirs = family_of(numpy_arrays(), stack), family_of(keras_arrays(), stack)
    np.testing.assert_allclose(theirs.coverage, ours.coverage, atol=1e-6)
    np.testing.assert_allclose(theirs.unit, ours.unit, rtol=1e-5)
    np.testing.assert_allclose(theirs.effective_area, ours.effective_area, rtol=1e-5)
    brightest = ours.members.max(axis=(0, 1))
    assert (np.abs(theirs.members - ours.members).max(axis=(0, 1)) < 2 * CLOSE * brightest).all()
    assert np.abs(theirs.significance - ours.significance).max() < CLOSE * ours.significance.max()
    assert (theirs.members >= 0).all()
    for found, expected in zip(theirs.evidence, ours.evidence, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3 + CLOSE * np.abs(expected).max())


@needs_keras
def test_the_same_holes_are_filled() -> None:
    stack = spoiled_stack()
    latents = []
    for xp in (numpy_arrays(), keras_arrays()):
        sums, latent = first_model(xp, TileExposures(*map(xp.constant, tile_exposures(stack))))
        latents.append(xp.to_numpy(latent))
        holes = xp.to_numpy(sums.holes(xp))
        assert holes[60:63, 80:84].all()
        assert holes.sum() == 12
    assert np.abs(latents[1] - latents[0]).max() < CLOSE * latents[0].max()


def test_one_number_of_exposures_serves_many() -> None:
    image, variance, kernels, medians, share, *_ = tile_exposures(make_stack(**FIELD)[0], EXPOSURES)
    assert {len(array) for array in (image, variance, kernels, medians, share)} == {8}
    assert (image[N:] == 0).all()
    assert np.isinf(variance[N:]).all()
    assert (share[N:] == 0).all()
    assert share.sum() == pytest.approx(1.0)


def test_exposures_that_are_added_change_nothing() -> None:
    stack = spoiled_stack()
    box = stack.box.grown_by(stack.psf.radius)
    plain = TileRestorer(numpy_arrays(), shipped_network(), 5)(stack, box, 8, KERNEL)
    xp = numpy_arrays()
    more = complete_family(xp, tile_exposures(stack, EXPOSURES))
    fewer = complete_family(xp, tile_exposures(stack))
    np.testing.assert_allclose(more.members, fewer.members, atol=1e-5 * fewer.members.max())
    assert plain[0].shape == box.shape


def test_an_exposure_that_does_not_reach_the_tile_has_no_say() -> None:
    stack, _ = make_stack(**FIELD)
    valid = stack.valid.copy()
    valid[2] = False
    without = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    restorer = TileRestorer(numpy_arrays(), shipped_network(), 5)
    box = stack.box.grown_by(stack.psf.radius)
    found, expected = (restorer(part, box, 8, KERNEL) for part in (without, stack.select([0, 1, 3, 4])))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-3)


def turned_stack(stack: ExposureStack, turns: int, is_mirrored: bool) -> ExposureStack:
    """Return exposures turned by right angles, then mirrored, with their PSFs."""

    def turned(planes: np.ndarray) -> np.ndarray:
        return turned_planes(planes, turns, is_mirrored)

    kernels = turned(stack.psf.at(*stack.box.center))
    planes = (turned(plane) for plane in (stack.image, stack.variance))
    return ExposureStack.from_arrays(*planes, kernels, valid=turned(stack.valid))


def turned_planes(planes: np.ndarray, turns: int, is_mirrored: bool) -> np.ndarray:
    planes = np.rot90(planes, turns, (-2, -1))
    return (planes[..., ::-1] if is_mirrored else planes).copy()


@pytest.mark.parametrize("shape", [(90, 90), (91, 90), (77, 95)])
def test_turned_and_flipped_tiles_are_restored_alike(shape: tuple[int, int]) -> None:
    stack, _ = make_stack(**{**FIELD, "shape": shape})
    restorer = TileRestorer(numpy_arrays(), shipped_network(), 5)

    def restored(stack: ExposureStack) -> tuple[np.ndarray, np.ndarray]:
        latent, variance = restorer(stack, stack.box.grown_by(stack.psf.radius), 8, KERNEL)
        assert variance is not None
        return latent, variance

    expected = restored(stack)
    for turns, is_mirrored in ((0, True), (1, False), (2, False), (3, True)):
        found = restored(turned_stack(stack, turns, is_mirrored))
        latent, variance = (turned_planes(plane, turns, is_mirrored) for plane in expected)
        # Sixty updates multiply the rounding of transforms, which are not turned with the field.
        assert np.abs(found[0] - latent).max() < 2 * CLOSE * latent.max()
        # What is nothing beside the rest is all rounding.
        sigmas = np.sqrt(found[1]), np.sqrt(variance)
        np.testing.assert_allclose(*sigmas, rtol=1e-3, atol=1e-5 * sigmas[1].max())


@needs_keras
@pytest.mark.parametrize("restoring_size", [320, 64])
def test_restored_images_agree(restoring_size: int) -> None:
    stack = spoiled_stack()
    results = {}
    for engine in ("numpy", "backend"):
        config = config_of(engine)
        config.tiles.restoring_size = restoring_size
        results[engine] = restore(stack, config)
    assert results["numpy"].summary["engine"] == "numpy"
    assert results["backend"].summary["engine"] == keras_arrays().name
    ours, theirs = results["backend"], results["numpy"]
    assert np.abs(ours.image - theirs.image).max() < CLOSE * theirs.image.max()
    assert np.abs(ours.latent - theirs.latent).max() < 10 * CLOSE * theirs.latent.max()
    np.testing.assert_allclose(ours.variance, theirs.variance, rtol=1e-2)
    assert np.median(np.abs(ours.variance / theirs.variance - 1.0)) < 1e-4


@needs_keras
def test_trained_networks_and_the_jackknife_use_the_backend_too() -> None:
    stack, _ = make_stack(**FIELD)
    config = config_of("backend")
    config.cross_exposure.network = "fresh"
    config.cross_exposure.steps, config.cross_exposure.samples, config.cross_exposure.tile_size = 2, 2, 32
    result = restore(stack, config)
    assert np.isfinite(result.image).all()
    assert (result.variance > 0).all()


def fail_on_the_device(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    restore_tile = cross_exposure_method.TileRestorer.__call__

    def fail(self: TileRestorer, *given: Any) -> Any:
        if self._xp.name != "numpy":
            raise RuntimeError(message)
        return restore_tile(self, *given)

    monkeypatch.setattr(cross_exposure_method.TileRestorer, "__call__", fail)


@needs_keras
def test_a_device_without_room_leaves_tiles_to_numpy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stack, _ = make_stack(**FIELD)
    expected = restore(stack, config_of("numpy"))
    fail_on_the_device(monkeypatch, "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 byte.")
    with caplog.at_level(logging.WARNING):
        found = restore(stack, config_of("backend"))
    np.testing.assert_allclose(found.image, expected.image, atol=1e-5 * expected.image.max())
    assert "no room for 5 exposures" in caplog.text
    assert found.summary["engine"] == "numpy"


@needs_keras
def test_other_errors_of_a_device_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on_the_device(monkeypatch, "The device is gone.")
    with pytest.raises(RuntimeError, match="is gone"):
        restore(make_stack(**FIELD)[0], config_of("backend"))


def test_a_cpu_is_left_to_numpy() -> None:
    stack, _ = make_stack(**FIELD)
    assert CrossExposureMethod(stack, RestorationConfig()).summary()["engine"] == "numpy"


def restored_light() -> dict[str, Any]:
    """Return what the backend of this process restores, column by column."""
    result = restore(spoiled_stack(), config_of("backend"))
    columns = {name: getattr(result, name).sum(axis=0).tolist() for name in ("image", "variance", "latent")}
    return columns | {"backend": result.summary["engine"]}


@pytest.mark.parametrize("backend", OTHERS)
def test_other_backends_restore_what_numpy_does(backend: str) -> None:
    theirs = run_elsewhere(backend, "methods/cross_exposure/test_tile.restored_light")
    ours = restore(spoiled_stack(), config_of("numpy"))
    assert theirs.pop("backend") == backend
    for name, light in theirs.items():
        expected = getattr(ours, name).sum(axis=0)
        np.testing.assert_allclose(light, expected, rtol=1e-3, atol=1e-3 * max(expected), err_msg=name)
