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

from lsst.acn import Box, ExposureStack, InvalidExposureError, PsfKernels, gaussian_kernel


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


def test_kernels_must_be_odd_square_finite_and_of_unit_sum():
    box = Box(0, 8, 0, 8)
    good = gaussian_kernel(2.0, 7)
    for bad, message in [
        (good[:, :6], "square with odd sides"),
        (good[:6, :6], "square with odd sides"),
        (2 * good, "number 0 has NaN pixels or no unit sum"),
        (np.where(good == good.max(), np.nan, good), "number 0 has NaN"),
        (np.full_like(good, np.nan), "number 0 has no PSF"),
    ]:
        with pytest.raises(InvalidExposureError, match=message):
            PsfKernels.constant(bad[None], box)


def test_small_losses_of_the_stamp_are_mended():
    psf = PsfKernels.constant(0.97 * gaussian_kernel(2.0, 7)[None], Box(0, 8, 0, 8))
    assert psf.kernels.sum() == pytest.approx(1.0, abs=1e-6)


def test_varying_kernels_are_looked_up_by_cell_and_gaps_by_the_nearest():
    kernels = np.stack([[[gaussian_kernel(f, 7) for f in (2.0, 3.0, 4.0)]]])
    kernels[0, 0, 1] = np.nan
    psf = PsfKernels(kernels, Box(0, 10, 0, 30), (10, 10))
    np.testing.assert_allclose(psf.at(5, 29)[0], gaussian_kernel(4.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(5, 9.4)[0], gaussian_kernel(2.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(5, 15)[0], gaussian_kernel(2.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(-50, 500)[0], gaussian_kernel(4.0, 7), rtol=1e-6)


def test_gaussian_kernel_has_its_width_and_unit_sum():
    kernel = gaussian_kernel(4.0).astype(float)
    offset = np.arange(len(kernel)) - len(kernel) // 2
    sigma = np.sqrt((kernel.sum(axis=0) * offset**2).sum())
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert 2.3548 * sigma == pytest.approx(4.0, rel=2e-3)
