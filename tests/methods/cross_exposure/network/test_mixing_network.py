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

"""The network that mixes restorations, by NumPy and by Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_libraries import libraries

from lsst.acn.arrays.namespace import Arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.cross_exposure.family.family import CONVERGED_MEMBER, FAMILY_SIZE, SHARP_MEMBER
from lsst.acn.methods.cross_exposure.network.mixing_network import (
    N_FEATURES,
    WIDE_REST,
    MixingNetwork,
    fresh_network,
    mix,
    weight_shapes,
)
from lsst.acn.methods.cross_exposure.network.shipped import shipped_network

NETWORK = fresh_network(4, [1], np.random.default_rng(0))


def mixed(xp: Arrays, network: MixingNetwork, features: np.ndarray, members: np.ndarray) -> Any:
    weights = [xp.constant(weight) for weight in network.weights]
    arrays = xp.constant(features), xp.constant(members)
    return xp.to_numpy(xp.run(run_mix, weights, *arrays, dilations=network.dilations))


def run_mix(xp: Arrays, weights: Any, features: Any, members: Any, *, dilations: Any) -> Any:
    return mix(xp, weights, dilations, features, members)


def draw(shape: tuple[int, int], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.random((1, *shape, N_FEATURES), np.float32)
    return features, rng.random((1, *shape, FAMILY_SIZE), np.float32)


@libraries
@pytest.mark.parametrize("shape", [(20, 24), (21, 24), (23, 25)])
def test_images_may_have_any_shape(library: Callable[[], Any], shape: tuple[int, int]) -> None:
    features, members = draw(shape)
    latent = mixed(library(), NETWORK, features, members)
    assert latent.shape == (1, *shape)
    assert latent.min() >= 0
    np.testing.assert_allclose(latent, mixed(numpy_arrays(), NETWORK, features, members), rtol=1e-5)


@libraries
def test_libraries_agree_on_the_shipped_network(library: Callable[[], Any]) -> None:
    rng = np.random.default_rng(3)
    members = rng.gamma(0.1, 30.0, (2, 61, 50, FAMILY_SIZE)).astype(np.float32)
    features = np.concatenate(
        [np.arcsinh(members), rng.normal(size=(2, 61, 50, N_FEATURES - FAMILY_SIZE))], -1
    )
    features = features.astype(np.float32)
    expected = mixed(numpy_arrays(), shipped_network(), features, members)
    found = mixed(library(), shipped_network(), features, members)
    assert np.abs(found - expected).max() < 1e-5 * expected.max()
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)


@libraries
def test_it_sees_no_further_than_its_margin(library: Callable[[], Any]) -> None:
    features, members = draw((60, 60), 2)
    changed = features.copy()
    changed[:, 30, 31] += 1.0
    xp = library()
    difference = mixed(xp, NETWORK, changed, members) != mixed(xp, NETWORK, features, members)
    y, x = np.nonzero(difference[0])
    assert 0 < np.abs(y - 30).max() <= NETWORK.margin
    assert 0 < np.abs(x - 31).max() <= NETWORK.margin


def test_the_member_that_has_converged_leads_where_light_is_bright() -> None:
    features, members = draw((12, 12))
    members[...] = 1e7
    members[..., CONVERGED_MEMBER] = 2e7
    latent = mixed(numpy_arrays(), NETWORK, features, members)
    np.testing.assert_allclose(latent, 2e7, rtol=1e-3)


def test_the_shipped_network_has_the_weights_of_its_architecture() -> None:
    network = shipped_network()
    assert [each.shape for each in network.weights] == weight_shapes(network.channels, network.dilations)
    assert network.n_parameters == sum(each.size for each in network.weights)


def test_a_fresh_network_favours_the_sharp_member_and_follows_its_stream() -> None:
    again = fresh_network(4, [1], np.random.default_rng(0))
    for one, other in zip(NETWORK.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert NETWORK.weights[-1].argmax() == SHARP_MEMBER
    assert np.abs(NETWORK.weights[0]).max() < np.sqrt(6 / (3 * (N_FEATURES + 4)))


@libraries
@pytest.mark.parametrize("shape", [(40, 40), (41, 50)])
def test_turned_and_flipped_images_are_mixed_alike(
    library: Callable[[], Any], shape: tuple[int, int]
) -> None:
    features, members = draw(shape, 4)
    xp, network = library(), shipped_network()
    expected = mixed(xp, network, features, members)
    for turns in range(4):
        for step in (1, -1):
            turned = (np.rot90(array, turns, (1, 2))[:, :, ::step].copy() for array in (features, members))
            found = mixed(xp, network, *turned)
            np.testing.assert_allclose(
                found, np.rot90(expected, turns, (1, 2))[:, :, ::step], rtol=2e-5, atol=1e-6
            )


def test_wide_light_is_not_gated_away() -> None:
    features, members = draw((12, 12))
    members[...] = 0.1
    weights = [*NETWORK.weights[:-1], NETWORK.weights[-1].copy()]
    weights[-1][-1] = -5.0
    closed = MixingNetwork(4, (1,), tuple(weights))
    for significance, least, most in ((0.0, 0.04, 0.07), (30.0, 0.93, 1.0)):
        features[..., WIDE_REST] = np.arcsinh(significance)
        share = mixed(numpy_arrays(), closed, features, members) / members[..., 0]
        assert least < share.min() <= share.max() < most
