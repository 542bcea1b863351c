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

"""The noise of the light of sources, in what is restored on a finer grid."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from dithered_fields import SKY, dithered_stack

from lsst.acn import gaussian_kernel
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.finer_exposures import on_finer_grid
from lsst.acn.forward.target_psf import kernel_profiles
from lsst.acn.methods.cross_exposure import photon_noise
from lsst.acn.methods.cross_exposure.family.exposure_sums import make_sums
from lsst.acn.methods.cross_exposure.family.tile_exposures import tile_exposures
from lsst.acn.methods.cross_exposure.photon_noise import FLOOR, MOST_OF_LIGHT, photon_variance

XP = numpy_arrays()
PROFILE = kernel_profiles(gaussian_kernel(2.1))[1]
DRAWS = 300


def sums_of(stack):
    finer = on_finer_grid(stack, 2)
    return make_sums(XP, tile_exposures(finer.cutout(finer.box)))


def draw_linear(sums, excess, counts, rng):
    """Return what noise becomes in an image that is linear in the exposures."""
    shape = excess.shape[1:]
    noise = rng.normal(size=excess.shape) * np.sqrt(excess) * counts
    total = np.sum(np.conj(sums.spectra) * np.fft.rfft2(sums.share * noise), axis=0)
    kernel = np.abs(np.fft.rfft2(np.outer(PROFILE, PROFILE), shape))
    return np.fft.irfft2(kernel * total / (sums.power + FLOOR), shape)


@pytest.fixture
def stack():
    return dithered_stack(n=12, seed=5)


def test_it_is_that_of_a_linear_restoration(stack, monkeypatch):
    monkeypatch.setattr(photon_noise, "MOST_OF_LIGHT", 1e6)
    sums = sums_of(stack)
    variance = photon_variance(XP, sums, np.ones(sums.coadd.shape, np.float32), PROFILE, 2)
    finer = on_finer_grid(stack, 2)
    measured = finer.cutout(finer.box)
    medians = measured.median_variances()[:, None, None]
    excess, rng = np.maximum(measured.variance - medians, 0.0), np.random.default_rng(1)
    draws = [draw_linear(sums, excess, measured.sampling_counts(), rng) for _ in range(DRAWS)]
    bright = variance > 0.01 * variance.max()
    assert bright.sum() > 200
    ratio = np.var(draws, axis=0)[bright].sum() / variance[bright].sum()
    # The mean of the PSFs stands for each of them.
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_there_is_none_where_the_noise_is_that_of_the_sky(stack):
    sky = dataclasses.replace(stack, variance=np.full_like(stack.variance, SKY))
    sums = sums_of(sky)
    variance = photon_variance(XP, sums, np.full(sums.coadd.shape, 1e3, np.float32), PROFILE, 2)
    assert variance.max() < 1e-5 * SKY


def test_it_is_no_more_than_a_share_of_the_light(stack):
    sums = sums_of(stack)
    faint = photon_variance(XP, sums, np.full(sums.coadd.shape, 0.1, np.float32), PROFILE, 2)
    assert faint.max() == pytest.approx((0.1 * MOST_OF_LIGHT) ** 2, rel=1e-4)


def test_exposures_without_pixels_have_no_say(stack):
    valid = np.array(stack.valid)
    valid[:4] = False
    part = type(stack).from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    some, fewer = (
        photon_variance(XP, sums_of(each), np.full((88, 88), 1e3, np.float32), PROFILE, 2)
        for each in (part, stack.select(np.arange(4, 12)))
    )
    np.testing.assert_allclose(some, fewer, rtol=1e-3, atol=1e-3 * fewer.max())
