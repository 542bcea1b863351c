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


"""Stamps are moved by parts of a pixel, and found again."""

from __future__ import annotations

import numpy as np
import pytest
from star_fields import kernel_of

from lsst.acn.psfs.shifts import centroid, moved, shift_matrices


def test_a_kernel_is_moved_to_where_it_should_be():
    kernel = kernel_of(25, 2.2, (0.05, 0.02))
    (along_y, along_x), _ = shift_matrices(np.array([0.3, -0.4]), 25)
    np.testing.assert_allclose(
        moved(kernel, along_y, along_x), kernel_of(25, 2.2, (0.05, 0.02), shift=(0.3, -0.4)), atol=2e-4
    )


def test_slopes_are_derivatives():
    step = 1e-4
    matrices, _ = shift_matrices(np.array([0.2 - step, 0.2 + step, -step, step]), 9)
    _, slopes = shift_matrices(np.array([0.2, 0.0]), 9)
    np.testing.assert_allclose((matrices[1::2] - matrices[::2]) / (2 * step), slopes, atol=1e-6)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.2), (-0.8, 0.5)])
def test_centroid_is_where_the_core_is(shift):
    np.testing.assert_allclose(centroid(kernel_of(25, 2.2, shift=shift), 3.5), shift, atol=5e-3)
