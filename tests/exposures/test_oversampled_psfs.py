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

"""Oversampled kernels, as pixels see them wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest
from dithered_fields import kernel_of, pixel_light

from lsst.acn.exposures.oversampled_psfs import resampled_kernels
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA


@pytest.mark.parametrize("oversampling", [3, 4, 5])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_pixels_see_the_integral_over_their_area(oversampling, factor):
    """Of an even factor, the middle of a pixel is half a sample beyond the lower of the two next to it."""
    fwhm = 1.2
    found = resampled_kernels(kernel_of(fwhm, oversampling)[None], oversampling, factor)[0]
    radius = len(found) // 2
    places = (np.arange(-radius, radius + 1) + (0.5 if factor == 2 else 0.0)) / factor
    profile = pixel_light(places, fwhm / FWHM_PER_SIGMA)
    expected = np.outer(profile, profile)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=2e-5 * found.max())


def test_kernels_that_are_missing_stay_so():
    kernels = np.array([[kernel_of(1.5), np.full_like(kernel_of(1.5), np.nan)]])
    found = resampled_kernels(kernels, 4, 2)
    assert found[0, 0].sum() == pytest.approx(1.0, abs=1e-5)
    assert np.isnan(found[0, 1]).all()
