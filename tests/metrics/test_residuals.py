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
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.signal import convolve
from small_fields import make_stack, make_varying_stack

from lsst.acn import Box, ExposureStack, gaussian_kernel
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.metrics import (
    classify_pixels,
    flag_outliers,
    normalized_residual,
    predict_exposure,
    residual_statistics,
)
from lsst.acn.metrics.residuals import BLOCK
from lsst.acn.metrics.source_pixels import SKY_DISTANCE

TALL = (600, 70)
"""Shape of an image of three pieces of rows, the last of them shorter."""


def test_prediction_is_the_valid_convolution() -> None:
    stack, latent = make_stack(n=2)
    kernel = stack.psf.at(0, 0)[1]
    predicted = predict_exposure(latent, stack.box.grown_by(4), stack, 1)
    np.testing.assert_allclose(predicted, convolve(latent, kernel, mode="valid"), rtol=1e-5, atol=1e-3)


def test_prediction_has_the_psf_of_each_cell() -> None:
    stack, (_, latent) = make_varying_stack(), make_stack()
    predicted = predict_exposure(latent, stack.box.grown_by(4), stack, 2)
    for rows, y in ((np.s_[:20], 0), (np.s_[20:], 39)):
        for columns, x in ((np.s_[:24], 0), (np.s_[24:], 47)):
            whole = convolve(latent, stack.psf.at(y, x)[2], mode="valid")
            np.testing.assert_allclose(predicted[rows, columns], whole[rows, columns], rtol=1e-4, atol=2e-3)


def test_prediction_repeats_what_lies_beyond_the_latent_image() -> None:
    stack, _ = make_stack(n=2)
    flat = predict_exposure(np.full(stack.shape, 7.0), stack.box, stack, 0)
    np.testing.assert_allclose(flat, 7.0, rtol=1e-5)
    wide = stack.box.grown_by(10)
    image = np.random.default_rng(0).normal(size=wide.shape)
    expected = predict_exposure(image[6:-6, 6:-6], stack.box.grown_by(4), stack, 0)
    np.testing.assert_allclose(predict_exposure(image, wide, stack, 0), expected, atol=1e-5)
    with pytest.raises(ValueError, match="does not fit its box"):
        predict_exposure(image, stack.box, stack, 0)


def test_residual_is_in_units_of_the_noise_and_zero_where_not_valid() -> None:
    image = np.array([[[3.0, 5.0], [np.nan, 1.0]]])
    stack = ExposureStack.from_arrays(image, np.full(image.shape, 4.0), gaussian_kernel(1.0, 3)[None])
    residual = normalized_residual(stack, 0, np.full((2, 2), 1.0))
    assert residual.tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_statistics_of_residuals_by_hand() -> None:
    residual = np.array([[0.0, 1.0, 2.0, 3.0], [-6.0, 9.0, 99.0, 99.0]])
    statistics = residual_statistics(residual, residual < 50)
    assert statistics.n_pixels == 6
    assert statistics.mean == pytest.approx(1.5)
    assert statistics.reduced_chi2 == pytest.approx((0 + 1 + 4 + 9 + 36 + 81) / 6)
    # The median is 1.5; the deviations are 0.5, 0.5, 1.5, 1.5, 7.5, 7.5.
    assert statistics.sigma == pytest.approx(1.4826 * 1.5, rel=1e-4)
    assert statistics.outlier_fraction == pytest.approx(2 / 6)


def test_statistics_of_no_pixels_are_missing() -> None:
    statistics = residual_statistics(np.zeros((2, 2)), np.zeros((2, 2), bool))
    assert statistics.n_pixels == 0
    assert np.isnan([statistics.mean, statistics.reduced_chi2, statistics.sigma]).all()


def test_outliers_are_flagged_on_both_sides() -> None:
    chi2 = np.array([1.0, 1.02, 0.98, 1.01, 2.0, 0.5, np.nan])
    assert flag_outliers(chi2).tolist() == [False, False, False, False, True, True, False]
    assert not flag_outliers(chi2, threshold=20.0).any()


def test_a_chi2_that_is_hardly_known_is_no_outlier() -> None:
    chi2 = np.array([0.72, 0.75, 0.41])
    assert flag_outliers(chi2).tolist() == [False, False, True]
    assert not flag_outliers(chi2, errors=np.full(3, 0.33)).any()
    assert flag_outliers(chi2, errors=np.full(3, 0.005)).tolist() == [False, False, True]
    # All of an excess may be in one place, and then its error is as large.
    many = np.array([*np.linspace(0.98, 1.08, 11), 17.0])
    errors = np.full(12, 0.03)
    assert np.flatnonzero(flag_outliers(many, errors=errors)).tolist() == [11]
    errors[11] = 16.0
    assert not flag_outliers(many, errors=errors).any()
    errors[11] = np.nan
    assert not flag_outliers(many, errors=errors).any()


@pytest.mark.parametrize("blur", [0.0, 1.5])
def test_error_of_chi2_is_its_scatter_over_fields(blur: float) -> None:
    rng, where = np.random.default_rng(5), np.ones((96, 96), bool)
    where[:30, :50] = False
    fields = rng.normal(size=(60, 96, 96))
    fields = gaussian_filter(fields, (0, blur, blur)) * (2.0 * np.sqrt(np.pi) * blur if blur else 1.0)
    statistics = [residual_statistics(field, where) for field in fields]
    scatter = np.std([each.reduced_chi2 for each in statistics])
    assert np.mean([each.chi2_error for each in statistics]) == pytest.approx(scatter, rel=0.3)
    assert np.isnan(residual_statistics(fields[0][:9, :9], where[40:49, :9]).chi2_error)


@pytest.mark.parametrize("chi2", [[1.0, 9.0], [1.0, 2.0, 4.0, 8.0], [np.nan, np.nan], [1.0, 1.0, 1.0, 1.2]])
def test_no_visit_stands_out_where_all_differ_or_all_agree(chi2: list[float]) -> None:
    assert not flag_outliers(np.array(chi2)).any()


@pytest.fixture
def star() -> tuple[np.ndarray, float]:
    """One star in unit noise, and the significance that a matched filter gives it."""
    image = np.random.default_rng(2).normal(0.0, 1.0, (96, 96))
    image[30:61, 30:61] += 60.0 * gaussian_kernel(4.0, 31)
    sigma = 4.0 / 2.354820045
    return image, 60.0 / (2.0 * np.sqrt(np.pi) * sigma)


def test_significance_is_that_of_the_matched_filter(star: tuple[np.ndarray, float]) -> None:
    image, expected = star
    significance = classify_pixels(image, np.ones(image.shape), 4.0).significance
    assert significance[45, 45] == pytest.approx(expected, abs=3.0)
    assert significance[:25].std() == pytest.approx(1.0, abs=0.15)


def test_source_pixels_are_around_the_star_and_sky_is_far_from_it(star: tuple[np.ndarray, float]) -> None:
    image, _ = star
    pixels = classify_pixels(image, np.ones(image.shape), 4.0)
    y, x = np.indices(image.shape)
    distance = np.hypot(y - 45, x - 45)
    assert pixels.source[distance < 1.5].all()
    assert not pixels.source[distance > 8].any()
    assert not pixels.sky[distance < 8].any()
    assert pixels.sky[distance > 17].all()


def test_classes_do_not_depend_on_unit_sky_or_scale_of_the_variance(star: tuple[np.ndarray, float]) -> None:
    image, _ = star
    plain = classify_pixels(image, np.ones(image.shape), 4.0)
    other = classify_pixels(100.0 * image + 20.0, np.full(image.shape, 4e4), 4.0)
    assert plain.source.any()
    assert (plain.source == other.source).mean() > 0.999


def test_missing_pixels_are_neither_source_nor_sky(star: tuple[np.ndarray, float]) -> None:
    image, _ = star
    image[44:47, 44:47] = image[0, :] = np.nan
    pixels = classify_pixels(image, np.ones(image.shape), 4.0)
    assert not (pixels.source | pixels.sky)[~np.isfinite(image)].any()
    empty = classify_pixels(np.full((9, 9), np.nan), np.ones((9, 9)), 4.0)
    assert not (empty.source | empty.sky).any()
    blank = classify_pixels(np.zeros((9, 9)), np.ones((9, 9)), 2.0)
    assert blank.sky.all()


def test_pixels_of_a_patch_anywhere_on_its_tract() -> None:
    stack, latent = make_stack(n=2)
    box = Box.from_shape(stack.shape, (1000, -50))
    moved = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf.at(0, 0), box=box)
    here = predict_exposure(latent, stack.box.grown_by(4), stack, 1)
    np.testing.assert_array_equal(predict_exposure(latent, box.grown_by(4), moved, 1), here)


@pytest.fixture
def tall() -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=TALL), 1.0)
    noise[250:260, 30] += 20.0
    return noise.astype(np.float32)


def test_pixels_have_the_classes_of_the_whole(tall: np.ndarray) -> None:
    fwhm = 3.0
    classes = classify_pixels(tall, np.full(TALL, 0.1, np.float32), fwhm)
    signal = gaussian_filter(tall.astype(np.float64), fwhm / FWHM_PER_SIGMA)
    assert classes.source.any()
    assert np.corrcoef(signal.ravel(), classes.significance.ravel())[0, 1] == pytest.approx(1.0, abs=1e-6)
    away = distance_transform_edt(~classes.source) > SKY_DISTANCE * fwhm
    np.testing.assert_array_equal(classes.sky, away)


def test_statistics_of_residuals_are_those_of_all_pixels(tall: np.ndarray) -> None:
    where = np.random.default_rng(3).random(TALL) < 0.9
    statistics, values = residual_statistics(tall, where), tall[where].astype(np.float64)
    assert statistics.mean == pytest.approx(values.mean(), rel=1e-6)
    assert statistics.rms == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-9)
    assert statistics.outlier_fraction == np.mean(np.abs(values) > 5.0)
    deviation = np.abs(values - np.median(values))
    assert statistics.sigma == pytest.approx(1.482602218505602 * np.median(deviation), rel=1e-6)
    blocks = np.add.outer(np.arange(TALL[0]) // BLOCK * 1000, np.arange(TALL[1]) // BLOCK)[where]
    _, which = np.unique(blocks, return_inverse=True)
    total, number = np.bincount(which, values**2), np.bincount(which)
    rest = total - number * np.mean(values**2)
    error = np.sqrt(np.sum(rest**2) * len(rest) / (len(rest) - 1)) / number.sum()
    assert statistics.chi2_error == pytest.approx(error, rel=1e-9)
