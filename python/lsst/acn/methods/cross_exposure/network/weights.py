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

"""Trained weights as plain data: no pickle, no executable layers."""

from __future__ import annotations

__all__ = ("pack_network", "unpack_network")

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....errors import InvalidNetworkError
from ..family.family import COMPLETED, CONVERGED, SHARP_PATH, SMOOTHED, SPARSE_STAGE, WIENER_POWERS
from ..family.first_model import FIRST_PASS
from ..family.sampling import SAMPLING_VARIANCE
from .mixing_network import MixingNetwork, weight_shapes

FORMAT = "lsst.acn.mixing_network"
VERSION = 4
PRECISIONS = {"float32": "<f4", "float16": "<f2", "int8": "i1"}
LARGEST = 127
"""What the largest weight of an output channel becomes in 8 bits."""


def pack_network(
    network: MixingNetwork, provenance: Mapping[str, Any] | None = None, *, precision: str = "float32"
) -> dict[str, Any]:
    """Return a network as a dictionary of plain values.

    Parameters
    ----------
    network : `MixingNetwork`
        The trained network.
    provenance : `~collections.abc.Mapping`, optional
        Where the weights come from, in plain values.
    precision : `str`, optional
        ``float32`` keeps every bit; ``float16`` takes half the room, and
        ``int8``, with one scale for each output channel, a quarter.

    Returns
    -------
    packed : `dict`
        What JSON and YAML can hold: architecture, the family of restorations
        that the network mixes, weights in base64, a checksum, and the
        provenance.
    """
    weights, scales = _encode(network.weights, precision)
    return {
        "format": FORMAT,
        "version": VERSION,
        "architecture": {"channels": network.channels, "dilations": list(network.dilations)},
        "family": _family(),
        "precision": precision,
        "shapes": [list(weight.shape) for weight in weights],
        "weights": _as_text(weights),
        "scales": _as_text(scales),
        "checksum": _checksum([*weights, *scales]),
        "provenance": dict(provenance or {}),
    }


def unpack_network(packed: Mapping[str, Any], name: str = "restoration_network") -> MixingNetwork:
    """Return the network that a dictionary holds.

    Parameters
    ----------
    packed : `~collections.abc.Mapping`
        From `pack_network`, whichever Keras backend it was made with.
    name : `str`, optional
        What to call the network in errors.

    Returns
    -------
    network : `MixingNetwork`
        With the stored weights.

    Raises
    ------
    InvalidNetworkError
        Raised if the dictionary is not a network, is damaged, or belongs to
        another family of restorations.
    """
    if packed.get("format") != FORMAT or packed.get("version") != VERSION:
        raise InvalidNetworkError(
            f"{name} is not a network that this version reads: format {packed.get('format')!r}, "
            f"version {packed.get('version')!r}; wanted {FORMAT!r}, version {VERSION}."
        )
    if packed.get("family") != _family():
        raise InvalidNetworkError(
            f"{name} was trained to mix another family of restorations: {packed.get('family')}, "
            f"not {_family()}."
        )
    try:
        weights = _decode(packed["shapes"], packed["weights"], PRECISIONS[packed["precision"]])
        scales = [np.frombuffer(base64.b64decode(text, validate=True), "<f4") for text in packed["scales"]]
        channels = int(packed["architecture"]["channels"])
        dilations = [int(dilation) for dilation in packed["architecture"]["dilations"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidNetworkError(f"{name} is damaged: {error!r}.") from error
    stored = [*weights, *scales]
    if _checksum(stored) != packed.get("checksum") or not all(np.isfinite(each).all() for each in stored):
        raise InvalidNetworkError(f"{name} is damaged: its weights do not match its checksum.")
    expected = weight_shapes(channels, dilations)
    if expected != [weight.shape for weight in weights]:
        raise InvalidNetworkError(
            f"{name} has weights of shapes {[w.shape for w in weights]}, not {expected}."
        )
    values = [weight.astype(np.float32) for weight in weights]
    if scales:
        values = [weight * scale for weight, scale in zip(values, scales, strict=True)]
    return MixingNetwork(channels, tuple(dilations), tuple(values))


def _encode(weights: Sequence[np.ndarray], precision: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return weights as they are stored, and the scales of their channels."""
    kind = PRECISIONS[precision]
    if kind != "i1":
        return [np.asarray(weight, kind) for weight in weights], []
    scales = [np.abs(weight).reshape(-1, weight.shape[-1]).max(axis=0) / LARGEST for weight in weights]
    # A channel of zeros stays one.
    scales = [np.where(scale > 0, scale, 1.0).astype("<f4") for scale in scales]
    return [
        np.rint(weight / scale).astype(kind) for weight, scale in zip(weights, scales, strict=True)
    ], scales


def _as_text(arrays: Sequence[np.ndarray]) -> list[str]:
    return [base64.b64encode(array.tobytes()).decode("ascii") for array in arrays]


def _decode(shapes: Sequence[Sequence[int]], weights: Sequence[str], dtype: str) -> list[np.ndarray]:
    return [
        np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)
        for shape, text in zip(shapes, weights, strict=True)
    ]


def _checksum(weights: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _family() -> dict[str, Any]:
    """Return what defines the family of restorations that is mixed."""
    return {
        "sampling_variance": round(SAMPLING_VARIANCE, 6),
        "wiener_powers": list(WIENER_POWERS),
        "first_pass": [list(stage) for stage in FIRST_PASS],
        "sharp_path": [list(stage) for stage in SHARP_PATH],
        "smoothed": [list(pair) for pair in SMOOTHED],
        "completed": [SPARSE_STAGE, COMPLETED],
        "converged": CONVERGED,
    }
