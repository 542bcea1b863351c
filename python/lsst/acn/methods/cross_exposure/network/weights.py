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
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....errors import InvalidNetworkError
from ..family.family import COMPLETED, CONVERGED, SHARP_PATH, SMOOTHED, SPARSE_STAGE, WIENER_POWERS
from ..family.first_model import FIRST_PASS
from ..family.sampling import SAMPLING_VARIANCE
from .mixing_network import MixingNetwork, weight_shapes

FORMAT = "lsst.acn.mixing_network"
VERSION = 5

WITHOUT_ARCHITECTURE = 4
"""Version whose checksum is that of the weights alone."""

PRECISIONS = {"float32": "<f4", "float16": "<f2", "int8": "i1"}
LARGEST = 127
"""What the largest weight of an output channel becomes in 8 bits."""

MAX_CHANNELS, MAX_BLOCKS, MAX_DILATION = 1024, 64, 512
"""Beyond these no network is read, for it could never be used."""


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
    packed = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": {"channels": network.channels, "dilations": list(network.dilations)},
        "family": _family(),
        "precision": precision,
        "shapes": [list(weight.shape) for weight in weights],
        "weights": _as_text(weights),
        "scales": _as_text(scales),
    }
    return packed | {
        "checksum": _checksum(packed, [*weights, *scales]),
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
    if not isinstance(packed, Mapping):
        raise InvalidNetworkError(f"{name} is not a network, but a {type(packed).__name__}.")
    if packed.get("format") != FORMAT or packed.get("version") not in (WITHOUT_ARCHITECTURE, VERSION):
        raise InvalidNetworkError(
            f"{name} is not a network that this version reads: format {packed.get('format')!r}, "
            f"version {packed.get('version')!r}; wanted {FORMAT!r}, version {VERSION}."
        )
    if packed.get("family") != _family():
        raise InvalidNetworkError(
            f"{name} was trained to mix another family of restorations: {str(packed.get('family'))[:500]}, "
            f"not {_family()}."
        )
    try:
        channels, dilations = _architecture(packed["architecture"])
        shapes = _expected_shapes(packed, channels, dilations)
        weights = _decode(shapes, packed["weights"], PRECISIONS[packed["precision"]])
        scales = _decode(_scale_shapes(packed["precision"], shapes), packed["scales"], "<f4")
        stored = [*weights, *scales]
        is_intact = _checksum(packed, stored) == packed.get("checksum")
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise InvalidNetworkError(f"{name} is damaged: {error!r}.") from error
    if not is_intact or not all(np.isfinite(each).all() for each in stored):
        raise InvalidNetworkError(f"{name} is damaged: its weights do not match its checksum.")
    values = [weight.astype(np.float32) for weight in weights]
    if scales:
        values = [weight * scale for weight, scale in zip(values, scales, strict=True)]
    return MixingNetwork(channels, dilations, tuple(values))


def _architecture(stored: Any) -> tuple[int, tuple[int, ...]]:
    """Return channels and dilations, unless no network could have them."""
    channels, dilations = stored["channels"], stored["dilations"]
    if not isinstance(dilations, list | tuple) or len(dilations) > MAX_BLOCKS:
        raise ValueError(f"dilations must be a list of at most {MAX_BLOCKS} numbers")
    for what, value, most in (
        ("channels", channels, MAX_CHANNELS),
        *(("dilations", dilation, MAX_DILATION) for dilation in dilations),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise ValueError(f"{what} must be whole numbers from 1 to {most}; one is {str(value)[:80]}")
    return channels, tuple(dilations)


def _expected_shapes(
    packed: Mapping[str, Any], channels: int, dilations: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Return the shapes of the weights; nothing is made before they are known to be right."""
    expected = weight_shapes(channels, dilations)
    stored = [tuple(shape) for shape in packed["shapes"]]
    if stored != expected:
        raise ValueError(f"it has weights of shapes {str(stored)[:500]}, not {expected}")
    return expected


def _scale_shapes(precision: str, shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [shape[-1:] for shape in shapes] if PRECISIONS[precision] == "i1" else []


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


def _decode(shapes: Sequence[tuple[int, ...]], texts: Sequence[str], dtype: str) -> list[np.ndarray]:
    """Return arrays from text that is as long as their shapes want it."""
    arrays = []
    for shape, text in zip(shapes, texts, strict=True):
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if len(text) != 4 * -(-size // 3):
            raise ValueError(f"there are {len(text)} characters for an array of shape {shape}")
        arrays.append(np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape))
    return arrays


def _checksum(packed: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> str:
    """Return the checksum of weights and of all that says how to read them."""
    digest = hashlib.sha256()
    if packed["version"] != WITHOUT_ARCHITECTURE:
        described = {key: packed[key] for key in ("version", "architecture", "family", "precision", "shapes")}
        digest.update(json.dumps(described, sort_keys=True).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
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
