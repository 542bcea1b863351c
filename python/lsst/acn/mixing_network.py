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

"""The network that mixes a family of restorations pixel by pixel."""

from __future__ import annotations

__all__ = ("MixingNetwork",)

from collections.abc import Sequence
from typing import Any

import numpy as np

from .forward_model import ForwardModel
from .fourier import keras_transforms
from .huber_loss import masked_huber
from .nonnegative_family import FAMILY_SIZE, RestorationFamily
from .restoration_config import RestorationConfig

N_FEATURES = FAMILY_SIZE + 2
START_WEIGHTS = (-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0)
"""Logits of the members before training: the well-regularised ones lead."""

START_GATE = 3.0
"""Logit of the gate before training: open."""

MAX_GATE = 1.05


class MixingNetwork:
    """Per-pixel weights over a family of restorations, and one gate.

    A small residual network sees the members in units of the point-source
    noise, compressed by asinh, the matched-filter significance, and the
    effective area of the PSF.  Number, order and depth of the exposures do
    not enter otherwise, so that weights carry over from field to field.

    Parameters
    ----------
    config : `RestorationConfig`
        Uses ``cross_exposure`` and ``seed``.
    channels, blocks : `int`, optional
        Size of the network, if not that of the config.
    """

    def __init__(
        self, config: RestorationConfig, *, channels: int | None = None, blocks: int | None = None
    ) -> None:
        options = config.cross_exposure
        self.channels = options.channels if channels is None else channels
        self.blocks = options.blocks if blocks is None else blocks
        self.margin = 2 + 2 * self.blocks
        self._delta = options.huber_delta
        self.model = _build(self.channels, self.blocks, config.seed)

    def mix(self, features: Any, members: Any) -> Any:
        """Return the latent image.

        Parameters
        ----------
        features : tensor
            From `make_features`, shape ``(b, height, width, n_features)``.
        members : tensor
            The family, shape ``(b, height, width, n_members)``.

        Returns
        -------
        latent : tensor
            Non-negative, in the unit of ``members``, shape ``(b, height,
            width)``.
        """
        from keras import ops

        output = self.model(features)
        weights = ops.softmax(output[..., :-1], axis=-1)
        gate = MAX_GATE * ops.sigmoid(output[..., -1])
        return gate * ops.sum(weights * members, axis=-1)

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
        forward_model = ForwardModel((height, width), kernel_size, keras_transforms())
        model = forward_model.apply(self.mix(features, members), spectra)
        return masked_huber(data, model, root_weight, self._delta)


def make_features(family: RestorationFamily) -> np.ndarray:
    """Return what the network sees of a family.

    Parameters
    ----------
    family : `RestorationFamily`
        Restorations of some exposures.

    Returns
    -------
    features : `numpy.ndarray`
        Float32, shape ``(height, width, n_features)``.
    """
    area = np.full_like(family.significance, np.log(family.effective_area / 30.0))
    context = np.stack([np.arcsinh(family.significance), area], axis=-1)
    return np.concatenate([np.arcsinh(family.members), context], axis=-1).astype(np.float32)


def _build(channels: int, blocks: int, seed: int) -> Any:
    """Return a residual network from features to logits."""
    import keras

    seeds = iter(np.random.SeedSequence([seed, 3]).generate_state(2 * blocks + 1).tolist())

    def glorot() -> Any:
        return keras.initializers.GlorotUniform(seed=int(next(seeds)))

    layers = keras.layers
    features = keras.Input((None, None, N_FEATURES))
    hidden = layers.Conv2D(channels, 5, padding="same", activation="gelu", kernel_initializer=glorot())(
        features
    )
    for _ in range(blocks):
        around = layers.DepthwiseConv2D(5, padding="same", depthwise_initializer=glorot())(hidden)
        change = layers.Conv2D(channels, 1, activation="gelu", kernel_initializer=glorot())(around)
        hidden = layers.Add()([hidden, change])
    start = keras.ops.convert_to_tensor([*START_WEIGHTS, START_GATE], "float32")
    logits = layers.Conv2D(FAMILY_SIZE + 1, 1, kernel_initializer="zeros")(hidden)
    model = keras.Model(features, logits)
    model.layers[-1].bias.assign(start)
    return model
