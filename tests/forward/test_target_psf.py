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

"""Images at the target PSF."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

from lsst.acn import Box, gaussian_kernel
from lsst.acn.forward.target_psf import convolve_separable, convolve_to_target

KERNEL = gaussian_kernel(2.3)
RADIUS = len(KERNEL) // 2
LATENT_BOX = Box(-3, 37, 10, 56)


@pytest.fixture
def latent() -> np.ndarray:
    return np.random.default_rng(0).gamma(0.2, 1.0, LATENT_BOX.shape)


@pytest.mark.parametrize("box", [Box(5, 20, 20, 41), Box(0, 34, 13, 53), LATENT_BOX])
def test_it_is_the_convolution_with_outermost_pixels_repeated(latent: np.ndarray, box: Box) -> None:
    padded = np.pad(latent, RADIUS, mode="edge")
    expected = convolve2d(padded, KERNEL, mode="valid")[box.slices_within(LATENT_BOX)]
    found = convolve_to_target(latent, LATENT_BOX, KERNEL, box)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_stack_is_convolved_image_by_image(latent: np.ndarray) -> None:
    box = Box(0, 30, 12, 50)
    both = convolve_to_target(np.stack([latent, 2 * latent]), LATENT_BOX, KERNEL, box)
    single = convolve_to_target(latent, LATENT_BOX, KERNEL, box)
    np.testing.assert_array_equal(both[0], single)
    np.testing.assert_allclose(both[1], 2 * single, rtol=1e-6)


def test_a_point_shows_which_way_round_the_kernel_is() -> None:
    profile = np.array([0.6, 0.3, 0.1])
    kernel = np.outer(profile, profile[::-1])
    point = np.zeros((7, 7))
    point[3, 3] = 1.0
    np.testing.assert_allclose(convolve_separable(point, kernel)[2:5, 2:5], kernel, rtol=1e-6)


@pytest.mark.parametrize("kernel", [np.eye(3) / 3, 2 * KERNEL])
def test_other_kernels_are_refused(latent: np.ndarray, kernel: np.ndarray) -> None:
    with pytest.raises(ValueError, match="product of two profiles"):
        convolve_to_target(latent, LATENT_BOX, kernel, Box(0, 30, 12, 50))
