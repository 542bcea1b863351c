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

"""Exposures restored on a grid that is finer than theirs."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from dithered_fields import PAIR, STARS, all_stars, dithered_stack, dithers, target_image
from scipy.ndimage import map_coordinates

from lsst.acn import Box, ExposureStack, RestorationConfig, restore
from lsst.acn.exposures.finer_exposures import on_finer_grid
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.nuisances.corrections import PARAMETERS


def config(upsampling=2, method="cross_exposure", **changes):
    result = RestorationConfig()
    result.method, result.upsampling = method, upsampling
    result.n_noise_realizations = 2
    result.nuisances.passes = 0
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def truth(factor, fwhm=2.5, side=44):
    return target_image(fwhm, side, factor)


def dip(image, factor):
    """Return how much fainter the middle of the pair is than the fainter of its stars."""
    (y, first), (_, last) = PAIR[0]
    columns = factor * np.linspace(first - 0.5, last + 0.5, 101) + 0.5 * (factor - 1)
    rows = np.full(101, factor * y + 0.5 * (factor - 1))
    profile = map_coordinates(image, [rows, columns], order=3)
    return 1.0 - profile[50] / min(profile[:45].max(), profile[56:].max())


def relative_flux(image, factor, star, radius=3.0):
    y, x = (factor * place + 0.5 * (factor - 1) for place in star[:2])
    rows, columns = np.indices(image.shape)
    inside = np.hypot(rows - y, columns - x) < factor * radius
    return image[inside].sum() / truth(factor)[inside].sum() - 1.0


@pytest.fixture(scope="module")
def stack():
    return dithered_stack(12)


@pytest.fixture(scope="module")
def finer(stack):
    return restore(stack, config())


def test_two_stars_are_parted_that_the_pixels_of_the_exposures_blend(stack, finer):
    assert dip(restore(stack, config(1)).image, 1) < 0.05
    assert dip(finer.image, 2) > 0.2


def test_light_keeps_its_sum(finer):
    for star in (STARS[0], STARS[2]):
        assert relative_flux(finer.image, 2, star) == pytest.approx(0.0, abs=0.01)
    assert finer.image.sum() == pytest.approx(sum(star[2] for star in all_stars()), rel=0.01)
    inside = finer.latent[finer.box.slices_within(finer.latent_box)]
    assert inside.sum() == pytest.approx(sum(star[2] for star in all_stars()), rel=0.02)


def test_the_grid_is_that_of_the_result(stack, finer):
    assert finer.box == stack.box.on_finer_grid(2)
    assert finer.image.shape == finer.variance.shape == finer.residual.image.shape == (88, 88)
    assert finer.summary["upsampling"] == 2
    assert finer.unit == stack.unit
    assert not finer.no_data.any()


def test_errors_are_those_that_the_variance_says(finer):
    error = finer.image - truth(2)
    bright = truth(2) > 200.0
    pulls = error[bright] / np.sqrt(finer.variance[bright])
    assert 0.2 < np.median(np.abs(pulls)) / 0.6745 < 1.5


def test_three_pixels_in_one(stack):
    result = restore(stack, config(3, keep_residual=False))
    assert result.image.shape == (132, 132)
    assert relative_flux(result.image, 3, STARS[2]) == pytest.approx(0.0, abs=0.01)


def test_image_mm_has_the_same_forward_model(stack):
    result = restore(stack, config(method="image_mm"))
    assert dip(result.image, 2) > 0.1
    assert result.image.sum() == pytest.approx(sum(star[2] for star in all_stars()), rel=0.02)


def test_the_network_of_the_paper_sees_all_pixels_and_is_judged_on_those_that_were_measured(stack):
    """Its decoder is the same convolution; noise is that of the exposures, wherever it is repeated."""
    finer = on_finer_grid(stack, 2)
    inputs = PatchInputs(finer.cutout(finer.box), margin=3)
    seen, data, root_weight = inputs.planes()
    assert seen.shape[-1] == len(stack)
    counts = finer.cutout(finer.box).sampling_counts()
    np.testing.assert_array_equal(root_weight > 0, np.broadcast_to(counts > 0, data.shape))
    noise = inputs.drawn_noise(Box(4, 30, 7, 31), np.random.default_rng(1))
    assert noise.shape == (32, 30, 12)
    # The box with its margin begins in the middle of a pixel of the exposures along y.
    np.testing.assert_array_equal(noise[1:31:2], noise[2:32:2])
    np.testing.assert_array_equal(noise[:, ::2], noise[:, 1::2])


def test_masked_pixels_are_none(stack):
    valid = np.ones(stack.image.shape, bool)
    valid[::3, 35:38, 11:14] = False
    image = np.where(valid, stack.image, 1e6)
    masked = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=valid)
    result = restore(masked, config(keep_residual=False))
    assert relative_flux(result.image, 2, STARS[2]) == pytest.approx(0.0, abs=0.01)


def test_exposures_that_are_not_dithered_are_told_of_and_less_certain(caplog):
    still = dithered_stack(8, offsets=np.zeros((8, 2)))
    with caplog.at_level(logging.WARNING):
        uncertain = restore(still, config(keep_residual=False))
    assert "Dithers of the exposures leave stars uncertain by about" in caplog.text
    error = np.abs(uncertain.image - truth(2))
    bright = truth(2) > 200.0
    assert np.median(error[bright] / np.sqrt(uncertain.variance[bright])) < 1.5


def test_corrections_are_found_on_the_finer_grid(stack):
    """A shift of one exposure by a tenth of a pixel is taken off; nothing else is."""
    offsets = dithers(12)
    offsets[4, 1] += 0.1
    moved = dithered_stack(12, offsets=offsets)
    wrong = ExposureStack.from_arrays(moved.image, moved.variance, stack.psf)
    fitted = config(keep_residual=False)
    fitted.nuisances.passes = 2
    shifts = restore(wrong, fitted).corrections.values[:, PARAMETERS.index("shift_x")] / 2
    assert shifts[4] == pytest.approx(0.1, abs=0.03)
    assert np.abs(np.delete(shifts, 4)).max() < 0.03


def test_networks_are_not_trained_on_it():
    wrong = config()
    wrong.cross_exposure.network, wrong.cross_exposure.steps = "fresh", 3
    with pytest.raises(ValueError, match="trained in the pixels of the exposures"):
        wrong.validate()
