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

import numpy as np
import pytest
import scipy.fft
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from lsst.acn import gaussian_kernel
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.metrics import correlation_length, detection_scale

SHAPE = (180, 160)
EVERYWHERE = np.ones(SHAPE, bool)

TALL = (600, 70)
"""Shape of an image of three pieces of rows, the last of them shorter."""


def white(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SHAPE)


def test_white_noise_goes_together_over_less_than_a_pixel() -> None:
    assert correlation_length(white(), EVERYWHERE) == pytest.approx(1 - np.exp(-1), abs=0.02)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_smoothed_noise_goes_together_as_far_as_it_is_smoothed(sigma: float) -> None:
    noise = 5.0 + gaussian_filter(white(), sigma, mode="wrap")
    assert correlation_length(noise, EVERYWHERE) == pytest.approx(2.0 * sigma, rel=0.07)


def test_pixels_that_do_not_count_have_no_say() -> None:
    noise = gaussian_filter(white(), 2.0, mode="wrap")
    where = np.random.default_rng(1).random(SHAPE) < 0.3
    spoilt = np.where(where, noise, 1e6)
    spoilt[0, 0] = np.nan
    assert correlation_length(spoilt, where) == pytest.approx(correlation_length(noise, where), rel=1e-3)
    assert correlation_length(spoilt, where) == pytest.approx(4.0, rel=0.1)


def test_what_never_falls_is_infinite_and_nothing_is_nan() -> None:
    slope = np.add.outer(np.arange(180.0), np.arange(160.0))
    assert correlation_length(slope, EVERYWHERE) == np.inf
    assert np.isnan(correlation_length(white(), np.zeros(SHAPE, bool)))
    assert np.isnan(correlation_length(np.ones(SHAPE), EVERYWHERE))
    assert np.isnan(detection_scale(white(), np.ones(SHAPE), gaussian_kernel(3.0), np.zeros(SHAPE, bool)))


@pytest.mark.parametrize("share", [1.0, 0.25, 9.0])
def test_threshold_means_what_it_says_for_white_noise(share: float) -> None:
    # Where the variance is a share of the true one, all is that much more significant.
    scale = detection_scale(white(), np.full(SHAPE, share), gaussian_kernel(2.5), EVERYWHERE)
    assert scale == pytest.approx(share**-0.5, rel=0.05)


def test_correlated_noise_needs_a_higher_threshold() -> None:
    sigma = 1.5
    noise = gaussian_filter(white(), sigma, mode="wrap")
    noise /= noise.std()
    psf = 3.0 / FWHM_PER_SIGMA
    # White noise smoothed by s is 1 / (4 pi s^2)^.5 wide.
    expected = 2 * sigma * np.sqrt(np.pi) * psf / np.hypot(psf, sigma)
    scale = detection_scale(noise, np.ones(SHAPE), gaussian_kernel(3.0), EVERYWHERE)
    assert scale == pytest.approx(expected, rel=0.1)
    assert scale > 1.5


def test_tails_count() -> None:
    noise = 0.1 * white()
    noise[::12, ::12] += 3.0
    ones, kernel = np.ones(SHAPE), gaussian_kernel(2.0)
    assert detection_scale(noise, ones, kernel, EVERYWHERE) > 3 * detection_scale(
        0.1 * white(), ones, kernel, EVERYWHERE
    )


@pytest.fixture
def tall() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=TALL), 1.0)
    noise[250:260, 30] += 20.0
    return noise.astype(np.float32)


def test_noise_goes_together_as_far_as_in_the_whole(tall: np.ndarray) -> None:
    where = np.random.default_rng(2).random(TALL) < 0.8
    shape = [2 * side for side in TALL]
    deviation = np.where(where, tall - tall[where].mean(dtype=np.float64), 0.0)
    sums = [
        scipy.fft.irfft2(np.abs(scipy.fft.rfft2(plane, s=shape)) ** 2, s=shape)
        for plane in (deviation, where.astype(np.float64))
    ]
    lags = np.arange(-32, 33)
    distance = np.hypot.outer(lags, lags)
    products, pairs = (plane[lags[:, None], lags] for plane in sums)
    rings = np.unique(distance[distance <= 32])
    curve = np.array([products[distance == ring].sum() / pairs[distance == ring].sum() for ring in rings])
    curve /= curve[0]
    after = np.flatnonzero(curve < np.exp(-1.0))[0]
    expected = np.interp(-np.exp(-1.0), -curve[after - 1 : after + 1], rings[after - 1 : after + 1])
    assert correlation_length(tall, where) == pytest.approx(expected, rel=1e-9)


def test_threshold_is_that_of_the_whole(tall: np.ndarray) -> None:
    variance, kernel = np.full(TALL, 0.1, np.float32), gaussian_kernel(3.0)
    where = np.random.default_rng(2).random(TALL) < 0.8
    signal = fftconvolve(tall - np.median(tall[where]), kernel, mode="same")
    noise = fftconvolve(variance, kernel**2, mode="same")
    found = np.abs(signal / np.sqrt(noise))[where]
    expected = max(np.quantile(found, 0.6826895), np.quantile(found, 0.9973002) / 3.0)
    assert detection_scale(tall, variance, kernel, where) == pytest.approx(expected, rel=1e-6)
