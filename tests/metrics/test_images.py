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
from skimage.metrics import peak_signal_noise_ratio
from skimage.metrics import structural_similarity as whole_similarity

from lsst.acn import gaussian_kernel
from lsst.acn.metrics import (
    data_range,
    mean_log_spectrum,
    peak_signal_to_noise,
    psf_fwhm,
    sky_noise,
    structural_similarity,
)

EULER_GAMMA = 0.5772156649015329

TALL = (600, 70)
"""Shape of an image of three pieces of rows, the last of them shorter."""


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 3.0, (128, 160))


@pytest.mark.parametrize("fwhm", [2.0, 2.5, 4.0, 6.0])
def test_width_of_a_kernel(fwhm: float) -> None:
    assert psf_fwhm(gaussian_kernel(fwhm)) == pytest.approx(fwhm, rel=0.02)


def test_sharpness_of_a_point_source_is_the_log_of_its_flux() -> None:
    image = np.zeros((16, 20))
    image[3, 5] = 7.0
    assert mean_log_spectrum(image) == pytest.approx(np.log(7.0))
    assert np.isfinite(mean_log_spectrum(np.zeros((4, 4))))


def test_sharpness_of_a_blurred_point_source_is_less_by_that_of_the_blur() -> None:
    image = np.zeros((32, 32))
    image[:3, :3] = np.outer([0.2, 0.6, 0.2], [0.2, 0.6, 0.2])
    wave = 0.6 + 0.4 * np.cos(2 * np.pi * np.arange(32) / 32)
    assert mean_log_spectrum(image) == pytest.approx(np.log(np.outer(wave, wave)).mean())
    assert mean_log_spectrum(image) < -1


def test_sharpness_of_noise_and_of_another_unit(noise: np.ndarray) -> None:
    sharpness = mean_log_spectrum(noise)
    assert sharpness == pytest.approx(np.log(3.0 * np.sqrt(noise.size)) - EULER_GAMMA / 2, abs=0.02)
    assert mean_log_spectrum(10 * noise) - sharpness == pytest.approx(np.log(10))


def test_sharpness_takes_missing_pixels_for_zero(noise: np.ndarray) -> None:
    holed = np.where(noise > 5, 0.0, noise)
    assert mean_log_spectrum(np.where(noise > 5, np.nan, noise)) == mean_log_spectrum(holed)


def test_sky_noise_is_that_of_the_background_alone(noise: np.ndarray) -> None:
    image = noise + 50.0
    image[20:25, 30:35] += 1e5
    image[0, 0] = np.nan
    assert sky_noise(image) == pytest.approx(3.0, rel=0.05)
    image[:, 80:] *= 100
    valid = np.arange(160) < 80
    assert sky_noise(image, np.broadcast_to(valid, image.shape)) == pytest.approx(3.0, rel=0.05)
    assert np.isnan(sky_noise(image, np.zeros(image.shape, bool)))


def test_sky_without_noise_has_none(noise: np.ndarray) -> None:
    # A rectified sky is 0 almost everywhere; sep itself says 1 then.
    image = np.zeros((128, 128))
    image[40:44, 40:44] = 100.0
    assert sky_noise(image) == 0.0
    assert sky_noise(noise / 3.0) == pytest.approx(1.0, rel=0.05)


def test_data_range_is_between_quantiles_of_valid_pixels() -> None:
    image = np.arange(1001.0).reshape(7, 143)
    valid = np.ones(image.shape, bool)
    assert data_range(image, valid) == pytest.approx(998.0)
    image[0, 0], valid[0, 0] = 1e9, False
    assert data_range(image, valid) == pytest.approx(997.0, abs=0.01)


def test_peak_signal_to_noise_of_a_constant_difference(noise: np.ndarray) -> None:
    valid = np.ones(noise.shape, bool)
    assert peak_signal_to_noise(noise, noise + 0.5, valid, 50.0) == pytest.approx(40.0)
    assert peak_signal_to_noise(noise, noise, valid, 50.0) == np.inf
    assert np.isnan(peak_signal_to_noise(noise, noise, ~valid, 50.0))
    assert np.isnan(peak_signal_to_noise(noise, noise, valid, 0.0))
    holed, valid[2, 3] = noise.copy(), False
    holed[2, 3] = np.nan
    assert peak_signal_to_noise(holed, noise + 5.0, valid, 50.0) == pytest.approx(20.0)


def test_structural_similarity_of_constant_images() -> None:
    first, second = np.full((20, 20), 3.0), np.full((20, 20), 5.0)
    valid = np.ones(first.shape, bool)
    c1 = (0.01 * 10.0) ** 2
    expected = (2 * 3 * 5 + c1) / (3**2 + 5**2 + c1)
    assert structural_similarity(first, second, valid, 10.0) == pytest.approx(expected)
    first[10, 10], valid[10, 10] = np.nan, False
    assert structural_similarity(first, second, valid, 10.0) == pytest.approx(expected)
    assert np.isnan(structural_similarity(first[:5], second[:5], valid[:5], 10.0))


def test_structural_similarity_of_opposite_images(noise: np.ndarray) -> None:
    # With equal and opposite deviations in a window of zero mean, the
    # structure term is -1 but for the constant.
    image = np.where(np.add.outer(np.arange(21), np.arange(21)) % 2, 1.0, -1.0)
    valid = np.ones(image.shape, bool)
    mean, variance = 1 / 49, (1 - 1 / 49**2) * 49 / 48
    c1, c2 = 0.01**2, 0.03**2
    luminance = (-2 * mean**2 + c1) / (2 * mean**2 + c1)
    structure = (-2 * variance + c2) / (2 * variance + c2)
    assert structural_similarity(image, -image, valid, 1.0) == pytest.approx(luminance * structure)


@pytest.fixture
def tall() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=TALL), 1.0)
    noise[250:260, 30] += 20.0
    return noise.astype(np.float32)


def test_similarity_is_that_of_scikit_image(tall: np.ndarray) -> None:
    other = tall + np.random.default_rng(1).normal(0.0, 0.1, TALL).astype(np.float32)
    valid = np.ones(TALL, bool)
    pair = tall.astype(np.float64), other.astype(np.float64)
    assert peak_signal_to_noise(*pair, valid, 3.0) == pytest.approx(
        peak_signal_noise_ratio(*pair, data_range=3.0), rel=1e-12
    )
    # The mean of scikit-image leaves out the same margin.
    assert structural_similarity(*pair, valid, 3.0) == pytest.approx(
        whole_similarity(*pair, data_range=3.0), rel=1e-9
    )


@pytest.mark.parametrize("width", [70, 71])
def test_sharpness_is_that_of_all_frequencies(tall: np.ndarray, width: int) -> None:
    square = np.pad(tall, ((0, 0), (0, width - 70)), mode="reflect").astype(np.float64)
    expected = np.log(np.abs(scipy.fft.fft2(square))).mean()
    assert mean_log_spectrum(square) == pytest.approx(expected, rel=1e-9)
