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

__all__ = ("MixingNetwork", "make_features")

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays.namespace import keras_transforms
from ....exposures.random_streams import random_stream
from ....forward.forward_model import ForwardModel
from ....forward.huber_loss import masked_huber
from ....restoration_config import RestorationConfig
from ..family.family import FAMILY_SIZE, SHARP_MEMBER, RestorationFamily

N_FEATURES = FAMILY_SIZE + 2
MIX_CHANNELS = (N_FEATURES, FAMILY_SIZE)
"""Channels of what `MixingNetwork.mix` takes."""

START_WEIGHT = 2.0
"""Logit, before training, of the sharp member; those of the others are 0."""

COMPACT_MEMBER = FAMILY_SIZE - 1
"""The sparse and slightly smoothed member, which has light where there are
sources and nowhere else."""

FEATURE_AREA = 30.0
"""Effective area of a PSF, in pixels, whose feature is 0."""

LEAD, LEAD_LIGHT = 2.0, 40.0
"""Where the compact member exceeds the second number, the odds of the sharp
one grow with its third power to the first: bright stars are as sharp as the
data allow, whatever the network has learned."""

GATE_RANGE = (-3.0, 1.2)
"""Logarithms of the least and the largest gate."""

GATE_LIGHT = 3.0
"""Value of the compact member from which on the gate loses its say: the fluxes
of clear sources are those of the members."""

STRIDE = 2
"""Side in pixels of the blocks that all but the last layers see as one."""

FIRST_KERNEL, KERNEL = 4, 3
"""Sides of the first and of all other convolutions."""

HEAD_CHANNELS = 16
"""Channels at full resolution, in front of the logits."""


class MixingNetwork:
    """Per-pixel weights over a family of restorations, and one gate.

    A small residual network of dilated convolutions, at half the resolution
    and so with a wide view at a low price, sees the members in units of the
    point-source noise, compressed by asinh, the matched-filter
    significance, and the effective area of the PSF.  Number, order and depth
    of the exposures do not enter otherwise, so that weights carry over from
    field to field.  Whatever the weights, the latent image is a mixture of
    restorations that the exposures support: nothing else can appear in it.

    Parameters
    ----------
    config : `RestorationConfig`
        Uses ``cross_exposure`` and ``seed``.
    channels : `int`, optional
        Number of channels, if not that of the config.
    dilations : `~collections.abc.Sequence` [`int`], optional
        Dilation of each residual block, if not those of the config.
    """

    def __init__(
        self,
        config: RestorationConfig,
        *,
        channels: int | None = None,
        dilations: Sequence[int] | None = None,
    ) -> None:
        options = config.cross_exposure
        self.channels = options.channels if channels is None else channels
        self.dilations = tuple(options.dilations if dilations is None else dilations)
        self.margin = self.margin_of(self.dilations)
        self._delta = options.huber_delta
        self.model = _build(self.channels, self.dilations, config.seed)

    @staticmethod
    def margin_of(dilations: Sequence[int]) -> int:
        """Return how far a network sees on every side.

        Parameters
        ----------
        dilations : `~collections.abc.Sequence` [`int`]
            Dilation of each residual block.

        Returns
        -------
        margin : `int`
            In pixels.
        """
        return STRIDE * (KERNEL // 2) * sum(dilations) + FIRST_KERNEL

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
        compact = members[..., COMPACT_MEMBER]
        lead = LEAD * ops.log1p((compact / LEAD_LIGHT) ** 3)
        sharp = ops.one_hot(SHARP_MEMBER, FAMILY_SIZE, dtype="float32")
        weights = ops.softmax(output[..., :-1] + lead[..., None] * sharp, axis=-1)
        freedom = 1.0 / (1.0 + (compact / GATE_LIGHT) ** 2)
        gate = 1.0 + freedom * (ops.exp(ops.clip(output[..., -1], *GATE_RANGE)) - 1.0)
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
    area = np.full_like(family.significance, np.log(family.effective_area / FEATURE_AREA))
    context = np.stack([np.arcsinh(family.significance), area], axis=-1)
    return np.concatenate([np.arcsinh(family.members), context], axis=-1).astype(np.float32)


def _build(channels: int, dilations: tuple[int, ...], seed: int) -> Any:
    """Return a residual network from features to logits."""
    import keras

    seeds = random_stream(seed, "mixing network", "weights")
    layers = keras.layers

    def options(activation: str | None = "gelu") -> dict[str, Any]:
        start = keras.initializers.GlorotUniform(seed=int(seeds.integers(2**32)))
        return {"padding": "same", "activation": activation, "kernel_initializer": start}

    features = keras.Input((None, None, N_FEATURES))
    hidden = layers.Conv2D(channels, FIRST_KERNEL, strides=STRIDE, **options())(features)
    for dilation in dilations:
        block = layers.Conv2D(channels, KERNEL, dilation_rate=dilation, **options())
        hidden = layers.Add()([hidden, block(hidden)])
    far = layers.Conv2DTranspose(HEAD_CHANNELS, FIRST_KERNEL, strides=STRIDE, **options(None))(hidden)
    near = layers.Conv2D(HEAD_CHANNELS, KERNEL, **options(None))(features)
    # Odd heights and widths are a pixel larger after halving and doubling.
    far = layers.Lambda(_cut_to, output_shape=(None, None, HEAD_CHANNELS))([far, near])
    hidden = layers.Activation("gelu")(layers.Add()([far, near]))
    small = keras.initializers.RandomNormal(stddev=0.01, seed=int(seeds.integers(2**32)))
    model = keras.Model(features, layers.Conv2D(FAMILY_SIZE + 1, 1, kernel_initializer=small)(hidden))
    start = np.zeros(FAMILY_SIZE + 1, np.float32)
    start[SHARP_MEMBER] = START_WEIGHT
    model.layers[-1].bias.assign(start)
    return model


def _cut_to(images: Sequence[Any]) -> Any:
    """Return the first image on the pixels of the second."""
    from keras import ops

    image, other = images
    return image[:, : ops.shape(other)[1], : ops.shape(other)[2]]
