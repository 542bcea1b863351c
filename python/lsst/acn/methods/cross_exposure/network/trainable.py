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

"""The mixing network with weights that Keras can train."""

from __future__ import annotations

__all__ = ("TrainableNetwork",)

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays.keras_arrays import keras_arrays
from ....forward.forward_model import ForwardModel
from ....forward.huber_loss import masked_huber
from .mixing_network import MixingNetwork, mix


class TrainableNetwork:
    """A network whose weights are variables of the Keras backend.

    Parameters
    ----------
    network : `MixingNetwork`
        Where the training begins.
    huber_delta : `float`
        Residual, in standard deviations, at which the loss turns from
        quadratic to linear.
    """

    def __init__(self, network: MixingNetwork, huber_delta: float) -> None:
        self._network, self._delta = network, huber_delta
        self._xp = keras_arrays()
        self.model = _hold_weights(network.weights)
        """What a training step changes (`keras.Model`)."""

    @property
    def margin(self) -> int:
        """How far the network sees on every side, in pixels (`int`)."""
        return self._network.margin

    def mix(self, features: Any, members: Any) -> Any:
        """Return the latent image.

        Parameters
        ----------
        features, members : tensor
            As `~lsst.acn.methods.cross_exposure.network.mixing_network.mix`
            takes them.

        Returns
        -------
        latent : tensor
            Shape ``(b, height, width)``.
        """
        weights = [variable.value for variable in self.model.trainable_variables]
        return mix(self._xp, weights, self._network.dilations, features, members)

    def loss(self, batch: Sequence[Any]) -> Any:
        """Return the loss on exposures that the family was not made from.

        Parameters
        ----------
        batch : `~collections.abc.Sequence`
            Features, members, held-out exposures, their inverse standard
            deviations and their PSF spectra.

        Returns
        -------
        loss : tensor
            Scalar.
        """
        features, members, data, root_weight, spectra = batch
        height, width = data.shape[-2:]
        kernel_size = members.shape[1] - height + 1
        forward_model = ForwardModel((height, width), kernel_size, self._xp)
        model = forward_model.apply(self.mix(features, members), spectra)
        return masked_huber(data, model, root_weight, self._delta)

    def trained(self) -> MixingNetwork:
        """Return the network as it is now.

        Returns
        -------
        network : `MixingNetwork`
            With weights of its own.
        """
        weights = tuple(np.asarray(weight, np.float32) for weight in self.model.get_weights())
        return MixingNetwork(self._network.channels, self._network.dilations, weights)


def _hold_weights(weights: Sequence[np.ndarray]) -> Any:
    """Return a Keras model that is nothing but its variables."""
    import keras

    class Weights(keras.Model):
        """Variables without layers."""

        def build(self, _: Any = None) -> None:
            for number, weight in enumerate(weights):
                self.add_weight(shape=weight.shape, initializer="zeros", name=f"weight_{number}")
            self.built = True

    model = Weights()
    model.build()
    model.set_weights(list(weights))
    return model
