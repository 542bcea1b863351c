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

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.records.mask_fractions import mask_fractions

PLANES = {"NO_DATA": 0, "SAT": 1, "DETECTED": 5}
WEIGHTS = np.array([1.0, 2.0, 5.0])


def stack_of(bits: list[list[int]], valid: list[list[bool]]) -> ExposureStack:
    """Return a stack one row high."""
    ones = np.ones((3, 1, len(bits[0])))
    psf = np.repeat(gaussian_kernel(2.0, 5)[None], 3, axis=0)
    return ExposureStack.from_arrays(
        ones,
        ones,
        psf,
        valid=np.array(valid)[:, None],
        mask=np.array(bits, np.uint32)[:, None],
        mask_planes=PLANES,
    )


def test_share_is_that_of_the_weight_of_what_reaches_a_pixel() -> None:
    # Saturated; saturated, where another has no data; detected; nothing anywhere.
    bits = [[2, 2, 32, 1], [0, 0, 0, 1], [0, 1, 0, 1]]
    valid = [[False, False, True, False], [True, True, True, False], [True, False, True, False]]
    found = mask_fractions(stack_of(bits, valid), WEIGHTS, ["REJECTED", "SATURATED", "DETECTED", "CLIPPED"])
    assert list(found) == ["REJECTED", "SATURATED", "DETECTED", "CLIPPED"]
    np.testing.assert_allclose(found["REJECTED"], [[1 / 8, 1 / 3, 0, 0]])
    np.testing.assert_allclose(found["SATURATED"], [[1 / 8, 1 / 3, 0, 0]])
    np.testing.assert_allclose(found["DETECTED"], [[0, 0, 1 / 8, 0]])
    assert not found["CLIPPED"].any()
    assert {each.dtype for each in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["SAT", "SATURATED"])
def test_planes_have_the_names_of_either_package(name: str) -> None:
    bits, valid = [[2], [0], [0]], [[False], [True], [True]]
    assert mask_fractions(stack_of(bits, valid), WEIGHTS, [name])["SATURATED"].item() == pytest.approx(1 / 8)
