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

"""The libraries that formulas are tried with."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.stack import ExposureStack
from lsst.acn.methods.cross_exposure.family.exposure_sums import ExposureSums, make_sums
from lsst.acn.methods.cross_exposure.family.tile_exposures import TileExposures, tile_exposures

needs_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="Keras and a backend of it are not installed."
)

LIBRARIES: list[Any] = [
    pytest.param(numpy_arrays, id="numpy"),
    pytest.param(keras_arrays, id="keras", marks=needs_keras),
]
"""Functions that return array functions."""

libraries = pytest.mark.parametrize("library", LIBRARIES)


def sums_of(stack: ExposureStack, library: Callable[[], Any] = numpy_arrays) -> ExposureSums:
    """Return the sums over the exposures of a stack."""
    xp = library()
    exposures = tile_exposures(stack)
    return xp.run(make_sums, TileExposures(*map(xp.constant, exposures)))
