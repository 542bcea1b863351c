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

"""How wrong a restored image is likely to be, told from the image itself."""

from __future__ import annotations

__all__ = ("ErrorModel", "expected_variance", "load_error_model")

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from ...arrays.namespace import Arrays
from ...errors import InvalidNetworkError
from .error_features import COVERAGE, FAINTEST, FEATURES, RESTORED, SIGNIFICANCES, make_error_features
from .family.family import RestorationFamily

FILE = "error_model.json"
FORMAT = "lsst.acn.error_model"
VERSION = 2

LEAST_ERROR = 0.01
"""Least error of any pixel, in standard deviations of a point source: an empty
sky is not known without error."""

UNSEEN_ERROR = 0.02
"""Error that is added where exposures are missing, in the same unit, over the
root of what is left of their weight: what nobody has seen is not empty."""

MANY_SIGMA = 5.0
"""The second number that the network says is what hardly any error exceeds,
divided by this."""

DIGITS = 6
"""Significant digits of the stored weights."""


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorModel:
    """A small network from the features of a pixel to its expected error.

    It says two quantiles of the error: what two thirds of the pixels do not
    exceed, and what hardly any does, in fifths.  For a Gaussian the first is
    the larger one.  Where a few pixels are much worse than most, and nothing
    tells which, the second is, and no one may trust the rest.

    Parameters
    ----------
    weights, biases : `tuple` [`numpy.ndarray`, ...]
        Of each layer, float32; shapes ``(n_in, n_out)`` and ``(n_out,)``.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def log_sigma(self, xp: Arrays, features: Any) -> Any:
        """Return the logarithm of the expected error.

        Parameters
        ----------
        xp : `Arrays`
            Array functions.
        features : array
            From `~lsst.acn.methods.cross_exposure.error_features.make_error_features`,
            shape ``(n, width, len(FEATURES))``.

        Returns
        -------
        log_sigma : array
            In units of the peak of a point source whose flux is one standard
            deviation, shape ``(n, width)``.
        """
        hidden = features
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = xp.maximum(xp.matmul(hidden, xp.constant(weight)) + xp.constant(bias), np.float32(0.0))
        quantiles = xp.matmul(hidden, xp.constant(self.weights[-1])) + xp.constant(self.biases[-1])
        return xp.maximum(quantiles[..., 0], quantiles[..., 1])

    def variance(self, xp: Arrays, features: Any) -> Any:
        """Return the expected squared error, and never less than can be known.

        Parameters
        ----------
        xp : `Arrays`
            Array functions.
        features : array
            As for `log_sigma`.

        Returns
        -------
        variance : array
            In the same unit squared, with `LEAST_ERROR` and `UNSEEN_ERROR`.
            The signal to noise of a pixel is no more than that of all the
            light around it, at whatever scale that is largest.
        """
        coverage = xp.exp(features[..., COVERAGE])
        light = xp.maximum(xp.exp(features[..., RESTORED]) - np.float32(FAINTEST), np.float32(0.0))
        largest = xp.maximum(xp.max(features[..., SIGNIFICANCES], -1), np.float32(np.arcsinh(1.0)))
        significance = np.float32(0.5) * (xp.exp(largest) - xp.exp(-largest))
        missing = xp.maximum(1.0 - coverage, np.float32(0.0))
        unseen = np.float32(UNSEEN_ERROR**2) * missing**2 / coverage
        least = (light / significance) ** 2 / coverage + np.float32(LEAST_ERROR**2)
        return xp.maximum(xp.exp(2.0 * self.log_sigma(xp, features)), least) + unseen

    def pack(self, provenance: Mapping[str, Any]) -> dict[str, Any]:
        """Return the model as plain values.

        Parameters
        ----------
        provenance : `~collections.abc.Mapping`
            Where it comes from, in plain values.

        Returns
        -------
        packed : `dict`
            What `unpack` takes.
        """
        rounded = [_rounded(array) for array in (*self.weights, *self.biases)]
        return {
            "format": FORMAT,
            "version": VERSION,
            "features": list(FEATURES),
            "weights": rounded[: len(self.weights)],
            "biases": rounded[len(self.weights) :],
            "checksum": _checksum([np.array(values, np.float32) for values in rounded]),
            "provenance": dict(provenance),
        }

    @classmethod
    def unpack(cls, packed: Mapping[str, Any], name: str = FILE) -> ErrorModel:
        """Return the model that plain values hold.

        Parameters
        ----------
        packed : `~collections.abc.Mapping`
            From `pack`.
        name : `str`, optional
            What to call it in errors.

        Returns
        -------
        model : `ErrorModel`
            The model.

        Raises
        ------
        InvalidNetworkError
            Raised if the values are not an error model, are damaged, or
            belong to other features.
        """
        if packed.get("format") != FORMAT or packed.get("version") != VERSION:
            raise InvalidNetworkError(
                f"{name} is not an error model that this version reads: format {packed.get('format')!r}, "
                f"version {packed.get('version')!r}; wanted {FORMAT!r}, version {VERSION}."
            )
        if packed.get("features") != list(FEATURES):
            raise InvalidNetworkError(
                f"{name} was fitted to other features: {packed.get('features')}, not {list(FEATURES)}."
            )
        try:
            weights = tuple(np.array(values, np.float32) for values in packed["weights"])
            biases = tuple(np.array(values, np.float32) for values in packed["biases"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidNetworkError(f"{name} is damaged: {error!r}.") from error
        if _checksum([*weights, *biases]) != packed.get("checksum"):
            raise InvalidNetworkError(f"{name} is damaged: its weights do not match its checksum.")
        return cls(weights, biases)


@functools.cache
def load_error_model() -> ErrorModel:
    """Return the error model of the shipped network.

    Returns
    -------
    model : `ErrorModel`
        Made by ``benchmarks/shipped/train_error_model.py``.
    """
    return ErrorModel.unpack(json.loads((files("lsst.acn") / "data" / FILE).read_text()))


def expected_variance(xp: Arrays, latent: Any, family: RestorationFamily, profile: Any, margin: int) -> Any:
    """Return the expected squared error of a restored tile.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    latent : array
        Latent image in the unit of the family, on the same pixels.
    family : `RestorationFamily`
        That it was mixed from.
    profile : array
        Profile, of unit sum, of the Gaussian kernel that the latent image is
        convolved with, along both axes.
    margin : `int`
        Number of pixels on every side of ``latent`` that are not wanted; best
        no less than half the kernel.

    Returns
    -------
    variance : array
        Square of what two thirds of the errors of such pixels do not exceed,
        whether they come from noise or from the method, in the unit of the
        stack squared, shape ``(height - 2 margin, width - 2 margin)``.
    """
    features = make_error_features(xp, latent, family, profile, margin)
    model = load_error_model()
    variance = xp.by_rows(lambda rows: model.variance(xp, rows[0]), features[None])
    return variance * (family.unit * xp.max(profile) ** 2) ** 2


def _rounded(array: np.ndarray) -> Any:
    """Return nested lists of numbers with few digits."""
    if array.ndim == 0:
        return float(f"{float(array):.{DIGITS}g}")
    return [_rounded(part) for part in array]


def _checksum(arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
