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

"""Exposures warped from other pixels, against GalSim and the Lanczos kernel itself."""

from __future__ import annotations

import dataclasses

import galsim
import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    DefectsConfig,
    PixelGrid,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    WarpingConfig,
    draw_detector_grid,
    draw_noiseless,
    lanczos_weights,
    simulate_field,
    warp_image,
    warp_mask,
)

BOX = Box.from_shape((70, 80), (500, 200))
CONFIG = SimulationConfig(
    seed=5, box=BOX, visits=2, warping=WarpingConfig(is_on=True), defects=DefectsConfig.none()
)


@pytest.fixture(scope="module")
def field() -> SimulatedField:
    return simulate_field(CONFIG)


def grid_of(field: SimulatedField, index: int) -> PixelGrid:
    return draw_detector_grid(CONFIG.warping, CONFIG.seed, field.conditions[index].visit, BOX)


def noiseless(field: SimulatedField, index: int) -> np.ndarray:
    grid = grid_of(field, index)
    return warp_image(draw_noiseless(field.scene, field.psf_model(index), grid), grid, BOX)


def test_weights_are_those_of_galsim() -> None:
    offset = np.linspace(0, 1, 11)
    lanczos = galsim.Lanczos(3, conserve_dc=False)
    taps = np.arange(-2, 4)[:, None] - offset
    expected = np.array([[lanczos.xval(t) for t in row] for row in taps])
    np.testing.assert_allclose(lanczos_weights(offset), expected / expected.sum(axis=0), atol=1e-4)


def test_warp_shows_the_sky_at_its_own_place(field: SimulatedField) -> None:
    for index in range(2):
        psf = field.psf_model(index)
        # Through the same PSF on the patch's pixels; the kernel smooths a little.
        direct = draw_noiseless(field.scene, psf, BOX)
        warp = noiseless(field, index)
        assert warp.sum() == pytest.approx(direct.sum(), rel=3e-3)
        np.testing.assert_allclose(warp, direct, rtol=0.02, atol=0.01 * direct.max())


def test_kernel_is_a_warped_star(field: SimulatedField) -> None:
    scene = dataclasses.replace(field.scene, catalog=field.scene.catalog[field.scene.catalog["is_star"]][:1])
    y, x = 535, 240
    scene.catalog["x"], scene.catalog["y"], scene.catalog["flux"] = float(x), float(y), 1.0
    kernels = field.psf_on(BOX, BOX.shape).kernels[:, 0, 0]
    for index in range(2):
        model = field.psf_model(index)
        grid = grid_of(field, index)
        star = warp_image(draw_noiseless(scene, model, grid), grid, BOX)[35 - 20 : 35 + 21, 40 - 20 : 40 + 21]
        # The middle of the field is half a pixel away: another phase of the same kernel.
        np.testing.assert_allclose(kernels[index], star, atol=5e-3 * star.max())
        assert star.sum() == pytest.approx(1.0, abs=1e-3)


def test_noise_is_correlated_as_the_kernel_says() -> None:
    config = dataclasses.replace(
        CONFIG, box=Box.from_shape((250, 250)), visits=1, scene=SceneConfig(crowding=0.0)
    )
    flat = dataclasses.replace(config, warping=WarpingConfig(is_on=True, rotation=0.0, dither=0.4))
    field = simulate_field(flat)
    shift = draw_detector_grid(flat.warping, 5, 1, flat.box).shift
    image = field.image[0].astype(float)
    sigma = field.nuisances[0].sky_noise
    for axis in (0, 1):
        weights = lanczos_weights(np.array(shift[axis] % 1.0))
        other = lanczos_weights(np.array(shift[1 - axis] % 1.0))
        for lag in (0, 1, 2, 3):
            expected = (weights[lag:] * weights[: 6 - lag]).sum() * (other**2).sum()
            lagged = np.moveaxis(image, axis, 0)
            found = (lagged[lag:] * lagged[: len(lagged) - lag]).mean() / sigma**2
            assert found == pytest.approx(expected, abs=0.02)


def test_variance_plane_is_that_of_single_pixels(field: SimulatedField) -> None:
    residual = np.stack([field.image[index] - noiseless(field, index) for index in range(2)])
    assert (residual**2 / field.variance).mean() == pytest.approx(1.0, abs=0.04)
    sky = np.array([each.sky_noise for each in field.nuisances])
    assert (np.median(field.variance, axis=(1, 2)) < 0.95 * sky**2).all()


def test_bits_spread_to_all_pixels_that_used_them() -> None:
    grid = PixelGrid(Box.from_shape((40, 40)), shift=(10.5, 10.0))
    mask = np.zeros((40, 40), np.uint32)
    mask[20, 20] = 4
    warp = warp_mask(mask, grid, Box.from_shape((20, 20)))
    rows, columns = np.nonzero(warp)
    assert set(warp[warp > 0]) == {4}
    assert (rows.min(), rows.max()) == (7, 12)
    assert (columns.min(), columns.max()) == (7, 12)


def test_gap_of_the_detector_crosses_the_warp_and_leaves_nans() -> None:
    defects = dataclasses.replace(DefectsConfig.none(), gap_probability=1.0, gap_width=(10, 10))
    field = simulate_field(dataclasses.replace(CONFIG, defects=defects))
    assert np.isnan(field.image).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(np.isnan(field.image), np.isnan(field.variance))
    assert field.mask[np.isnan(field.image)].all()
    assert np.isfinite(field.stack.image).all()


def test_grid_goes_there_and_back() -> None:
    grid = draw_detector_grid(WarpingConfig(is_on=True), 1, 2, BOX)
    y, x = np.mgrid[500:570:7, 200:280:7].astype(float)
    there = grid.from_tract(y, x)
    np.testing.assert_allclose(grid.to_tract(*there), (y, x), atol=1e-9)
    for places, start, stop in (
        (there[0], grid.box.y_start, grid.box.y_stop),
        (there[1], grid.box.x_start, grid.box.x_stop),
    ):
        assert places.min() >= start + 3
        assert places.max() <= stop - 4
    assert draw_detector_grid(WarpingConfig(), 1, 2, BOX) == PixelGrid(BOX)


@pytest.mark.parametrize("changes", [{"dither": -1.0}, {"rotation": 200.0}])
def test_warping_refuses_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        WarpingConfig(**changes)
