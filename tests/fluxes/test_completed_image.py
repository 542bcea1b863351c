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

"""Picture and residual as one image."""

from __future__ import annotations

import numpy as np
import pytest
from leftovers import exposures_of, images_of, residual_of, restored_of

from lsst.acn import gaussian_kernel
from lsst.acn.fluxes.completed_image import complete_image
from lsst.acn.forward.target_psf import convolve_separable

PLACE = np.array([[48.0, 47.0]])


@pytest.mark.parametrize("fwhm", [None, 4.2])
@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_every_star_has_the_psf_and_its_whole_flux(fwhm: float | None, share: float) -> None:
    images = images_of(exposures_of(PLACE, 1000.0), restored_of(PLACE, share * 1000.0))
    completed = complete_image(images, fwhm)
    kernel = completed.psf.at(48, 47)[0]
    assert kernel.shape == (31, 31)
    stamp = completed.image[48 - 15 : 48 + 16, 47 - 15 : 47 + 16]
    np.testing.assert_allclose(stamp, 1000.0 * kernel, atol=2e-3 * stamp.max())
    assert stamp.sum() == pytest.approx(1000.0, rel=3e-3)


def test_psf_is_the_one_that_is_asked_for() -> None:
    images = images_of(exposures_of(), restored_of())
    kernel = complete_image(images, 4.2).psf.at(48, 48)[0]
    np.testing.assert_allclose(kernel, gaussian_kernel(4.2, 31), atol=5e-3 * kernel.max())
    # By default, its autocorrelation is that of the residual.
    root = complete_image(images).psf.at(48, 48)[0].astype(float)
    power = np.abs(np.fft.rfft2(root, (61, 61))) ** 2
    twice = np.fft.fftshift(np.fft.irfft2(power, (61, 61)))
    peak = residual_of(exposures_of(), restored_of()).kernel_at(48, 48)
    np.testing.assert_allclose(twice, peak, atol=2e-3 * peak.max())


@pytest.mark.parametrize("fwhm", [None, 4.0, 5.0])
def test_variance_is_true_once_the_image_is_smoothed(fwhm: float | None) -> None:
    scaled = []
    for seed in range(30):
        completed = complete_image(images_of(exposures_of(seed=seed), restored_of()), fwhm)
        kernel = completed.psf.at(48, 48)[0].astype(np.float64)
        spectrum = np.fft.rfft2(np.fft.ifftshift(np.pad(kernel, [(33, 32)] * 2)))
        smooth = np.fft.irfft2(np.fft.rfft2(completed.image) * spectrum, completed.image.shape)
        scaled.append(smooth / np.sqrt(completed.variance * (kernel**2).sum()))
    inside = np.array(scaled)[:, 24:-24, 24:-24]
    assert inside.std() == pytest.approx(1.0, abs=0.03)
    assert inside.mean() == pytest.approx(0.0, abs=0.1)
    # As likely to be below 0 as above.
    assert abs(((inside - inside.mean()) ** 3).mean()) < 0.1


def test_noise_does_not_know_the_picture() -> None:
    stack = exposures_of(PLACE, 300.0, seed=2)
    images = [complete_image(images_of(stack, restored_of(PLACE, flux))).image for flux in (0.0, 200.0)]
    np.testing.assert_allclose(images[0][16:-16, 16:-16], images[1][16:-16, 16:-16], atol=0.02)


def test_picture_alone_is_narrower() -> None:
    images = images_of(exposures_of(PLACE, 1000.0), restored_of(PLACE, 1000.0))
    assert images.image.max() > 1.5 * complete_image(images).image.max()
    assert convolve_separable(images.image, images.target_psf).max() < images.image.max()
