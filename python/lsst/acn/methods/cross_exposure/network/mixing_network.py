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
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ..family.evidence import LIGHT_SCALES, REST_SCALES
from ..family.family import COMPACT_MEMBER, CONVERGED_MEMBER, FAMILY_SIZE, SHARP_MEMBER, RestorationFamily

N_FEATURES = FAMILY_SIZE + len(LIGHT_SCALES) + len(REST_SCALES) + 4

WIDE_REST = FAMILY_SIZE + len(LIGHT_SCALES) + len(REST_SCALES) - 1
"""Feature that tells faint and wide light, which sparse members leave out."""

START_WEIGHT = 2.0
"""Logit, before training, of the sharp member; those of the others are 0."""

START_BLOCK = 0.5
"""Factor, before training, of what each residual block adds."""

START_SCATTER = 0.01
"""Standard deviation of the weights of the last layer before training."""

FEATURE_AREA = 30.0
"""Effective area of a PSF, in pixels, whose feature is 0."""

MISFIT_FACTOR = 4.0
"""Factor of the misfit, whose logarithm is small where it begins to matter."""

LEAST_COVERAGE = 0.01
"""Coverage below which a pixel is as good as not seen."""

LEAD, LEAD_LIGHT = 2.0, 40.0
"""Where the compact member exceeds the second number, the odds of the one that
has converged grow with its third power to the first: bright stars are as sharp
as the data allow, whatever the network has learned."""

MOST_LIGHT = 1e6
"""Where light counts as no brighter, so that no power of it overflows."""

MOST_LOGIT = 50.0
"""Size that logits are cut off at: e to this power, times any light, is a float32."""

GATE_RANGE = (-3.0, 1.2)
"""Logarithms of the least and the largest gate."""

GATE_LIGHT = 3.0
"""Value of the compact member from which on the gate loses its say: the fluxes
of clear sources are those of the members."""

GATE_WIDE_LIGHT = 2.0
"""The same of the wide light that is left out, in its asinh: where it is
certain, faint light of low surface brightness is not gated away."""

TAPS = 3
"""Matrices of a symmetric kernel: centre, neighbours beside it, and at the corners."""

FIRST_DISTANCE = 1
"""Of the neighbours that the first layer sees, in pixels."""


@dataclasses.dataclass(frozen=True, eq=False)
class MixingNetwork:
    """Per-pixel weights over a family of restorations, and one gate.

    A small residual network of dilated convolutions sees the members in units
    of the point-source noise, compressed by asinh, the matched-filter
    significance, the effective area of the PSF, the coverage, and what the
    family's `~lsst.acn.methods.cross_exposure.family.evidence.Evidence` says of
    wide light and of misfit.  Number, order and depth of the exposures do not
    enter otherwise, so that weights carry over from field to field.  Whatever
    the weights, the latent image is a mixture of restorations that the
    exposures support: nothing else can appear in it.

    Kernels are as symmetric as a square: all neighbours beside the centre
    share one matrix, and so do those at the corners.  A flipped or turned
    field is restored as the field is.

    Parameters
    ----------
    channels : `int`
        Number of channels.
    dilations : `tuple` [`int`, ...]
        Dilation of each residual block.
    weights : `tuple` [`numpy.ndarray`, ...]
        Matrices and biases of each layer, float32, of `weight_shapes`.
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
    return FIRST_DISTANCE + sum(dilations)


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
        Of matrices and biases in turn: the first layer, two for each block,
        the logits.
    """
    shapes = [(TAPS, N_FEATURES, channels), (channels,)]
    for _ in dilations:
        shapes += [(TAPS, channels, channels), (channels,), (channels, channels), (channels,)]
    return [*shapes, (channels, FAMILY_SIZE + 1), (FAMILY_SIZE + 1,)]


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
    for last in weights[4:-2:4]:
        # Blocks begin by changing little.
        last *= START_BLOCK
    weights[-2] = rng.normal(0.0, START_SCATTER, weights[-2].shape).astype(np.float32)
    weights[-1][SHARP_MEMBER] = START_WEIGHT
    return MixingNetwork(channels, tuple(dilations), tuple(weights))


def _fresh_weight(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if len(shape) == 1:
        return np.zeros(shape, np.float32)
    limit = math.sqrt(6.0 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    weight = rng.uniform(-limit, limit, shape).astype(np.float32)
    if len(shape) == 3:
        # Sums of four neighbours have twice the scatter of one pixel.
        weight[1:] *= 0.5
    return weight


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
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    first, last = layers[0], layers[-1]
    blocks = zip(layers[1:-1:2], layers[2:-1:2], dilations, strict=True)

    def see(features: Any) -> Any:
        return _rectified(xp, features, *first, FIRST_DISTANCE)

    hidden = xp.by_strips(see, FIRST_DISTANCE, features)
    for seeing, thinking, distance in blocks:
        look = functools.partial(_add_block, xp, seeing, thinking, distance)
        hidden = xp.by_strips(look, distance, hidden, hidden)

    def mix_pixels(hidden: Any, features: Any, members: Any) -> Any:
        return _mixed(xp, xp.matmul(hidden, last[0]) + last[1], features[..., WIDE_REST], members)

    return xp.by_strips(mix_pixels, 0, hidden, features, members)


def _add_block(
    xp: Arrays, seeing: tuple[Any, Any], thinking: tuple[Any, Any], distance: int, around: Any, hidden: Any
) -> Any:
    """Return channels and what a residual block, which sees around them, adds."""
    return hidden + xp.matmul(_rectified(xp, around, *seeing, distance), thinking[0]) + thinking[1]


def _rectified(xp: Arrays, images: Any, kernel: Any, bias: Any, distance: int) -> Any:
    return xp.maximum(xp.convolve_symmetric(images, kernel, distance) + bias, np.float32(0.0))


def _mixed(xp: Arrays, output: Any, wide_rest: Any, members: Any) -> Any:
    """Return the mixture by logits of the members and the logarithm of the gate."""
    compact = members[..., COMPACT_MEMBER]
    most = np.float32(MOST_LIGHT)
    lead = np.float32(LEAD) * xp.log1p(xp.minimum(compact / np.float32(LEAD_LIGHT), most) ** 3)
    ones = np.ones(FAMILY_SIZE, np.float32)
    others, most_logit = (
        xp.constant(ones - np.eye(FAMILY_SIZE)[CONVERGED_MEMBER].astype("f4")),
        np.float32(MOST_LOGIT),
    )
    ones = xp.constant(ones)
    # What leads is not raised, but all others are lowered: nothing overflows.
    odds = xp.exp(xp.clip(output[..., :-1], -most_logit, most_logit) - lead[..., None] * others)
    mixed = xp.matmul(odds * members, ones) / xp.matmul(odds, ones)
    wide = xp.clip(wide_rest / np.float32(GATE_WIDE_LIGHT), np.float32(0.0), most)
    light = xp.minimum(compact / np.float32(GATE_LIGHT), most)
    freedom = 1.0 / (1.0 + light**2 + wide**4)
    gate = xp.exp(xp.clip(output[..., -1], *map(np.float32, GATE_RANGE)))
    return (1.0 + freedom * (gate - 1.0)) * mixed


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
    evidence = family.evidence
    planes = [
        xp.arcsinh(family.significance),
        xp.zeros_like(family.significance) + xp.log(family.effective_area / np.float32(FEATURE_AREA)),
        np.float32(MISFIT_FACTOR) * evidence.misfit,
        xp.log(xp.maximum(family.coverage, np.float32(LEAST_COVERAGE))),
    ]
    parts = (xp.arcsinh(family.members), xp.arcsinh(evidence.light), xp.arcsinh(evidence.rest))
    return xp.concatenate([*parts, xp.stack(planes, axis=-1)], axis=-1)


def mix_family(
    xp: Arrays, family: RestorationFamily, weights: Sequence[Any], dilations: Sequence[int]
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

    Returns
    -------
    latent : array
        In the unit of the family, shape ``(height, width)``.
    """
    return mix(xp, weights, dilations, make_features(xp, family)[None], family.members[None])[0]
