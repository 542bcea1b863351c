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

import numpy as np
import pytest
import scipy.fft
from array_libraries import libraries, sums_of
from scipy.ndimage import center_of_mass

from lsst.acn import Box, ExposureStack, gaussian_kernel
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.arrays.spectra import gaussian_spectrum
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA, PsfKernels
from lsst.acn.forward.point_response import MIN_KERNEL_FWHM
from lsst.acn.methods.cross_exposure.family.exposure_sums import sum_up
from lsst.acn.methods.cross_exposure.family.family import SHARP_PATH
from lsst.acn.methods.cross_exposure.family.first_model import FIRST_PASS
from lsst.acn.methods.cross_exposure.family.path import follow_path
from lsst.acn.methods.cross_exposure.family.sampling import (
    SAMPLING_FWHM,
    sampled_kernel_fwhm,
    sharpen_spectra,
    to_latent,
)

SHAPE = (48, 50)
SEEING = 4.0


def draw_star(fwhm: float, y: float, x: float) -> np.ndarray:
    """Return the image of a star of unit flux."""
    sigma = fwhm / FWHM_PER_SIGMA
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / sigma**2) / (2 * np.pi * sigma**2)


def third_moment(image: np.ndarray) -> float:
    """Return the mean of the two third central moments along the axes."""
    y, x = center_of_mass(image)
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return float(np.abs([(image * (rows - y) ** 3).sum(), (image * (columns - x) ** 3).sum()]).mean())


def make_exposures(y: float, x: float, flux: float) -> ExposureStack:
    rng = np.random.default_rng(5)
    image = flux * np.stack([draw_star(SEEING, y, x)] * 4) + rng.normal(size=(4, *SHAPE))
    kernels = np.stack([gaussian_kernel(SEEING, 21)] * 4)
    return ExposureStack.from_arrays(
        image, np.ones_like(image), PsfKernels.constant(kernels, Box.from_shape(SHAPE))
    )


def test_sharpened_spectra_are_those_of_a_narrower_gaussian():
    spectra = scipy.fft.rfft2(gaussian_kernel(SEEING, 33), s=SHAPE).astype(np.complex64)
    narrow = scipy.fft.rfft2(gaussian_kernel(np.sqrt(SEEING**2 - SAMPLING_FWHM**2), 33), s=SHAPE)
    np.testing.assert_allclose(sharpen_spectra(numpy_arrays(), spectra, SHAPE), narrow, atol=1e-3)


def test_a_psf_that_is_sharper_than_the_sampling_becomes_a_point():
    spectra = np.ones((SHAPE[0], SHAPE[1] // 2 + 1), np.complex64)
    np.testing.assert_allclose(sharpen_spectra(numpy_arrays(), spectra, SHAPE), spectra, rtol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
def test_latent_image_of_a_star_explains_exposures_as_points_can(offset: float):
    y, x = 24 + offset, 25
    sampled = 100.0 * draw_star(SAMPLING_FWHM, y, x).astype(np.float32)
    latent = to_latent(sampled)
    assert latent.min() >= 0
    assert latent.sum() == pytest.approx(sampled.sum(), rel=1e-3)
    np.testing.assert_allclose(center_of_mass(latent), (y, x), atol=0.06)
    kernel = scipy.fft.rfft2(np.fft.ifftshift(draw_star(SEEING, SHAPE[0] // 2, SHAPE[1] // 2)))
    seen, blurred = (
        scipy.fft.irfft2(kernel * scipy.fft.rfft2(image), s=SHAPE) for image in (latent, sampled)
    )
    expected = 100.0 * draw_star(SEEING, y, x)
    error, error_of_sampled = (np.abs(image - expected).max() for image in (seen, blurred))
    # Two pixels that stand for a point between them have a variance of a quarter.
    assert error < 0.05 * expected.max()
    assert error < 0.5 * error_of_sampled


@libraries
def test_an_empty_image_stays_empty(library):
    np.testing.assert_array_equal(to_latent(np.zeros(SHAPE, np.float32), library()), 0.0)


@libraries
def test_libraries_agree_on_the_latent_image(library):
    sampled = np.random.default_rng(0).gamma(0.1, 1.0, (150, 201)).astype(np.float32)
    expected = to_latent(sampled)
    np.testing.assert_allclose(to_latent(sampled, library()), expected, atol=1e-5 * expected.max())


def test_strips_of_a_large_image_have_no_seams(monkeypatch):
    rng = np.random.default_rng(1)
    image = np.repeat(rng.exponential(size=SHAPE).astype(np.float32), 4, axis=0)
    whole = to_latent(image)
    monkeypatch.setattr("lsst.acn.methods.cross_exposure.family.sampling.STRIP", 50)
    np.testing.assert_allclose(to_latent(image), whole, rtol=5e-3)


@pytest.mark.parametrize("offset", [0.2, 0.3])
def test_bright_stars_between_pixels_are_not_skewed(offset: float):
    """A non-negative latent image of points makes two pixels of them."""
    y, x = 24 + offset, 25 - offset
    flux = 1e5
    xp = numpy_arrays()
    statistics = sum_up(xp, sums_of(make_exposures(y, x, flux)))
    restored = follow_path(xp, statistics, (*FIRST_PASS, *SHARP_PATH))[2]
    near = np.zeros(SHAPE, bool)
    near[18:31, 18:31] = True
    star = np.where(near, restored, 0.0) / flux
    assert star.sum() == pytest.approx(1.0, rel=0.01)
    np.testing.assert_allclose(center_of_mass(star), (y, x), atol=0.01)
    pair = offset * (1 - offset) * (1 - 2 * offset)
    assert third_moment(star) < 0.4 * pair


def test_kernel_makes_up_what_the_sampling_leaves_of_the_target():
    target = draw_star(2.5, 24.2, 25.4)
    sampled = draw_star(SAMPLING_FWHM, 24.2, 25.4)
    spectrum = gaussian_spectrum(SHAPE, (sampled_kernel_fwhm(2.5) / FWHM_PER_SIGMA) ** 2)
    image = scipy.fft.irfft2(spectrum * scipy.fft.rfft2(sampled), s=SHAPE)
    # Samples of so narrow a Gaussian are good to a few per cent.
    assert np.abs(image - target).max() < 0.03 * target.max()
    assert sampled_kernel_fwhm(1.2) == MIN_KERNEL_FWHM
