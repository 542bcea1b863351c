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
from noise_warps import two_exposures

from lsst.acn import ExposureStack
from lsst.acn.image_io import (
    CoaddInput,
    make_provenance,
)

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]


@pytest.fixture
def stack() -> ExposureStack:
    return two_exposures()


def test_provenance_tells_what_each_exposure_gave(stack: ExposureStack) -> None:
    table = make_provenance(stack, INPUTS).contributions
    assert [tuple(row) for row in table[table["visit"] == 2]["cell_i", "cell_j"]] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert np.count_nonzero(table["visit"] == 1) == 6
    corner = table[(table["visit"] == 2) & (table["cell_i"] == 0) & (table["cell_j"] == 0)][0]
    assert (corner["overlap_fraction"], corner["unmasked_fraction"]) == (1.0, 0.5)
    assert corner["weight"] == pytest.approx(1 / stack.variance[1, 10:20, :20].mean(), rel=1e-5)
    assert np.sqrt(corner["psf_shape_xx"]) == pytest.approx(4.0 / 2.3548, rel=0.02)
    assert not table["psf_shape_flag"].any()


def test_polygon_of_an_input_bounds_its_pixels(stack: ExposureStack) -> None:
    inputs = make_provenance(stack, INPUTS).inputs
    assert inputs["polygon"][1].area == 40 * 40
    assert inputs["polygon"][0].area == 40 * 60
