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

from lsst.acn.image_io.flux_scale import PointFluxScale


def test_scale_multiplies_what_the_psf_asks_for() -> None:
    scale = PointFluxScale(np.array([[1.02, 1.0]]), np.array([[0.01, 0.0]]))
    corrections = scale.times({"base_PsfFlux": 1.0, "base_GaussianFlux": np.array([[1.1, np.nan]])})
    assert corrections["base_PsfFlux_instFlux"].tolist() == [[1.02, 1.0]]
    np.testing.assert_allclose(corrections["base_GaussianFlux_instFlux"], [[1.122, np.nan]])
    np.testing.assert_allclose(corrections["base_GaussianFlux_instFluxErr"], [[0.011, np.nan]])
