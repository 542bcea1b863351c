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

"""The response of a restoration to a star, and the kernel that matches it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve
from small_fields import make_config, make_stack

from lsst.acn import Box, gaussian_kernel, restore
from lsst.acn.forward.point_response import (
    PIXEL_GRID_RESPONSE,
    gaussian_width,
    matching_fwhm,
    measure_point_response,
)


def test_width_of_a_gaussian():
    assert gaussian_width(gaussian_kernel(2.3, 21)) == pytest.approx(2.3, abs=1e-3)


def test_widths_add_in_quadrature():
    response = 0.8 * gaussian_kernel(1.8, 21)
    assert matching_fwhm(response, 3.0) == pytest.approx(np.sqrt(3.0**2 - 1.8**2), rel=0.01)


def test_a_point_wants_the_target_itself():
    point = np.zeros((21, 21))
    point[10, 10] = 0.7
    assert matching_fwhm(point, 2.5) == pytest.approx(2.5, abs=0.01)
    assert matching_fwhm(np.zeros((21, 21)), 2.5) == 2.5


def test_a_response_wider_than_the_target_gets_the_narrowest_kernel():
    assert matching_fwhm(gaussian_kernel(4.0, 21), 2.5) == 1.0


def test_response_of_a_linear_restoration_is_its_kernel():
    stack, _ = make_stack(n=3, shape=(60, 60))
    kernel = gaussian_kernel(2.0, 11)

    def smoothed_mean(part):
        padded = np.pad(part.image.mean(axis=0), part.psf.radius)
        return convolve(padded, kernel, mode="same")

    response = measure_point_response(stack, smoothed_mean)
    expected = np.zeros((21, 21))
    middle = np.s_[10 - 9 : 10 + 10]
    expected[middle, middle] = convolve(stack.psf.at(30, 30).mean(axis=0), kernel, mode="full")
    np.testing.assert_allclose(response, expected, atol=0.01 * expected.max())


def test_a_point_between_pixels_is_shared_by_them():
    fraction = np.linspace(0, 1, 1001)
    variance = np.mean(fraction * (1 - fraction))
    offsets = np.arange(-1, 2)
    profile = PIXEL_GRID_RESPONSE.sum(axis=0)
    assert profile.sum() == pytest.approx(1.0)
    assert (profile * offsets**2).sum() == pytest.approx(variance, rel=1e-2)
    assert matching_fwhm(PIXEL_GRID_RESPONSE, 2.5) == pytest.approx(
        np.sqrt(2.5**2 - 8 * np.log(2) / 6), rel=0.02
    )


def test_stars_of_the_restored_image_have_the_target_psf():
    stack, latent = make_stack(n=6, shape=(64, 64), noise=0.5)
    config = make_config(method="image_mm", image_mm__iterations=20, tiles__restoring_size=128)
    result = restore(stack, config)
    radius = stack.psf.radius
    y, x = np.argwhere(latent[radius + 8 : -radius - 8, radius + 8 : -radius - 8] > 800)[0] + 8
    reach = np.s_[-6:7]
    rows, columns = np.mgrid[reach, reach]
    width = gaussian_width(result.image[y + rows, x + columns])
    config.match_target_psf = False
    plain = restore(stack, config)
    plain_width = gaussian_width(plain.image[y + rows, x + columns])
    assert result.summary["matching_kernel_fwhm"] < 2.5 == plain.summary["matching_kernel_fwhm"]
    assert abs(width - 2.5) < 0.15
    assert abs(width - 2.5) < abs(plain_width - 2.5)


def test_a_patch_may_be_smaller_than_a_stamp():
    stack, _ = make_stack(n=3, shape=(40, 48))
    small = stack.cutout(Box(4, 16, 4, 34))

    def mean(part):
        return np.pad(part.image.mean(axis=0), part.psf.radius)

    response = measure_point_response(small, mean)
    assert response.shape == (21, 21)
    assert response.sum() == pytest.approx(1.0, abs=0.1)
