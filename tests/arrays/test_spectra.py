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

"""Spectra that are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
from array_libraries import libraries
from scipy.ndimage import gaussian_filter

from lsst.acn.arrays.spectra import filter_spectrum, filtered, gaussian_spectrum, shift_to_origin

SHAPE = (40, 45)
IMAGE = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)


@libraries
@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_filters_are_those_of_scipy(library: Callable[[], Any], sigma: float) -> None:
    xp = library()
    found = xp.to_numpy(filtered(xp, xp.constant(IMAGE), xp.constant(filter_spectrum(SHAPE, sigma))))
    np.testing.assert_allclose(found, gaussian_filter(IMAGE, sigma, mode="wrap"), atol=1e-6)


def test_a_gaussian_has_the_variance_that_it_is_said_to_have() -> None:
    kernel = scipy.fft.fftshift(scipy.fft.irfft2(gaussian_spectrum(SHAPE, 4.0), s=SHAPE))
    assert kernel.sum() == pytest.approx(1.0, rel=1e-5)
    for axis, side in enumerate(SHAPE):
        places = np.arange(side) - side // 2
        assert kernel.sum(axis=1 - axis) @ places**2 == pytest.approx(4.0, rel=1e-3)


def test_phases_move_the_centre_of_a_kernel_to_the_origin() -> None:
    kernel = np.zeros(SHAPE)
    kernel[3, 3] = 1.0
    moved = scipy.fft.irfft2(scipy.fft.rfft2(kernel) * shift_to_origin(SHAPE, 3), s=SHAPE)
    assert np.unravel_index(moved.argmax(), SHAPE) == (0, 0)


def test_what_is_cached_cannot_be_changed() -> None:
    for spectrum in (gaussian_spectrum(SHAPE, 1.0), filter_spectrum(SHAPE, 1.0), shift_to_origin(SHAPE, 2)):
        with pytest.raises(ValueError, match="read-only"):
            spectrum[0, 0] = 2.0
