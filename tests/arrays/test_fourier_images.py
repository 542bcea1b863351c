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

"""Convolution and finer sampling, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from lsst.acn.arrays.fourier_images import convolved, sampled_finer


@pytest.mark.parametrize("types", [("f4", "f4"), ("f4", "f8"), ("f8", "f8")])
@pytest.mark.parametrize("shapes", [((100, 73), (11, 11)), ((64, 80), (4, 9))])
def test_convolution_is_that_of_scipy_to_the_last_bit(
    types: tuple[str, str], shapes: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    rng = np.random.default_rng(1)
    image, kernel = (rng.normal(size=shape).astype(kind) for shape, kind in zip(shapes, types, strict=True))
    expected = scipy.signal.fftconvolve(image, kernel, "same")
    found = convolved(image, kernel)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("side", [11, 12, 41])
@pytest.mark.parametrize("factor", [2, 4])
def test_finer_sampling_is_that_of_scipy_to_the_last_bit(side: int, factor: int) -> None:
    image = np.random.default_rng(2).normal(size=(side, side))
    once = scipy.signal.resample(image, factor * side, axis=0)
    np.testing.assert_array_equal(
        sampled_finer(image, factor), scipy.signal.resample(once, factor * side, axis=1)
    )
