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

"""The row of numbers that a method gets on a field."""

from __future__ import annotations

__all__ = ("Score", "score", "summarize")

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from ..peers.restored import Restored
from .detection import count_false, detection_depth
from .errors_of_pixels import (
    APERTURE_FWHM,
    MAGNITUDE_BINS,
    aperture_correction,
    flux_errors,
    relative_error,
    rms_error,
    robust_width,
    split_by_magnitude,
)
from .field_truth import FieldTruth
from .source_shapes import ShapeErrors, measure_shapes


@dataclasses.dataclass(frozen=True, eq=False)
class Score:
    """Numbers of one method on one field.

    Parameters
    ----------
    numbers : `dict` [`str`, `float`]
        Numbers of the field, to be averaged over fields.
    flux : `dict` [`str`, `numpy.ndarray`], optional
        Flux error of each source, by magnitude bin, to be pooled.
    shapes : `ShapeErrors`, optional
        Errors of each star and galaxy, to be pooled.
    """

    numbers: dict[str, float]
    flux: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    shapes: ShapeErrors | None = None


def score(restored: Restored, truth: FieldTruth) -> Score:
    """Return the numbers of a restoration.

    Parameters
    ----------
    restored : `Restored`
        What a method made.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    score : `Score`
        All errors are those of the image as it is against the truth at the
        target PSF: the blur of a coadd counts.  Fluxes and shapes of a coadd
        are corrected for its PSF.
    """
    image, sky = restored.image, truth.classes["sky"]
    costs = {
        "seconds": restored.seconds,
        "variance_seconds": restored.variance_seconds,
        "memory": restored.peak_mib,
    }
    if restored.is_detection_image:
        # Its sky is blurred light of sources too: their median stays out, as that of the noise.
        sky_error = robust_width(image[sky])
        return Score(costs | _detection_numbers(image, sky_error, truth))
    numbers = costs | _pixel_numbers(restored, truth)
    numbers |= _detection_numbers(image, rms_error(image, truth.image, sky), truth)
    return Score(numbers, _fluxes(restored, truth), measure_shapes(image, truth, restored.psf))


def _pixel_numbers(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    image, classes = restored.image, truth.classes
    numbers = {"sky": rms_error(image, truth.image, classes["sky"]) / truth.noise}
    for name in ("faint", "middle", "bright"):
        numbers[name] = relative_error(image, truth.image, classes[name])
    if restored.variance is not None:
        normalized = (image - truth.image) / np.sqrt(restored.variance)
        numbers["width_sky"] = robust_width(normalized[classes["sky"]])
        if restored.psf is None:
            sources = classes["faint"] | classes["middle"] | classes["bright"]
            numbers["width_sources"] = robust_width(normalized[sources])
    return numbers


def _detection_numbers(image: np.ndarray, sky_error: float, truth: FieldTruth) -> dict[str, float]:
    # A method may leave the sky empty; its threshold cannot be 0.
    sky_error = max(sky_error, 1e-3 * truth.noise)
    return {
        "false": float(count_false(image, sky_error, truth)),
        "depth": detection_depth(image, sky_error, truth),
    }


def _fluxes(restored: Restored, truth: FieldTruth) -> dict[str, np.ndarray]:
    correction = 1.0 if restored.psf is None else aperture_correction(restored.psf, truth.target_fwhm)
    chosen = truth.on_scored(truth.y, truth.x)
    mag = truth.mag[chosen]
    errors = flux_errors(
        restored.image,
        truth.image,
        truth.y[chosen],
        truth.x[chosen],
        truth.flux[chosen],
        APERTURE_FWHM * truth.target_fwhm,
        correction,
    )
    return split_by_magnitude(errors, mag, truth.depth)


def summarize(scores: Sequence[Score]) -> dict[str, float]:
    """Return the numbers of a method over some fields.

    Parameters
    ----------
    scores : `~collections.abc.Sequence` [`Score`]
        One per field.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        Means of the numbers of the fields that have them, largest memory,
        and medians and scatters of the pooled sources.
    """
    names = dict.fromkeys(name for each in scores for name in each.numbers)
    numbers = {name: _mean([each.numbers.get(name, math.nan) for each in scores]) for name in names}
    numbers["memory"] = max(each.numbers["memory"] for each in scores)
    for name in MAGNITUDE_BINS:
        errors = np.concatenate([each.flux.get(name, np.zeros(0)) for each in scores])
        numbers[f"flux_{name}"] = float(np.median(errors)) if errors.size else math.nan
        numbers[f"scatter_{name}"] = robust_width(errors)
        numbers[f"count_{name}"] = errors.size
    return numbers | ShapeErrors.pool([each.shapes for each in scores if each.shapes]).numbers()


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
