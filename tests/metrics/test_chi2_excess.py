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
from scipy.ndimage import gaussian_filter
from small_fields import make_stack

from lsst.acn import Box, ExposureStack
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.metrics import choose_held_out, image_excess, latent_excess, richest_box


@pytest.fixture(scope="module")
def field() -> tuple[ExposureStack, np.ndarray]:
    return make_stack(n=6, shape=(48, 56), noise=2.0)


def everywhere(stack: ExposureStack) -> np.ndarray:
    return np.ones(stack.shape, bool)


def test_truth_has_no_excess(field: tuple[ExposureStack, np.ndarray]) -> None:
    stack, latent = field
    excess = latent_excess(stack, latent, stack.box.grown_by(4), everywhere(stack))
    assert excess.n_pixels == np.count_nonzero(stack.valid)
    # The square of a standard normal variable has variance 2.
    assert excess.error == pytest.approx(np.sqrt(2 / excess.n_pixels), rel=0.1)
    assert abs(excess.value) < 4 * excess.error


def test_excess_is_the_square_of_the_error_in_units_of_the_noise(
    field: tuple[ExposureStack, np.ndarray],
) -> None:
    stack, latent = field
    # A constant stays what it is under a PSF of unit sum: 6 is 3 sigma.
    excess = latent_excess(stack, latent + 6.0, stack.box.grown_by(4), everywhere(stack))
    assert excess.value == pytest.approx(9.0, abs=0.3)
    np.testing.assert_allclose(excess.by_exposure, 9.0, atol=0.8)


def test_only_the_pixels_asked_for_count(field: tuple[ExposureStack, np.ndarray]) -> None:
    stack, latent = field
    where = np.zeros(stack.shape, bool)
    where[5:9, 20:30] = True
    changed = latent.copy()
    changed[30:] = 1e4
    box = stack.box.grown_by(4)
    excess = latent_excess(stack, changed, box, where)
    assert excess.n_pixels == 40 * len(stack)
    assert excess.value == pytest.approx(latent_excess(stack, latent, box, where).value, abs=1e-3)
    nothing = latent_excess(stack, latent, box, ~everywhere(stack))
    assert nothing.n_pixels == 0
    assert np.isnan(nothing.value)


def test_excess_of_an_image_as_it_stands_by_hand() -> None:
    image = np.array([[[3.0, 4.0, 5.0]], [[1.0, 2.0, 9.0]]])
    variance = np.array([[[4.0, 4.0, 4.0]], [[1.0, 1.0, 1.0]]])
    kernels = np.zeros((2, 3, 3))
    kernels[:, 1, 1] = 1.0
    stack = ExposureStack.from_arrays(image, variance, kernels)
    excess = image_excess(stack, np.array([[1.0, 2.0, np.nan]]), everywhere(stack))
    assert excess.by_exposure.tolist() == [0.0, -1.0]
    assert (excess.value, excess.n_pixels) == (-0.5, 4)


def test_better_restorations_have_less_excess(field: tuple[ExposureStack, np.ndarray]) -> None:
    stack, latent = field
    kept, held_out = stack.select([0, 1, 2, 3]), stack.select([4, 5])
    rng = np.random.default_rng(3)
    box = stack.box.grown_by(4)

    def excess_of(blur: float, noise: float) -> float:
        image = gaussian_filter(latent, blur) + noise * rng.normal(size=latent.shape)
        return latent_excess(held_out, image, box, everywhere(stack)).value

    values = [excess_of(0.0, 0.0), excess_of(0.4, 1.0), excess_of(0.8, 4.0), excess_of(1.6, 16.0)]
    assert values == sorted(values)
    assert values[-1] > 10 * abs(values[0])

    coadd = assemble_coadd(kept).image
    as_it_stands = image_excess(held_out, coadd, everywhere(stack)).value
    blurred_twice = latent_excess(held_out, coadd, stack.box, everywhere(stack)).value
    # The seeing of the held-out exposures decides which of the two is better.
    assert values[1] < min(as_it_stands, blurred_twice)


def test_share_of_the_exposures_is_held_out() -> None:
    visits = [30, 10, 20, 40, 50, 60, 70, 80]
    held_out = choose_held_out(visits, 0.25, seed=1)
    assert len(held_out) == 2
    assert held_out == sorted(held_out)
    assert set(held_out) < set(visits)
    assert choose_held_out(visits[::-1], 0.25, seed=1) == held_out
    assert len({tuple(choose_held_out(visits, 0.25, seed)) for seed in range(10)}) > 3


@pytest.mark.parametrize(("n", "share", "expected"), [(2, 0.25, 0), (3, 0.25, 1), (4, 0.0, 1), (5, 1.0, 3)])
def test_at_least_one_is_held_out_and_two_are_left(n: int, share: float, expected: int) -> None:
    assert len(choose_held_out(range(n), share, seed=0)) == expected


def test_richest_part_of_a_patch() -> None:
    where = np.zeros((30, 40), bool)
    where[3, 3] = True
    where[20:24, 31:35] = True
    box = Box.from_shape(where.shape, (100, 200))
    part = richest_box(where, box, 6)
    assert part.shape == (6, 6)
    assert part.contains(Box.from_shape((4, 4), (120, 231)))
    assert box.contains(part)
    assert richest_box(where, box, 64) == box
    assert richest_box(where, box, 35) == Box.from_shape((30, 35), (100, 200))
