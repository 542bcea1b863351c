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

from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.coadd.outlier_limit import outlier_limit


def test_limit_grows_with_noise_and_with_the_model_of_either_sign() -> None:
    variance, model = np.float32([4.0, 4.0, 0.0]), np.float32([0.0, 8.0, -8.0])
    np.testing.assert_array_equal(
        outlier_limit(numpy_arrays(), variance, model), np.float32([12.0, 14.0, 2.0])
    )
