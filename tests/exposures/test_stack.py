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

from lsst.acn import Box, ExposureStack, InvalidExposureError, gaussian_kernel


def make_arrays(n=3, shape=(8, 9)):
    rng = np.random.default_rng(3)
    image = rng.normal(size=(n, *shape))
    return image, np.full(image.shape, 2.0), np.stack([gaussian_kernel(2.0 + t, 7) for t in range(n)])


def test_unusable_pixels_become_invalid():
    image, variance, psf = make_arrays()
    image[0, 1, 1] = np.nan
    image[0, 1, 2] = np.inf
    variance[1, 2, 2] = 0.0
    variance[1, 2, 3] = -1.0
    variance[1, 2, 4] = np.nan
    valid = np.ones(image.shape, bool)
    valid[2, 0, 0] = False
    stack = ExposureStack.from_arrays(image, variance, psf, valid=valid)
    assert (~stack.valid).sum() == 6
    assert (stack.image[~stack.valid] == 0).all()
    assert (stack.weight[~stack.valid] == 0).all()
    np.testing.assert_array_equal(stack.weight[stack.valid], np.float32(0.5))


def test_planes_are_read_only_but_the_callers_arrays_are_not():
    image, variance, psf = make_arrays()
    stack = ExposureStack.from_arrays(image.astype("f4"), variance, psf)
    with pytest.raises(ValueError, match="read-only"):
        stack.image[0, 0, 0] = 1.0
    image[0, 0, 0] = 1.0


def test_median_variances_ignore_invalid_pixels():
    image, variance, psf = make_arrays()
    variance[1] *= 4
    valid = np.ones(image.shape, bool)
    valid[2] = False
    stack = ExposureStack.from_arrays(image, variance, psf, valid=valid)
    np.testing.assert_array_equal(stack.median_variances(), [2.0, 8.0, np.inf])


def test_cutout_shares_memory_and_keeps_position():
    image, variance, psf = make_arrays()
    stack = ExposureStack.from_arrays(image, variance, psf, box=Box.from_shape((8, 9), (100, 200)))
    part = stack.cutout(Box(102, 105, 203, 207))
    np.testing.assert_array_equal(part.image, stack.image[:, 2:5, 3:7])
    assert np.shares_memory(part.image, stack.image)
    assert part.shape == (3, 4)
    with pytest.raises(ValueError, match="not inside"):
        stack.cutout(Box(0, 5, 0, 5))


def test_select_takes_planes_psfs_and_visits_together():
    image, variance, psf = make_arrays()
    stack = ExposureStack.from_arrays(image, variance, psf, visits=[11, 12, 13]).select([2, 0])
    assert stack.visits == (13, 11)
    np.testing.assert_array_equal(stack.image, image[[2, 0]].astype("f4"))
    np.testing.assert_allclose(stack.psf.at(0, 0), psf[[2, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((8, 9))}, "shape"),
        ({"variance": np.ones((3, 8, 8))}, "variance of a stack has shape"),
        ({"valid": np.ones((2, 8, 9), bool)}, "valid of a stack has shape"),
        ({"mask": np.zeros((3, 1, 9))}, "mask of a stack has shape"),
        ({"box": Box(0, 8, 0, 8)}, "does not fit"),
        ({"visits": [1, 2, 1]}, "Visit 1 occurs more than once"),
        ({"visits": [1, 2]}, "2 visits"),
        ({"psf": np.stack([gaussian_kernel(2.0, 7)] * 2)}, "2 PSFs"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    image, variance, psf = make_arrays()
    with pytest.raises(InvalidExposureError, match=message):
        ExposureStack.from_arrays(**{"image": image, "variance": variance, "psf": psf} | change)
