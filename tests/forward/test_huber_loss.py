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

import numpy as np
import pytest

from lsst.acn.forward.huber_loss import masked_huber


def test_both_branches_and_the_mask_against_values_by_hand():
    data = np.array([[1.0, 5.0, -4.0, 100.0]], "f4")
    model = np.zeros_like(data)
    root_weight = np.array([[1.0, 1.0, 0.5, 0.0]], "f4")
    # 1/2 + 2 (5 - 1) + 2^2 / 2, over three valid pixels.
    expected = (0.5 + 8.0 + 2.0) / 3
    assert float(masked_huber(data, model, root_weight, 2.0)) == pytest.approx(expected, rel=1e-6)


def test_nothing_valid_gives_zero():
    data = np.ones((1, 4), "f4")
    assert float(masked_huber(data, 0 * data, 0 * data, 2.0)) == 0.0
