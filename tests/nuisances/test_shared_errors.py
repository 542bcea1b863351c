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


"""The error that exposures share."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import Box, gaussian_kernel
from lsst.acn.nuisances.corrections import PARAMETERS, ExposureCorrections
from lsst.acn.nuisances.kernel_changes import corrected_kernels
from lsst.acn.nuisances.shared_errors import shared_variance
from lsst.acn.nuisances.smooth_sky import SmoothSky

BOX = Box.from_shape((41, 41))


def corrections(**columns):
    """Return corrections of four exposures."""
    values = np.zeros((4, len(PARAMETERS)))
    for name, column in columns.items():
        values[:, PARAMETERS.index(name)] = column
    return ExposureCorrections(BOX, (1, 2, 3, 4), values, np.ones_like(values), SmoothSky.nothing(BOX))


def test_exposures_that_agree_share_nothing_that_is_not_known():
    assert not shared_variance(gaussian_kernel(4.0, 41), corrections(psf_width=[0.1, -0.1, 0, 0])).any()


@pytest.mark.parametrize(("name", "change"), [("shift_x", (1.0, 0.0)), ("shift_y", (0.0, 1.0))])
def test_a_star_may_be_where_the_mean_of_the_shifts_is(name, change):
    star = 1000 * gaussian_kernel(4.0, 41)
    variance = shared_variance(star, corrections(**{name: [0.1, -0.1, 0.1, -0.1]}))
    error = np.sqrt(4 / 3) * 0.1 / np.sqrt(4)
    moved = 1000 * corrected_kernels(star[None] / 1000, [[*np.multiply(change, error), 0, 0, 0]])[0]
    np.testing.assert_allclose(np.sqrt(variance).max(), np.abs(moved - star).max(), rtol=0.1)


def test_fluxes_are_as_uncertain_as_the_mean_of_the_scales():
    star = 1000 * gaussian_kernel(4.0, 41)
    variance = shared_variance(star, corrections(flux_scale=[0.02, -0.02, 0.02, -0.02]))
    np.testing.assert_allclose(np.sqrt(variance), np.sqrt(4 / 3) * 0.01 * star, rtol=1e-5, atol=1e-12)


def test_rows_of_a_tall_image_are_no_seam():
    image = np.random.default_rng(1).normal(size=(600, 9)).astype(np.float32)
    values = corrections(shift_x=[0.1, -0.1, 0, 0], shift_y=[0.2, 0, -0.2, 0])
    along_y, along_x = np.gradient(image)
    expected = (0.01 * along_x**2 + 0.04 * along_y**2) * (2 / 3) / 4
    np.testing.assert_allclose(shared_variance(image, values), expected, rtol=1e-4, atol=1e-7)
