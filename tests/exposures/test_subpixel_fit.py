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

"""PSFs that are known through their pixels only."""

from __future__ import annotations

import numpy as np
import pytest
from dithered_fields import pixel_light

from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.exposures.subpixel_fit import FIT_OVERSAMPLING, fit_subpixels


@pytest.mark.parametrize(("y", "x"), [(0.0, 0.0), (0.3, -0.4)])
def test_a_fit_is_a_psf_that_pixels_see_as_the_kernel(y, x):
    places = np.arange(-7, 8)
    sigma = 1.3 / FWHM_PER_SIGMA
    kernel = np.outer(pixel_light(places - y, sigma), pixel_light(places - x, sigma))
    finer = fit_subpixels(kernel)
    assert finer.min() >= 0
    assert finer.sum() == pytest.approx(1.0, abs=1e-5)
    seen = finer.reshape(15, FIT_OVERSAMPLING, 15, FIT_OVERSAMPLING).sum(axis=(1, 3))
    np.testing.assert_allclose(seen, kernel, atol=0.005 * kernel.max())
    middles = (np.arange(45) - 22) / FIT_OVERSAMPLING
    truth = np.outer(pixel_light(middles - y, sigma, 1 / 3), pixel_light(middles - x, sigma, 1 / 3))
    np.testing.assert_allclose(finer, truth, atol=0.05 * truth.max())
