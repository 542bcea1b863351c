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

__all__ = (
    "MixingNetwork",
    "fresh_network",
    "make_features",
    "mix",
    "mix_family",
    "network_margin",
    "weight_shapes",
)

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ..family.family import FAMILY_SIZE, SHARP_MEMBER, RestorationFamily

N_FEATURES = FAMILY_SIZE + 2

START_WEIGHT = 2.0
"""Logit, before training, of the sharp member; those of the others are 0."""

START_SCATTER = 0.01
"""Standard deviation of the weights of the last layer before training."""

COMPACT_MEMBER = FAMILY_SIZE - 1
"""The sparse and slightly smoothed member, which has light where there are
sources and nowhere else."""

FEATURE_AREA = 30.0
"""Effective area of a PSF, in pixels, whose feature is 0."""

LEAD, LEAD_LIGHT = 2.0, 40.0
"""Where the compact member exceeds the second number, the odds of the sharp
one grow with its third power to the first: bright stars are as sharp as the
data allow, whatever the network has learned."""

MOST_LOGIT = 60.0
"""Size that logits are cut off at: e to this power is a float32."""

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


@dataclasses.dataclass(frozen=True, eq=False)
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
    channels : `int`
        Number of channels.
    dilations : `tuple` [`int`, ...]
        Dilation of each residual block.
    weights : `tuple` [`numpy.ndarray`, ...]
        Kernel and bias of each layer, float32, of `weight_shapes`.
    """

    channels: int
    dilations: tuple[int, ...]
    weights: tuple[np.ndarray, ...]

    @property
    def margin(self) -> int:
        """How far the network sees on every side, in pixels (`int`)."""
        return network_margin(self.dilations)

    @property
    def n_parameters(self) -> int:
        """Number of weights (`int`)."""
        return sum(weight.size for weight in self.weights)


def network_margin(dilations: Sequence[int]) -> int:
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


def weight_shapes(channels: int, dilations: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the shapes of the weights of a network, layer by layer.

    Parameters
    ----------
    channels : `int`
        Number of channels.
    dilations : `~collections.abc.Sequence` [`int`]
        Dilation of each residual block.

    Returns
    -------
    shapes : `list` [`tuple` [`int`, ...]]
        Of a kernel and its biases in turn: the first layer, the blocks, the
        way back to full resolution, the look at full resolution, the logits.
    """
    shapes = [(FIRST_KERNEL, FIRST_KERNEL, N_FEATURES, channels), (channels,)]
    for _ in dilations:
        shapes += [(KERNEL, KERNEL, channels, channels), (channels,)]
    shapes += [(FIRST_KERNEL, FIRST_KERNEL, HEAD_CHANNELS, channels), (HEAD_CHANNELS,)]
    shapes += [(KERNEL, KERNEL, N_FEATURES, HEAD_CHANNELS), (HEAD_CHANNELS,)]
    return [*shapes, (1, 1, HEAD_CHANNELS, FAMILY_SIZE + 1), (FAMILY_SIZE + 1,)]


def fresh_network(channels: int, dilations: Sequence[int], rng: np.random.Generator) -> MixingNetwork:
    """Return a network that has not been trained.

    Parameters
    ----------
    channels : `int`
        Number of channels.
    dilations : `~collections.abc.Sequence` [`int`]
        Dilation of each residual block.
    rng : `numpy.random.Generator`
        Draws the weights: Glorot-uniform, and small ones in the last layer.

    Returns
    -------
    network : `MixingNetwork`
        It favours the sharp member.
    """
    weights = [_fresh_weight(shape, rng) for shape in weight_shapes(channels, dilations)]
    weights[-2] = rng.normal(0.0, START_SCATTER, weights[-2].shape).astype(np.float32)
    weights[-1][SHARP_MEMBER] = START_WEIGHT
    return MixingNetwork(channels, tuple(dilations), tuple(weights))


def _fresh_weight(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if len(shape) == 1:
        return np.zeros(shape, np.float32)
    limit = math.sqrt(6.0 / (math.prod(shape[:2]) * (shape[2] + shape[3])))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def mix(xp: Arrays, weights: Sequence[Any], dilations: Sequence[int], features: Any, members: Any) -> Any:
    """Return the latent image that a network makes of a family.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    weights : `~collections.abc.Sequence` [array]
        Of `weight_shapes`.
    dilations : `~collections.abc.Sequence` [`int`]
        Dilation of each residual block.
    features : array
        From `make_features`, shape ``(b, height, width, n_features)``.
    members : array
        The family, shape ``(b, height, width, n_members)``.

    Returns
    -------
    latent : array
        Non-negative, in the unit of ``members``, shape ``(b, height, width)``.
    """
    output = _logits(xp, weights, dilations, features)
    compact = members[..., COMPACT_MEMBER]
    lead = np.float32(LEAD) * xp.log1p((compact / np.float32(LEAD_LIGHT)) ** 3)
    ones = np.ones(FAMILY_SIZE, np.float32)
    others, most_logit = (
        xp.constant(ones - np.eye(FAMILY_SIZE)[SHARP_MEMBER].astype("f4")),
        np.float32(MOST_LOGIT),
    )
    ones = xp.constant(ones)
    # What leads is not raised, but all others are lowered: nothing overflows.
    odds = xp.exp(xp.clip(output[..., :-1], -most_logit, most_logit) - lead[..., None] * others)
    mixed = xp.matmul(odds * members, ones) / xp.matmul(odds, ones)
    freedom = 1.0 / (1.0 + (compact / np.float32(GATE_LIGHT)) ** 2)
    gate = xp.exp(xp.clip(output[..., -1], *map(np.float32, GATE_RANGE)))
    return (1.0 + freedom * (gate - 1.0)) * mixed


def _logits(xp: Arrays, weights: Sequence[Any], dilations: Sequence[int], features: Any) -> Any:
    """Return the logits of the members, and the logarithm of the gate."""
    layers = iter(zip(weights[::2], weights[1::2], strict=True))

    hidden = xp.convolve_channels(features, *next(layers), stride=STRIDE, activate=True)
    for dilation in dilations:
        hidden = hidden + xp.convolve_channels(hidden, *next(layers), dilation=dilation, activate=True)
    # Odd heights and widths are a pixel larger after halving and doubling.
    far = xp.spread_channels(hidden, *next(layers), STRIDE)[:, : features.shape[1], : features.shape[2]]
    near = xp.convolve_channels(features, *next(layers))
    return xp.convolve_channels(xp.gelu(far + near), *next(layers))


def make_features(xp: Arrays, family: RestorationFamily) -> Any:
    """Return what the network sees of a family.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    family : `RestorationFamily`
        Restorations of some exposures.

    Returns
    -------
    features : array
        Shape ``(height, width, n_features)``.
    """
    area = xp.zeros_like(family.significance) + xp.log(family.effective_area / np.float32(FEATURE_AREA))
    context = xp.stack([xp.arcsinh(family.significance), area], axis=-1)
    return xp.concatenate([xp.arcsinh(family.members), context], axis=-1)


def mix_family(
    xp: Arrays,
    family: RestorationFamily,
    weights: Sequence[Any],
    dilations: Sequence[int],
    phase: tuple[int, int],
) -> Any:
    """Return the latent image that a network makes of the family of a tile.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    family : `RestorationFamily`
        Restorations of the exposures of the tile.
    weights : `~collections.abc.Sequence` [array]
        Of `weight_shapes`.
    dilations : `~collections.abc.Sequence` [`int`]
        Dilation of each residual block.
    phase : `tuple` [`int`, `int`]
        Rows and columns by which the tile begins after a block of pixels, so
        that blocks are the same whatever the tiles.

    Returns
    -------
    latent : array
        In the unit of the family, shape ``(height, width)``.
    """
    features, members = (
        _extended(xp, planes, phase) for planes in (make_features(xp, family), family.members)
    )
    latent = mix(xp, weights, dilations, features[None], members[None])[0]
    return latent[phase[0] :, phase[1] :]


def _extended(xp: Arrays, planes: Any, phase: tuple[int, int]) -> Any:
    """Return planes whose first rows and columns are repeated."""
    rows, columns = phase
    if rows:
        planes = xp.concatenate([*[planes[:1]] * rows, planes], axis=0)
    if columns:
        planes = xp.concatenate([*[planes[:, :1]] * columns, planes], axis=1)
    return planes
