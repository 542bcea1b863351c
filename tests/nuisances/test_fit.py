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


"""What is wrong with simulated exposures is found, and what is right is left alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lsst.acn import Box, ExposureStack, RestorationConfig
from lsst.acn.nuisances.fit import chosen_tiles, fit_corrections
from lsst.acn.nuisances.kernel_changes import psf_variance
from lsst.acn.simulation import (
    ConditionsConfig,
    DefectsConfig,
    SceneConfig,
    SimulationConfig,
    imperfect,
    simulate_field,
)


def config(name=None, strength=1.0, seed=310_001):
    """Return a small field of bright stars, perhaps with something wrong with its exposures."""
    plain = SimulationConfig(
        seed=seed,
        box=Box.from_shape((128, 128)),
        visits=6,
        scene=SceneConfig(crowding=300.0, star_share=0.6, star_bright_limit=19.0),
        conditions=ConditionsConfig(seeing=(0.6, 0.8)),
        defects=DefectsConfig.none(),
    )
    return plain if name is None else imperfect(plain, name, strength)


def fit(stack, **options):
    nuisances = RestorationConfig().nuisances
    nuisances.update(**options)
    return fit_corrections(stack, nuisances)


def differences(values):
    return values - values.mean(axis=0)


def test_shifts_are_found():
    field = simulate_field(config("registration"))
    found = fit(field.stack)
    true = np.array([each.calibration.shift[::-1] for each in field.nuisances])
    seen = np.stack([found.column("shift_x"), found.column("shift_y")], axis=1)
    assert np.abs(true).max() > 0.3
    assert np.abs(differences(seen - true)).max() < 0.05


def test_a_sky_that_is_low_in_all_and_lower_in_some_is_found():
    stack = simulate_field(config()).stack
    sigma = np.sqrt(stack.median_variances())
    low = sigma * np.array([0.3, 0.3, 0.3, 1.0, 1.0, 1.0])
    spoiled = ExposureStack.from_arrays(stack.image - low[:, None, None], stack.variance, stack.psf)
    found = fit(spoiled)
    sky = found.column("sky") + found.common_sky.levels.mean()
    np.testing.assert_allclose(sky / sigma, -low / sigma, atol=0.1)


def test_flux_scales_are_found():
    stack = simulate_field(config()).stack
    scale = np.array([0.05, -0.03, 0.0, 0.02, -0.04, 0.0])
    spoiled = ExposureStack.from_arrays(stack.image * (1 + scale)[:, None, None], stack.variance, stack.psf)
    found = fit(spoiled).column("flux_scale")
    np.testing.assert_allclose(differences(found), differences(scale), atol=0.01)


def test_psfs_that_are_all_too_narrow_are_widened():
    bright = {"crowding": 500.0, "star_share": 0.9, "star_bright_limit": 17.0}
    right, wrong = (
        simulate_field(dataclasses.replace(each, scene=dataclasses.replace(each.scene, **bright)))
        for each in (config(), config("psf-narrow-5"))
    )
    found = fit(wrong.stack)
    center = right.box.center
    before, after, true = (
        (kernels.astype(float) ** 2).sum(axis=(1, 2))
        for kernels in (
            wrong.stack.psf.at(*center),
            found.applied_to_psf(wrong.stack.psf).at(*center),
            right.stack.psf.at(*center),
        )
    )
    # The area of a PSF is one over the sum of its squares.
    error = np.mean(before / true) - 1
    assert error > 0.08
    # A wider Kolmogorov profile is not quite the narrow one through a Gaussian.
    assert abs(np.mean(after / true) - 1) < error / 3


def test_what_all_psfs_share_stays_where_no_difference_is_significant():
    bright = {"crowding": 500.0, "star_share": 0.9, "star_bright_limit": 17.0}
    wrong = config("psf-narrow-5")
    wrong = dataclasses.replace(wrong, scene=dataclasses.replace(wrong.scene, **bright))
    stack = simulate_field(wrong).stack
    width = fit(stack, significance=8, common_sky=False).column("psf_width")
    # By the same share of each, as much as the models are too narrow.
    sizes = [psf_variance(kernel) for kernel in stack.psf.at(*stack.box.center)]
    np.testing.assert_allclose(width / sizes, width[0] / sizes[0], rtol=1e-5)
    assert width[0] / sizes[0] == pytest.approx(0.95**-2 - 1, abs=0.01)


def test_exposures_that_are_right_are_left_alone():
    found = fit(simulate_field(config(seed=310_002)).stack)
    assert np.abs(found.values[:, 3:6]).max() < 0.02
    assert np.abs(found.values[:, 6:]).max() < 0.1
    assert np.abs(found.values[:, 0]).max() < 1.0


@pytest.mark.parametrize("seed", [3000, 3007])
def test_a_bright_source_on_an_edge_accuses_no_exposure(seed):
    # What is beyond the edge is not known, and no exposure is to blame for it.
    stack = simulate_field(
        SimulationConfig(seed=seed, box=Box.from_shape((160, 160)), visits=12, defects=DefectsConfig.none())
    ).stack
    assert not fit(stack).values.any()


def test_one_wrong_exposure_accuses_none_of_the_others():
    stack = simulate_field(config()).stack
    image = stack.image.copy()
    image[1] *= 1.2
    scale = fit(ExposureStack.from_arrays(image, stack.variance, stack.psf)).column("flux_scale")
    others = np.delete(scale, 1)
    assert scale[1] - others.mean() == pytest.approx(0.2, abs=0.01)
    np.testing.assert_allclose(others, others.mean(), atol=0.01)


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({"sky": "none"}, slice(0, 3)),
        ({"sky": "constant"}, slice(1, 3)),
        ({"flux_scale": False}, slice(3, 4)),
        ({"shift": False}, slice(4, 6)),
        ({"psf_shape": False, "common_psf": False}, slice(6, 9)),
    ],
)
def test_what_is_switched_off_is_not_corrected(options, columns):
    stack = simulate_field(config("harsh", 0.7)).stack
    assert not fit(stack, **options).values[:, columns].any()


def test_the_common_sky_can_be_switched_off():
    stack = simulate_field(config("sky-low")).stack
    assert fit(stack).common_sky.levels.mean() < 0
    assert not fit(stack, common_sky=False).common_sky


def test_the_order_of_exposures_does_not_matter():
    stack = simulate_field(config("registration")).stack
    order = np.array([3, 1, 5, 0, 4, 2])
    found, turned = fit(stack), fit(stack.select(order))
    np.testing.assert_allclose(turned.values, found.values[order], atol=2e-3)


def test_exposures_without_data_have_no_corrections():
    stack = simulate_field(config("registration")).stack
    valid = stack.valid.copy()
    valid[2] = False
    found = fit(ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid))
    assert not found.values[2].any()
    assert np.isinf(found.errors[2]).all()
    assert found.values[[0, 1, 3, 4, 5]].any()


def test_tiles_are_all_of_a_small_patch_and_spread_over_a_large_one():
    assert chosen_tiles(Box.from_shape((256, 300)), 320, 4) == [Box.from_shape((256, 300))]
    chosen = chosen_tiles(Box.from_shape((4200, 4200)), 320, 4)
    assert len(chosen) == 16
    assert min(tile.y_start for tile in chosen) < 1000
    assert max(tile.y_stop for tile in chosen) > 3200
