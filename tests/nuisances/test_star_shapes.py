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


"""PSFs that are wider or narrower than their models, told from stars."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import gaussian_kernel
from lsst.acn.nuisances.kernel_changes import corrected_kernels, psf_variance
from lsst.acn.nuisances.star_shapes import StarShape, common_shape, measure_stars

KERNEL = gaussian_kernel(4.0, 31)
NOTHING = np.zeros(3)


def field(width=0.0, plus=0.0, cross=0.0, galaxies=0, seed=1):
    """Return a coadd of stars and galaxies, its noise, and the latent image that explains it."""
    rng = np.random.default_rng(seed)
    coadd, light = np.zeros((2, 160, 160))
    for number in range(9):
        y, x = 32 + 48 * (number // 3), 32 + 48 * (number % 3)
        size = 1.5 + rng.random() if number < galaxies else 0.0
        moved = np.array([[*rng.uniform(-0.4, 0.4, 2), width + size, plus, cross]])
        shape = corrected_kernels(KERNEL[None], moved)[0]
        flux = 20_000 * (1 + rng.random())
        coadd[y - 15 : y + 16, x - 15 : x + 16] += flux * shape
        light[y, x] = flux
    model = np.zeros_like(coadd)
    return coadd + rng.normal(size=coadd.shape), np.ones_like(coadd), light, model, KERNEL


@pytest.mark.parametrize("shape", [(0.2, 0.1, 0.0), (-0.15, 0.0, 0.08)])
def test_stars_tell_by_how_much_all_psfs_are_off(shape):
    stars = measure_stars(*field(*shape))
    assert len(stars) == 9
    values, errors = common_shape(stars, NOTHING)
    np.testing.assert_allclose(values * psf_variance(KERNEL), shape, atol=0.03)
    assert (errors * psf_variance(KERNEL) < 0.03).all()


def test_psfs_that_are_right_are_left_alone():
    values, errors = common_shape(measure_stars(*field()), NOTHING)
    assert (np.abs(values) < 3 * errors).all()
    assert (errors < 0.01).all()


def test_galaxies_are_not_taken_for_stars_of_a_wide_psf():
    values, errors = common_shape(measure_stars(*field(galaxies=6)), NOTHING)
    assert (np.abs(values) < 3 * errors).all()
    assert (errors < 0.01).all()


def test_galaxies_that_do_not_agree_say_nothing():
    shapes = [StarShape(width, 0.0, 0.0, 0.02, 2.9) for width in (0.4, 0.9, 1.7, 2.6)]
    values, errors = common_shape(shapes, NOTHING)
    assert not values.any()
    assert np.isinf(errors).all()


def test_sources_that_are_narrower_than_a_point_are_an_error_for_certain():
    shapes = [StarShape(width, 0.0, 0.0, 0.02, 2.9) for width in (-0.3, -0.31, 1.1, 1.9)]
    values, _ = common_shape(shapes, NOTHING)
    assert values[0] * 2.9 == pytest.approx(-0.305, abs=0.01)


def test_two_stars_do_where_no_galaxy_is_as_small():
    shapes = [StarShape(width, 0.0, 0.0, 0.02, 2.9) for width in (0.25, 0.27, 1.1, 1.9)]
    values, errors = common_shape(shapes, NOTHING)
    assert values[0] * 2.9 == pytest.approx(0.26, abs=0.01)
    assert values[0] > 3 * errors[0]


def test_what_was_changed_before_counts():
    stars = [StarShape(width, 0.0, 0.0, 0.02, 2.9) for width in (-0.01, 0.0, 0.02)]
    values, _ = common_shape(stars, np.array([0.1, 0.02, 0.0]))
    np.testing.assert_allclose(values, [0.1, 0.02, 0.0], atol=0.002)


def test_the_variance_of_a_psf_is_that_of_a_gaussian():
    assert psf_variance(gaussian_kernel(5.0, 41)) == pytest.approx((5.0 / 2.3548) ** 2, rel=1e-3)
