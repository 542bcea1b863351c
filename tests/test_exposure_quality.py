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

"""What exposures lack, as numbers and in words."""

from __future__ import annotations

import logging
import math

import galsim
import numpy as np
import pytest
from saturated_fields import make_field

from lsst.acn import Box, ExposureStack, gaussian_kernel
from lsst.acn.exposure_quality import ExposureQuality, measure_exposures, noise_ratios
from lsst.acn.simulation import SimulationConfig, simulate_field

N, SIZE = 4, 96


def stack_of(kernel: np.ndarray, scatter: float = 1.0, n: int = N) -> ExposureStack:
    """Return exposures of an empty sky; the last has a PSF and a noise of its own."""
    rng = np.random.default_rng(0)
    size = len(kernel)
    kernels = np.stack([gaussian_kernel(3.0, size)] * (n - 1) + [kernel / kernel.sum()])
    factors = np.append(np.ones(n - 1), scatter)[:, None, None]
    image = factors * 2.0 * rng.normal(size=(n, SIZE, SIZE))
    return ExposureStack.from_arrays(image, np.full(image.shape, 4.0), kernels, visits=range(11, 11 + n))


def quality_of(kernel: np.ndarray, scatter: float = 1.0) -> ExposureQuality:
    *others, last = measure_exposures(stack_of(kernel, scatter))
    assert all(not each.warnings() for each in others)
    assert last.visit == 10 + N
    return last


def off_centre(y: float, x: float, fwhm: float = 3.0) -> np.ndarray:
    image = galsim.Gaussian(fwhm=fwhm).drawImage(
        nx=21, ny=21, scale=1.0, offset=galsim.PositionD(x, y), method="no_pixel"
    )
    return image.array.astype(np.float64)


@pytest.mark.parametrize(
    ("fwhm", "is_wrong"), [(1.2, True), (1.5, True), (1.9, True), (2.1, False), (4.0, False)]
)
def test_undersampled_psfs(fwhm: float, is_wrong: bool) -> None:
    quality = quality_of(gaussian_kernel(fwhm, 21))
    assert quality.fwhm == pytest.approx(fwhm, rel=0.05 if fwhm > 1.3 else 0.2)
    warnings = quality.warnings()
    assert len(warnings) == is_wrong
    assert all(f"the FWHM of its PSF is {quality.fwhm:.2f} pixels" in each for each in warnings)


@pytest.mark.parametrize(
    ("beta", "fwhm", "size"), [(2.5, 5.0, 25), (2.0, 4.0, 41), (3.0, 5.0, 23), (1.8, 3.0, 31)]
)
def test_light_beyond_the_rim_is_that_of_a_moffat(beta: float, fwhm: float, size: int) -> None:
    scale = 0.5 * fwhm / math.sqrt(2 ** (1 / beta) - 1)
    places = np.arange(size) - size // 2
    kernel = (1 + (places[:, None] ** 2 + places**2) / scale**2) ** -beta
    # Light outside of the circle that the kernel holds.
    expected = (1 + (0.5 * size / scale) ** 2) ** (1 - beta)
    quality = quality_of(kernel)
    assert quality.rim_light == pytest.approx(expected, rel=0.35)
    assert expected > 0.01
    (warning,) = quality.warnings()
    assert warning == f"its PSF is cut off where {100 * quality.rim_light:.1f} % of the light is beyond"


@pytest.mark.parametrize("kernel", [gaussian_kernel(5.0, 21), gaussian_kernel(3.0, 41)])
def test_psfs_that_end_within_their_kernel(kernel: np.ndarray) -> None:
    assert quality_of(kernel).rim_light < 1e-3


@pytest.mark.parametrize(("y", "x"), [(0.3, 0.0), (-0.5, 0.5), (0.0, -1.0), (0.1, 0.1), (0.05, 0.05)])
def test_psfs_off_the_middle(y: float, x: float) -> None:
    quality = quality_of(off_centre(y, x))
    assert quality.offset == pytest.approx(math.hypot(y, x), abs=0.02)
    expected = [f"its PSF is {quality.offset:.2f} pixels off the middle of its kernel"]
    assert quality.warnings() == (expected if math.hypot(y, x) > 0.1 else [])


@pytest.mark.parametrize(("fwhm", "sampling", "is_wrong"), [(4.0, 1, False), (4.0, 3, True), (3.0, 5, True)])
def test_psfs_that_are_sampled_more_finely(fwhm: float, sampling: int, is_wrong: bool) -> None:
    quality = quality_of(gaussian_kernel(sampling * fwhm, 61))
    assert quality.fwhm == pytest.approx(sampling * fwhm, rel=0.05)
    warning = f"the FWHM of its PSF is {quality.fwhm:.1f} pixels, as if it were sampled more finely"
    assert quality.warnings() == ([warning] if is_wrong else [])


@pytest.mark.parametrize(("size", "fwhm"), [(5, 4.0), (7, 5.0), (7, 4.5)])
def test_small_kernels_that_cut_light_off(size: int, fwhm: float) -> None:
    whole = gaussian_kernel(fwhm, 41).astype(np.float64)
    edge = (41 - size) // 2
    lost = 1.0 - whole[edge:-edge, edge:-edge].sum()
    quality = measure_exposures(stack_of(gaussian_kernel(fwhm, size)))[-1]
    assert lost > 0.03
    assert quality.rim_light > 0.01
    assert any("of the light is beyond" in each for each in quality.warnings())


def test_kernels_of_a_few_pixels_do_not_tell() -> None:
    warnings = measure_exposures(stack_of(gaussian_kernel(2.5, 3)))[-1].warnings()
    assert "its PSF kernel is too small to tell what light is beyond its rim" in warnings


@pytest.mark.parametrize(("share", "is_wrong"), [(0.03, False), (0.2, True), (0.45, True)])
def test_negative_psfs(share: float, is_wrong: bool) -> None:
    kernel = gaussian_kernel(4.0, 21).astype(np.float64)
    hole = np.zeros_like(kernel)
    hole[2, 2:19] = 1.0
    kernel = (1 - share) * kernel / kernel.sum() - share * hole / hole.sum()
    quality = quality_of(kernel)
    assert quality.negative_light == pytest.approx(share, rel=0.02)
    assert (f"{100 * share:.0f} % of the light of its PSF is negative" in quality.warnings()) == is_wrong


def test_psfs_that_are_noise() -> None:
    noise = np.random.default_rng(1).normal(size=(21, 21))
    quality = quality_of(noise + (1.0 - noise.sum()) / noise.size)
    assert quality.negative_light == pytest.approx(0.5, abs=0.1)
    assert any("negative" in each for each in quality.warnings())


@pytest.mark.parametrize(
    ("scatter", "is_wrong"), [(0.5, True), (0.8, True), (0.93, False), (1.1, False), (1.3, True), (3.0, True)]
)
def test_variances_that_do_not_fit_the_scatter(scatter: float, is_wrong: bool) -> None:
    ratio = noise_ratios(stack_of(gaussian_kernel(3.0, 21), scatter, n=8))[-1]
    assert ratio == pytest.approx(scatter, rel=0.03)
    quality = ExposureQuality(3, 3.0, 0.0, 0.0, 0.0, float(ratio))
    expected = [f"its pixels scatter {ratio:.2f} times as much as their variances say"]
    assert quality.warnings() == (expected if is_wrong else [])


def test_variances_that_are_wrong_in_all_exposures() -> None:
    stack = make_field([(40.0, 40.0, 1e5), (70.0, 20.0, 1e4)], hole=0.0)
    assert noise_ratios(stack) == pytest.approx(1.0, abs=0.05)
    wrong = ExposureStack.from_arrays(stack.image, 0.5 * stack.variance, stack.psf)
    assert noise_ratios(wrong) == pytest.approx(math.sqrt(2.0), abs=0.07)


def test_two_exposures_and_crowded_skies_do_not_tell() -> None:
    assert np.isnan(noise_ratios(stack_of(gaussian_kernel(3.0, 21), n=2))).all()
    small = ExposureStack.from_arrays(
        np.ones((4, 20, 20)), np.ones((4, 20, 20)), np.stack([gaussian_kernel(3.0, 9)] * 4)
    )
    assert np.isnan(noise_ratios(small)).all()


def test_ideal_fields_are_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("quality")
    with caplog.at_level(logging.WARNING):
        measure_exposures(make_field([(40.0, 40.0, 1e6), (20.0, 70.0, 1e4, 3.0)], hole=0.0), log)
    assert caplog.messages == []


def test_simulated_fields_are_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    field = simulate_field(SimulationConfig(seed=3, box=Box.from_shape((160, 160)), visits=6))
    with caplog.at_level(logging.WARNING):
        qualities = measure_exposures(field.stack, logging.getLogger("quality"))
    assert caplog.messages == []
    assert all(np.isfinite(each.noise_ratio) for each in qualities)


def test_the_log_names_visit_and_number(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        measure_exposures(stack_of(off_centre(0.6, 0.0)), logging.getLogger("quality"))
    assert caplog.messages == ["Visit 14: its PSF is 0.60 pixels off the middle of its kernel."]
