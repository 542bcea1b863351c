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

import base64
import hashlib
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
        (lambda p: p["architecture"].update(channels=20000), "channels must be whole numbers from 1 to 1024"),
        (lambda p: p["architecture"].update(channels=8.0), "channels must be whole numbers"),
        (lambda p: p["architecture"].update(channels=-8), "channels must be whole numbers"),
        (lambda p: p["architecture"].update(dilations=[2]), "do not match its checksum"),
        (lambda p: p["architecture"].update(dilations=[10**6]), "dilations must be whole numbers"),
        (lambda p: p["architecture"].update(dilations="1"), "dilations must be a list"),
        (lambda p: p["architecture"].update(dilations=[1] * 10**6), "a list of at most 64 numbers"),
        (lambda p: p.update(architecture=[8, [1]]), "is damaged"),
        (lambda p: p.update(shapes=7), "is damaged"),
        (lambda p: p.update(precision="float64"), "is damaged"),
        (lambda p: p.update(weights=None), "is damaged"),
        (lambda p: p.update(scales=["AACAPw=="]), "is damaged"),
        (lambda p: p["weights"].__setitem__(0, "A" * 10**6), "1000000 characters for an array of shape"),
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


@pytest.mark.parametrize("packed", [[1, 2], None, "network", 7.5])
def test_what_is_no_dictionary_is_refused(packed):
    with pytest.raises(InvalidNetworkError, match="is not a network, but a"):
        unpack_network(packed)


def test_networks_whose_checksum_leaves_out_the_architecture_are_read():
    network = make_network()
    packed = pack_network(network)
    digest = hashlib.sha256(b"".join(weight.tobytes() for weight in network.weights))
    again = unpack_network(packed | {"version": 4, "checksum": digest.hexdigest()})
    np.testing.assert_array_equal(mix(again), mix(network))


@pytest.mark.parametrize("size", [1, 7])
def test_scales_of_another_size_are_refused(size):
    packed = pack_network(make_network(), precision="int8")
    packed["scales"][0] = base64.b64encode(np.ones(size, "<f4").tobytes()).decode()
    with pytest.raises(InvalidNetworkError, match="is damaged"):
        unpack_network(packed)


def test_damaged_scales_are_refused():
    packed = pack_network(make_network(), precision="int8")
    packed["scales"].pop()
    with pytest.raises(InvalidNetworkError, match="is damaged"):
        unpack_network(packed)
