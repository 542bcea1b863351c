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

import json

import numpy as np
import pytest
from small_networks import make_network, mix

from lsst.acn import InvalidNetworkError
from lsst.acn.methods.cross_exposure.network.weights import pack_network, unpack_network


def test_a_round_trip_through_json_keeps_every_bit():
    network = make_network()
    packed = json.loads(json.dumps(pack_network(network, {"seed": 3})))
    again = unpack_network(packed)
    assert (again.channels, again.dilations) == (8, (1,))
    np.testing.assert_array_equal(mix(again), mix(network))
    assert packed["provenance"] == {"seed": 3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("format"), "not a network that this version reads"),
        (lambda p: p.update(version=99), "version 99"),
        (lambda p: p.update(family={}), "another family"),
        (lambda p: p["weights"].pop(), "is damaged"),
        (lambda p: p["weights"].__setitem__(0, "%%%"), "is damaged"),
        (lambda p: p["weights"].__setitem__(1, p["weights"][1][:-8] + "AAAAAAA="), "is damaged"),
        (lambda p: p["architecture"].pop("dilations"), "is damaged"),
        (lambda p: p["architecture"].update(channels=9), "has weights of shapes"),
    ],
)
def test_damaged_or_foreign_networks_are_refused_by_name(change, message):
    packed = pack_network(make_network())
    change(packed)
    with pytest.raises(InvalidNetworkError, match=message) as caught:
        unpack_network(packed, "restoration_network of band r")
    assert "restoration_network of band r" in str(caught.value)


def test_eight_bits_keep_what_the_network_does():
    network = make_network()
    packed = json.loads(json.dumps(pack_network(network, precision="int8")))
    again = unpack_network(packed)
    for stored, weight in zip(again.weights, network.weights, strict=True):
        largest = np.abs(weight).reshape(-1, weight.shape[-1]).max(axis=0)
        assert (np.abs(stored - weight) <= 0.51 * largest / 127).all()
    np.testing.assert_allclose(mix(again), mix(network), atol=0.05)
    assert len(json.dumps(packed["weights"])) < 0.4 * len(json.dumps(pack_network(network)["weights"]))


def test_damaged_scales_are_refused():
    packed = pack_network(make_network(), precision="int8")
    packed["scales"].pop()
    with pytest.raises(InvalidNetworkError, match="is damaged"):
        unpack_network(packed)
