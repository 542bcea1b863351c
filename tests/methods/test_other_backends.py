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

"""What other backends make of the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from other_backends import OTHERS, run_elsewhere
from small_networks import make_network, mix, take_steps

from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.methods.cross_exposure.network.weights import pack_network, unpack_network


def outputs(packed: dict[str, Any]) -> dict[str, Any]:
    """Return what the backend of this process computes."""
    import keras

    mixed = mix(unpack_network(packed), keras_arrays())
    return {"backend": keras.config.backend(), "mixed": mixed.tolist(), "losses": take_steps()}


@pytest.fixture(scope="module")
def packed() -> dict[str, Any]:
    """A network, stored by TensorFlow."""
    return pack_network(make_network())


@pytest.fixture(scope="module")
def ours(packed: dict[str, Any]) -> dict[str, Any]:
    found = outputs(packed)
    assert found["backend"] == "tensorflow"
    return found


@pytest.fixture(scope="module", params=OTHERS)
def theirs(packed: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = run_elsewhere(request.param, "methods/test_other_backends.outputs", packed)
    assert found["backend"] == request.param
    return found


def test_weights_written_by_one_backend_are_read_by_another(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    np.testing.assert_allclose(theirs["mixed"], ours["mixed"], rtol=1e-5)


def test_other_backends_take_the_same_steps_as_tensorflow(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    np.testing.assert_allclose(theirs["losses"], ours["losses"], rtol=1e-4)
    assert ours["losses"][3] < ours["losses"][0]
