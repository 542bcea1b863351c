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

"""The order of the exposures, which is that of their content."""

from __future__ import annotations

import numpy as np
import pytest
from array_libraries import needs_keras
from small_fields import make_config, make_stack

from lsst.acn import ExposureStack, gaussian_kernel, restore
from lsst.acn.methods.paper.exposure_order import in_order_of_content


def made_of(image: np.ndarray, variance: np.ndarray, fwhms: list[float]) -> ExposureStack:
    return ExposureStack.from_arrays(
        image.astype("f4"), variance.astype("f4"), np.stack([gaussian_kernel(fwhm, 9) for fwhm in fwhms])
    )


def test_exposures_are_sorted_by_their_light_in_units_of_the_noise() -> None:
    image = np.ones((3, 4, 5)) * np.array([3.0, 2.0, 1.0])[:, None, None]
    variance = np.ones((3, 4, 5)) * np.array([9.0, 1.0, 1.0])[:, None, None]
    ordered = in_order_of_content(made_of(image, variance, [2.0, 2.0, 2.0]))
    # One by 3, over 3 of noise, and 1 over 1 tie in light; the first has more variance.
    assert ordered.visits == (2, 0, 1)


@pytest.mark.parametrize("what", ["place", "variance", "psf"])
def test_exposures_of_equal_light_are_told_apart(what: str) -> None:
    image, variance, fwhms = np.zeros((2, 4, 5)), np.ones((2, 4, 5)), [2.0, 2.0]
    image[:, 1, 1] = 8.0
    if what == "place":
        image[0] = np.roll(image[0], 1, axis=1)
    elif what == "variance":
        variance[0, 3, 3] = 4.0
    else:
        fwhms = [3.0, 2.0]
    stack = made_of(image, variance, fwhms)
    assert in_order_of_content(stack).visits == in_order_of_content(stack.select([1, 0])).visits


def test_neither_visits_nor_units_change_the_order() -> None:
    stack, _ = make_stack(n=5)
    expected = in_order_of_content(stack).visits
    assert sorted(expected) == list(stack.visits)
    for k in (1e-9, 3.7):
        scaled = ExposureStack.from_arrays(
            stack.image * k, stack.variance * k**2, stack.psf, valid=stack.valid
        )
        assert in_order_of_content(scaled).visits == expected
    renamed = ExposureStack.from_arrays(
        stack.image, stack.variance, stack.psf, valid=stack.valid, visits=[9, 8, 7, 6, 5]
    )
    assert in_order_of_content(renamed).visits == tuple(9 - visit for visit in expected)


def test_a_stack_in_order_is_not_copied() -> None:
    ordered = in_order_of_content(make_stack()[0])
    assert in_order_of_content(ordered) is ordered


@needs_keras
def test_a_restoration_is_the_same_to_the_byte_backwards() -> None:
    stack, _ = make_stack()
    config = make_config(paper__network__kernel_sizes=[3], nuisances__passes=0)
    there, back = restore(stack, config), restore(stack.select([3, 2, 1, 0]), config)
    assert in_order_of_content(stack).visits not in {(0, 1, 2, 3), (3, 2, 1, 0)}
    assert there.image.any()
    for name in ("image", "variance", "latent"):
        assert getattr(there, name).tobytes() == getattr(back, name).tobytes()
    assert there.corrections.visits == (0, 1, 2, 3)
    assert back.corrections.visits == (3, 2, 1, 0)
