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

"""Tests of functions that are compiled for restoring."""

from __future__ import annotations

import numpy as np
import pytest
from other_backends import OTHERS, run_elsewhere

from lsst.acn import RestorationConfig
from lsst.acn.machine.compiled_inference import compile_inference
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE
from lsst.acn.methods.cross_exposure.network.mixing_network import MIX_CHANNELS, N_FEATURES, MixingNetwork


@pytest.fixture(scope="module")
def network() -> MixingNetwork:
    return MixingNetwork(RestorationConfig(), channels=4, dilations=[1])


@pytest.mark.parametrize("shape", [(20, 24), (21, 24), (23, 25)])
def test_compiled_network_does_the_same_on_images_of_any_shape(
    network: MixingNetwork, shape: tuple[int, int]
):
    rng = np.random.default_rng(1)
    features = rng.random((1, *shape, N_FEATURES), np.float32)
    members = rng.random((1, *shape, FAMILY_SIZE), np.float32)
    latent = compile_inference(network.mix, MIX_CHANNELS)(features, members)
    assert isinstance(latent, np.ndarray)
    assert latent.shape == (1, *shape)
    np.testing.assert_allclose(latent, np.asarray(network.mix(features, members)), rtol=1e-4, atol=1e-5)


def test_network_sees_no_further_than_its_margin(network: MixingNetwork):
    rng = np.random.default_rng(2)
    features = rng.random((1, 60, 60, N_FEATURES), np.float32)
    members = rng.random((1, 60, 60, FAMILY_SIZE), np.float32)
    changed = features.copy()
    changed[:, 30, 31] += 1.0
    mix = compile_inference(network.mix, MIX_CHANNELS)
    y, x = np.nonzero((mix(changed, members) != mix(features, members))[0])
    assert 0 < np.abs(y - 30).max() <= network.margin
    assert 0 < np.abs(x - 31).max() <= network.margin


def trained_afterwards() -> list[list[float]]:
    """Return what a compiled model makes of an image before and after it learns, and what it should."""
    import keras

    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1)])
    compiled = compile_inference(lambda images: 2.0 * model(images), model=model)
    image = np.ones((1, 2, 2, 1), np.float32)
    found = []
    for weight in (1.0, 3.0):
        model.set_weights([np.full((1, 1, 1, 1), weight), np.zeros(1)])
        found.append(compiled(image).ravel().tolist())
    return found


def test_a_model_may_be_trained_after_it_was_compiled() -> None:
    assert trained_afterwards() == [[2.0] * 4, [6.0] * 4]


@pytest.mark.parametrize("backend", OTHERS)
def test_other_backends_see_what_was_trained_too(backend: str) -> None:
    found = run_elsewhere(backend, "machine/test_compiled_inference.trained_afterwards")
    assert found == [[2.0] * 4, [6.0] * 4]
