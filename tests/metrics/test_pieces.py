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

"""Numbers that are gathered some rows at a time, next to the same from a whole image."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.signal import fftconvolve
from skimage.metrics import peak_signal_noise_ratio
from skimage.metrics import structural_similarity as whole_similarity

from lsst.acn import gaussian_kernel
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.metrics import (
    classify_pixels,
    correlation_length,
    detection_scale,
    mean_log_spectrum,
    peak_signal_to_noise,
    residual_statistics,
    structural_similarity,
)
from lsst.acn.metrics.residuals import BLOCK
from lsst.acn.metrics.source_pixels import SKY_DISTANCE

SHAPE = (600, 70)
"""Three pieces, the last of them shorter."""


@pytest.fixture
def image() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 1.0)
    noise[250:260, 30] += 20.0
    return noise.astype(np.float32)


def test_similarity_is_that_of_scikit_image(image: np.ndarray) -> None:
    other = image + np.random.default_rng(1).normal(0.0, 0.1, SHAPE).astype(np.float32)
    valid = np.ones(SHAPE, bool)
    pair = image.astype(np.float64), other.astype(np.float64)
    assert peak_signal_to_noise(*pair, valid, 3.0) == pytest.approx(
        peak_signal_noise_ratio(*pair, data_range=3.0), rel=1e-12
    )
    # The mean of scikit-image leaves out the same margin.
    assert structural_similarity(*pair, valid, 3.0) == pytest.approx(
        whole_similarity(*pair, data_range=3.0), rel=1e-9
    )


@pytest.mark.parametrize("width", [70, 71])
def test_sharpness_is_that_of_all_frequencies(image: np.ndarray, width: int) -> None:
    square = np.pad(image, ((0, 0), (0, width - 70)), mode="reflect").astype(np.float64)
    expected = np.log(np.abs(scipy.fft.fft2(square))).mean()
    assert mean_log_spectrum(square) == pytest.approx(expected, rel=1e-9)


def test_pixels_have_the_classes_of_the_whole(image: np.ndarray) -> None:
    fwhm = 3.0
    classes = classify_pixels(image, np.full(SHAPE, 0.1, np.float32), fwhm)
    signal = gaussian_filter(image.astype(np.float64), fwhm / FWHM_PER_SIGMA)
    assert classes.source.any()
    assert np.corrcoef(signal.ravel(), classes.significance.ravel())[0, 1] == pytest.approx(1.0, abs=1e-6)
    away = distance_transform_edt(~classes.source) > SKY_DISTANCE * fwhm
    np.testing.assert_array_equal(classes.sky, away)


def test_noise_goes_together_as_far_as_in_the_whole(image: np.ndarray) -> None:
    where = np.random.default_rng(2).random(SHAPE) < 0.8
    shape = [2 * side for side in SHAPE]
    deviation = np.where(where, image - image[where].mean(dtype=np.float64), 0.0)
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
    assert correlation_length(image, where) == pytest.approx(expected, rel=1e-9)


def test_threshold_is_that_of_the_whole(image: np.ndarray) -> None:
    variance, kernel = np.full(SHAPE, 0.1, np.float32), gaussian_kernel(3.0)
    where = np.random.default_rng(2).random(SHAPE) < 0.8
    signal = fftconvolve(image - np.median(image[where]), kernel, mode="same")
    noise = fftconvolve(variance, kernel**2, mode="same")
    found = np.abs(signal / np.sqrt(noise))[where]
    expected = max(np.quantile(found, 0.6826895), np.quantile(found, 0.9973002) / 3.0)
    assert detection_scale(image, variance, kernel, where) == pytest.approx(expected, rel=1e-6)


def test_statistics_of_residuals_are_those_of_all_pixels(image: np.ndarray) -> None:
    where = np.random.default_rng(3).random(SHAPE) < 0.9
    statistics, values = residual_statistics(image, where), image[where].astype(np.float64)
    assert statistics.mean == pytest.approx(values.mean(), rel=1e-6)
    assert statistics.rms == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-9)
    assert statistics.outlier_fraction == np.mean(np.abs(values) > 5.0)
    deviation = np.abs(values - np.median(values))
    assert statistics.sigma == pytest.approx(1.482602218505602 * np.median(deviation), rel=1e-6)
    blocks = np.add.outer(np.arange(SHAPE[0]) // BLOCK * 1000, np.arange(SHAPE[1]) // BLOCK)[where]
    _, which = np.unique(blocks, return_inverse=True)
    total, number = np.bincount(which, values**2), np.bincount(which)
    rest = total - number * np.mean(values**2)
    error = np.sqrt(np.sum(rest**2) * len(rest) / (len(rest) - 1)) / number.sum()
    assert statistics.chi2_error == pytest.approx(error, rel=1e-9)
