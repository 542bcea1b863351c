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

"""Small networks: one that mixes, one of the paper, and a few steps of training."""

import numpy as np
from small_fields import make_config, make_stack

from lsst.acn import Box
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE
from lsst.acn.methods.cross_exposure.network.mixing_network import N_FEATURES, MixingNetwork, weight_shapes
from lsst.acn.methods.cross_exposure.network.mixing_network import mix as mix_tiles
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.methods.paper.network import PaperNetwork

TILE = Box(4, 28, 8, 32)


def make_case(n=4, **changes):
    stack, _ = make_stack(n=n)
    config = make_config(**changes)
    network = PaperNetwork(config, len(stack))
    inputs = PatchInputs(stack, network.margin)
    model = ForwardModel(TILE.shape, stack.psf.size, keras_arrays())
    return network, inputs, model, inputs.batch([TILE], model)


def take_steps():
    """Return the losses of a few steps of training, from weights that are given."""
    from lsst.acn.machine.training_step import make_training_step
    from lsst.acn.methods.paper.training import make_optimizer

    network, inputs, model, batch = make_case()
    rng = np.random.default_rng(4)
    network.model.set_weights([0.1 * rng.random(w.shape) for w in network.model.get_weights()])
    step = make_training_step(
        network.model, make_optimizer(make_config()), lambda each: network.loss(model, each)
    )
    return [float(step(batch)) for _ in range(4)]


def make_network():
    rng = np.random.default_rng(1)
    shapes = weight_shapes(8, [1])
    return MixingNetwork(8, (1,), tuple(0.1 * rng.normal(size=shape).astype("f4") for shape in shapes))


def mix(network, xp=None):
    xp = numpy_arrays() if xp is None else xp
    rng = np.random.default_rng(2)
    features = rng.normal(size=(1, 12, 12, N_FEATURES)).astype("f4")
    members = rng.random((1, 12, 12, FAMILY_SIZE)).astype("f4")
    weights = [xp.constant(weight) for weight in network.weights]
    return xp.to_numpy(mix_tiles(xp, weights, network.dilations, xp.constant(features), xp.constant(members)))
