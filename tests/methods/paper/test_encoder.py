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
from array_libraries import needs_keras

from lsst.acn.methods.paper.encoder import PaperEncoder

pytestmark = needs_keras


def make_case(depth, n=3, sizes=(3, 5, 7), batch=2):
    import keras

    rng = np.random.default_rng(3)
    encoder = PaperEncoder(sizes, depth, n, lambda: keras.initializers.GlorotUniform(seed=1))
    for variable in encoder.model.variables:
        noise = 0.2 * rng.random(variable.shape)
        variable.assign(variable.value + noise.astype("f4"))
    # So that the last ReLU lets most of the image through.
    encoder.model.layers[-1].bias.assign([50.0])
    side = 10 + 2 * encoder.margin
    return encoder, rng.normal(1.0, 1.0, (batch, side, side + 3, n)).astype("f4")


def value_and_gradients(model, function):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        latent = function()
        direction = np.random.default_rng(9).normal(size=latent.shape).astype("f4")
        value = tf.reduce_sum(latent * direction)
    gradients = tape.gradient(value, [variable.value for variable in model.trainable_variables])
    return np.asarray(latent), [np.asarray(gradient) for gradient in gradients]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_fast_way_is_what_keras_computes(depth, training):
    encoder, exposures = make_case(depth)
    model = encoder.model
    before = model.get_weights()
    expected = value_and_gradients(model, lambda: model(exposures, training=training)[..., 0])
    moved = model.get_weights()
    model.set_weights(before)
    result = value_and_gradients(model, lambda: encoder.latent(exposures, training))
    assert expected[0].max() > 0
    np.testing.assert_allclose(result[0], expected[0], rtol=1e-4, atol=1e-4)
    for one, two in zip(result[1], expected[1], strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-3 * np.abs(two).max() + 1e-3)
    for one, two in zip(model.get_weights(), moved, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kernel_sizes", [(3,), (5, 3)])
def test_any_kernel_sizes_give_latent_images_of_one_shape(kernel_sizes):
    encoder, exposures = make_case(2, sizes=kernel_sizes)
    assert encoder.margin == 2 * (max(kernel_sizes) // 2)
    assert encoder.latent(exposures).shape == (2, 10, 13)
