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

"""Noise and defects of simulated exposures."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import gaussian_kernel
from lsst.acn.simulation import (
    MASK_PLANES,
    ConditionsConfig,
    DefectsConfig,
    NoiseConfig,
    add_cosmic_rays,
    add_gap,
    add_noise,
    draw_conditions,
    flux_of,
    mask_cores,
    saturate,
    sky_noise,
)

SHAPE = (160, 150)


def plane(mask: np.ndarray, name: str) -> np.ndarray:
    return (mask >> MASK_PLANES[name] & 1).astype(bool)


def test_sky_noise_gives_five_sigma_at_the_depth() -> None:
    kernel = gaussian_kernel(4.0)
    sigma = sky_noise(25.0, kernel)
    error = sigma / np.sqrt((kernel.astype(float) ** 2).sum())
    assert flux_of(25.0) / error == pytest.approx(5.0)


@pytest.mark.parametrize("from_data", [False, True])
def test_noise_matches_the_variance_plane(from_data: bool) -> None:
    clean = np.zeros(SHAPE)
    clean[:, 75:] = 5000.0
    config = NoiseConfig(electrons_per_njy=4.0, variance_from_data=from_data)
    image, variance = add_noise(clean, 10.0, config, np.random.default_rng(1))
    for half, expected in ((np.s_[:, :75], 100.0), (np.s_[:, 75:], 1350.0)):
        chi2 = ((image - clean)[half] ** 2 / variance[half]).mean()
        # From the data, high pixels have a high variance: a known bias, below 2 % here.
        assert chi2 == pytest.approx(1.0, abs=0.04)
        assert variance[half].mean() == pytest.approx(expected, rel=0.02)
        assert (image - clean)[half].mean() == pytest.approx(0.0, abs=4 * np.sqrt(expected / 12000))
    assert (variance[:, 75:].std() > 1.0) == from_data


@pytest.mark.parametrize(
    ("resampling", "low", "high"), [("none", -0.02, 0.02), ("lanczos3", 0.05, 0.2), ("bilinear", 0.2, 0.5)]
)
def test_resampling_correlates_noise_and_keeps_its_power(resampling: str, low: float, high: float) -> None:
    config = NoiseConfig(resampling=resampling)
    image, variance = add_noise(np.zeros((256, 256)), 10.0, config, np.random.default_rng(6))
    assert (image**2 / variance).mean() == pytest.approx(1.0, abs=0.03)
    pairs = ((image[:, 1:], image[:, :-1]), (image[1:], image[:-1]))
    neighbours = max((a * b).mean() for a, b in pairs) / image.var()
    # Power at the lowest frequencies is what sets the depth; interpolation keeps it.
    blocks = image.reshape(16, 16, 16, 16).sum(axis=(1, 3))
    assert blocks.std() / 16 == pytest.approx(10.0, rel=0.12)
    assert low < neighbours < high
    assert (variance.mean() < 95) == (resampling != "none")


def test_cosmic_rays_have_their_number_and_masked_share() -> None:
    config = DefectsConfig(cosmic_rays=30.0, unmasked_share=0.25, cosmic_ray_length=(8, 12))
    rng = np.random.default_rng(3)
    n_rays = n_masked = 0
    for _ in range(60):
        image, mask = np.zeros(SHAPE), np.zeros(SHAPE, np.uint32)
        add_cosmic_rays(image, mask, 10.0, 0.05, config, rng)
        masked = plane(mask, "COSMIC_RAY")
        # At most one a time but for a few, so that light tells of a ray.
        n_rays += image.max() > 0
        n_masked += masked.any()
        assert image[masked].min(initial=np.inf) > 0
        assert image.max() < 4 * 200 * 10.0
    # Of Poisson draws with a mean of 1.5 and one of 1.125, so many are not 0.
    assert n_rays / 60 == pytest.approx(1 - np.exp(-1.5), abs=0.15)
    assert n_masked / 60 == pytest.approx(1 - np.exp(-1.125), abs=0.15)


def test_masked_cosmic_ray_leaves_no_light_outside_its_mask() -> None:
    config = DefectsConfig(cosmic_rays=100.0, unmasked_share=0.0)
    image, mask = np.zeros(SHAPE), np.zeros(SHAPE, np.uint32)
    add_cosmic_rays(image, mask, 10.0, 1.0, config, np.random.default_rng(4))
    masked = plane(mask, "COSMIC_RAY")
    # One hundred tracks of 15 pixels, two to three pixels wide.
    assert 0.05 < masked.mean() < 0.25
    assert image[~masked].max() < 10.0
    unmasked = DefectsConfig(cosmic_rays=100.0, unmasked_share=1.0)
    mask = np.zeros(SHAPE, np.uint32)
    add_cosmic_rays(image, mask, 10.0, 1.0, unmasked, np.random.default_rng(4))
    assert not mask.any()


def test_gaps_have_their_frequency_width_and_nans() -> None:
    config = DefectsConfig(gap_probability=0.4, gap_width=(6, 10), nan_share=0.3)
    rng, sizes, directions = np.random.default_rng(2), [], set()
    for _ in range(80):
        image, variance, mask = np.zeros(SHAPE), np.ones(SHAPE), np.zeros(SHAPE, np.uint32)
        add_gap(image, variance, mask, config, rng)
        gap = plane(mask, "NO_DATA")
        np.testing.assert_array_equal(np.isnan(image), np.isnan(variance))
        assert not np.isnan(image[~gap]).any()
        if gap.any():
            assert np.isnan(image[gap]).mean() == pytest.approx(0.3, abs=0.1)
            rows, columns = gap.all(axis=1).sum(), gap.all(axis=0).sum()
            sizes.append(max(rows, columns))
            directions.add(rows > 0)
            assert gap.sum() == rows * SHAPE[1] + columns * SHAPE[0]
    assert len(sizes) / 80 == pytest.approx(0.4, abs=0.12)
    assert set(sizes) == {6, 7, 8, 9, 10}
    assert directions == {True, False}


@pytest.mark.parametrize("columns_along_x", [False, True])
def test_saturated_star_bleeds_along_its_column_and_keeps_its_flux(columns_along_x: bool) -> None:
    star = np.zeros(SHAPE)
    star[70:83, 50:63] = 4e4 * gaussian_kernel(4.0, 13)
    image, mask = star.copy(), np.zeros(SHAPE, np.uint32)
    saturate(image, mask, 500.0, columns_along_x=columns_along_x)
    saturated = plane(mask, "SATURATED")
    assert image.max() == pytest.approx(500.0)
    axis = 1 if columns_along_x else 0
    np.testing.assert_allclose(image.sum(axis=axis), star.sum(axis=axis))
    np.testing.assert_array_equal(image[~saturated], star[~saturated])
    rows, columns = saturated.any(axis=1).sum(), saturated.any(axis=0).sum()
    assert (columns > 2 * rows) if columns_along_x else (rows > 2 * columns)
    assert image[(star > 500)].min() == pytest.approx(500.0)
    unsaturated = np.zeros(SHAPE, np.uint32)
    saturate(star, unsaturated, 1e5, columns_along_x=columns_along_x)
    assert not unsaturated.any()


def test_charge_may_bleed_out_of_the_image() -> None:
    image, mask = np.zeros((8, 5)), np.zeros((8, 5), np.uint32)
    image[3, 2] = 1000.0
    saturate(image, mask, 10.0, columns_along_x=False)
    np.testing.assert_array_equal(image[:, 2], np.full(8, 10.0))
    assert (image[:, [0, 1, 3, 4]] == 0).all()


@pytest.mark.parametrize("radius", [2.5, 4.5, 6.5])
def test_cores_are_masked_and_flat_and_nothing_else_is(radius: float) -> None:
    star = np.zeros(SHAPE)
    star[70:101, 50:81] = 4e4 * gaussian_kernel(5.0, 31)
    image, mask = star.copy(), np.zeros(SHAPE, np.uint32)
    mask_cores(image, mask, np.array([[85.0, 65.0], [-30.0, 5.0]]), radius)
    core = np.hypot(*(np.indices(SHAPE) - np.array([85, 65])[:, None, None])) <= radius
    np.testing.assert_array_equal(plane(mask, "SATURATED"), core)
    np.testing.assert_array_equal(image[~core], star[~core])
    np.testing.assert_allclose(image[core], star[~core].max())


def test_variance_plane_may_be_off_by_a_factor() -> None:
    clean = np.full(SHAPE, 100.0)
    image, variance = add_noise(clean, 10.0, NoiseConfig(variance_factor=2.0), np.random.default_rng(1))
    same, right = add_noise(clean, 10.0, NoiseConfig(), np.random.default_rng(1))
    np.testing.assert_array_equal(image, same)
    np.testing.assert_allclose(variance, 2.0 * right)


def test_conditions_follow_their_ranges() -> None:
    config = ConditionsConfig(
        seeing=(0.6, 0.9), ellipticity_scatter=0.05, depth=24.0, depth_scatter=0.2, sky_offset=0.5
    )
    many = [draw_conditions(config, 1, visit) for visit in range(400)]
    fwhm = np.array([each.fwhm for each in many])
    assert 0.6 <= fwhm.min() < 0.62
    assert 0.88 < fwhm.max() <= 0.9
    for name, mean, scatter in (
        ("g1", 0, 0.05),
        ("g2", 0, 0.05),
        ("depth", 24.0, 0.2),
        ("sky_offset", 0, 0.5),
    ):
        values = np.array([getattr(each, name) for each in many])
        assert values.mean() == pytest.approx(mean, abs=4 * scatter / 20)
        assert values.std() == pytest.approx(scatter, rel=0.15)
    assert {each.columns_along_x for each in many} == {True, False}
    assert all(each.fwhm_gradient == (0, 0) for each in many)


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        (ConditionsConfig, {"seeing": (0.9, 0.6)}),
        (ConditionsConfig, {"sky_offset": -0.1}),
        (NoiseConfig, {"electrons_per_njy": 0.0}),
        (NoiseConfig, {"resampling": "cubic"}),
        (NoiseConfig, {"variance_factor": 0.0}),
        (DefectsConfig, {"unmasked_share": 2.0}),
        (DefectsConfig, {"gap_width": (9, 4)}),
        (DefectsConfig, {"cosmic_rays": -1.0}),
        (DefectsConfig, {"core_mask_radius": -1.0}),
    ],
)
def test_configs_refuse_nonsense(config: type, changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name.capitalize() if name == "seeing" else name):
        config(**changes)
