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
from small_networks import TILE, make_case

from lsst.acn.methods.paper.encoder import encoder_radius

pytestmark = needs_keras


def test_the_encoder_is_the_papers():
    network, *_ = make_case()
    kinds = [type(layer).__name__ for layer in network.encoder.layers]
    assert kinds.count("DepthwiseConv2D") == 2
    assert kinds.count("BatchNormalization") == 2
    assert kinds[-1] == "Conv2D"
    # Two depthwise layers with bias, two batch normalisations, one pointwise.
    n = 4
    assert network.encoder.count_params() == n * (9 + 1 + 25 + 1) + 2 * 4 * n + 2 * n + 1


@pytest.mark.parametrize("depth", [1, 2])
def test_the_receptive_field_is_as_stated(depth):
    network, _, _, batch = make_case(paper__network__depth=depth)
    exposures = batch[0]
    assert network.margin == encoder_radius([3, 5], depth) == 2 * depth
    changed = exposures.copy()
    changed[:, 0, 0] += 100.0
    difference = np.asarray(network.encode(changed)) - np.asarray(network.encode(exposures))
    rows, columns = np.nonzero(np.abs(difference[0]))
    assert rows.max(initial=0) == 0
    assert columns.max(initial=0) == 0


@pytest.mark.parametrize("seed", range(10))
def test_it_begins_as_the_coadd_whatever_the_seed(seed):
    network, inputs, *_ = make_case(n=8, seed=seed)
    network.start(inputs, [TILE])
    box = TILE.grown_by(inputs.psf.radius)
    latent = np.asarray(network.encode(inputs.encoder_input(box)[None]))[0]
    coadd = inputs.coadd(box)
    assert np.corrcoef(latent.ravel(), coadd.ravel())[0, 1] > 0.8
    assert latent.sum() == pytest.approx(coadd.clip(0).sum(), rel=0.2)


def test_gradients_agree_with_finite_differences():
    import tensorflow as tf

    network, inputs, model, batch = make_case()
    network.start(inputs, [TILE])
    weights = network.model.trainable_variables
    with tf.GradientTape() as tape:
        loss = network.loss(model, [tf.constant(array) for array in batch])
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    rng = np.random.default_rng(0)
    for weight, gradient in zip(weights, gradients, strict=True):
        direction = rng.normal(size=weight.shape).astype("f4")
        slope = float(np.vdot(np.asarray(gradient), direction))
        step = 1e-3 / max(1.0, float(np.abs(direction).max()))
        values = np.asarray(weight.value)
        losses = []
        for sign in (1, -1):
            weight.assign(values + sign * step * direction)
            losses.append(float(network.loss(model, batch)))
        weight.assign(values)
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(slope, rel=0.05, abs=2e-3)
