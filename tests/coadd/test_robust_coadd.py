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
from array_libraries import libraries

from lsst.acn.arrays.numpy_arrays import MOST_COMPARED
from lsst.acn.coadd.robust_coadd import clipped_mean, fill_invalid, robust_coadd


def make_planes(n=9, shape=(70, 20), level=5.0):
    rng = np.random.default_rng(2)
    variance = np.broadcast_to(np.linspace(1.0, 3.0, n)[:, None, None], (n, *shape)).astype("f4")
    image = (level + rng.normal(size=(n, *shape)) * np.sqrt(variance)).astype("f4")
    return image, variance, np.ones(image.shape, bool)


def test_equals_the_weighted_mean_where_nothing_is_wrong():
    image, variance, valid = make_planes()
    weights = 1 / variance[:, :1, :1]
    expected = (weights * image).sum(axis=0) / weights.sum()
    result = robust_coadd(image, variance, valid)
    assert np.mean(np.isclose(result, expected, atol=1e-4)) > 0.99


def test_unmasked_outliers_do_not_leak_in():
    image, variance, valid = make_planes()
    clean = robust_coadd(image, variance, valid)
    image[4, 10, 10] += 1e4
    result = robust_coadd(image, variance, valid)
    assert abs(result[10, 10] - clean[10, 10]) < 2.0


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 33, MOST_COMPARED, MOST_COMPARED + 1])
def test_outliers_are_told_from_the_median_of_any_number_of_exposures(n):
    image, variance, valid = make_planes(n=n, shape=(3, 200), level=0.0)
    valid &= np.random.default_rng(n).random(valid.shape) < 0.8
    medians = np.ones(n)
    result = robust_coadd(image, variance * 1e6, valid, medians)
    exact = np.ma.mean(np.ma.array(image, mask=~valid), axis=0)
    known = valid.any(axis=0)
    np.testing.assert_allclose(result[known], exact.data[known], atol=1e-4)
    # With no allowance at all, what is left is what lies at the median.
    narrow = robust_coadd(image, variance * 1e-12, valid, medians)
    center = np.ma.median(np.ma.array(image, mask=~valid), axis=0).data
    np.testing.assert_array_less(np.abs(narrow - center)[known], 0.3 * np.abs(center)[known] + 1e-4)


def test_masked_pixels_do_not_count_and_holes_are_interpolated():
    image, variance, valid = make_planes()
    image[:, 30:33, 5:8] = 1e6
    valid[:, 30:33, 5:8] = False
    result = robust_coadd(image, variance, valid)
    assert result[31, 6] == pytest.approx(5.0, abs=1.5)
    assert np.isfinite(result).all()


def test_two_exposures_that_disagree_give_their_middle():
    image = np.zeros((2, 4, 4), "f4")
    image[1] = 1000.0
    result = robust_coadd(image, np.ones_like(image), np.ones(image.shape, bool))
    np.testing.assert_allclose(result, 500.0)


def test_filling_changes_invalid_pixels_only():
    image, _, valid = make_planes(n=2, shape=(4, 4))
    valid[0, 1, 1] = False
    filled = fill_invalid(image, valid, np.full((4, 4), -7.0, "f4"))
    assert filled[0, 1, 1] == -7.0
    np.testing.assert_array_equal(filled[valid], image[valid])


@libraries
def test_libraries_agree_and_fill_holes_however_large(library):
    image, variance, valid = make_planes(n=5, shape=(70, 41))
    valid[2, 30:] = False
    valid[:, 10:60, 5:38] = False
    valid[:, 64, 20] = False
    image = np.where(valid, image, 0.0).astype("f4")
    known = np.where(valid, variance, np.inf).astype("f4")
    xp = library()
    weights = (1.0 / variance[:, 0, 0]).astype("f4")
    found = xp.to_numpy(xp.run(clipped_mean, *map(xp.constant, (image, known, weights))))
    np.testing.assert_allclose(found, robust_coadd(image, variance, valid), atol=1e-4)
    assert abs(found - 5.0).max() < 6.0


def test_exposures_without_any_valid_pixel_give_nothing():
    image, variance, valid = make_planes(n=3, shape=(8, 8))
    result = robust_coadd(image, variance, np.zeros_like(valid), np.ones(3))
    np.testing.assert_array_equal(result, 0.0)
