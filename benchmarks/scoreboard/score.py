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

__all__ = ("Score", "detection_numbers", "pixel_numbers", "score", "summarize")

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
    sky_errors,
    split_by_magnitude,
)
from .field_truth import FieldTruth
from .pulls import SOURCE_CLASSES, pull_numbers
from .source_shapes import ShapeErrors, measure_shapes

LEAST_SKY_ERROR = 1e-3
"""Of a method, in units of the field's noise, where it sets thresholds."""


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
    costs = {
        "seconds": restored.seconds,
        "variance_seconds": restored.variance_seconds,
        "memory": restored.peak_mib,
    }
    numbers = costs | detection_numbers(restored, truth)
    if restored.is_detection_image:
        return Score(numbers)
    numbers |= pixel_numbers(restored, truth)
    return Score(numbers, _fluxes(restored, truth), measure_shapes(restored.image, truth, restored.psf))


def pixel_numbers(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    """Return the errors of the pixels of each class, and the widths of their pulls.

    Parameters
    ----------
    restored : `Restored`
        What a method made.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        By name.
    """
    image, classes = restored.image, truth.classes
    numbers = sky_errors(image, truth.image, classes["sky"], truth.noise)
    for name in SOURCE_CLASSES:
        numbers[name] = relative_error(image, truth.image, classes[name])
    return numbers | pull_numbers(restored, truth)


def detection_numbers(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    """Return the number of false detections, and the depth.

    Parameters
    ----------
    restored : `Restored`
        What a method made.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        NaN without any sky, whose error is the unit of the thresholds.
    """
    image, sky = restored.image, truth.classes["sky"]
    if not sky.any():
        return {"false": math.nan, "depth": math.nan}
    # The sky of a detection image is blurred light of sources too: their median stays out, as that of the
    # noise.
    error = robust_width(image[sky]) if restored.is_detection_image else rms_error(image, truth.image, sky)
    # A method may leave the sky empty; its threshold cannot be 0.
    error = max(error, LEAST_SKY_ERROR * truth.noise)
    return {
        "false": float(count_false(image, error, truth)),
        "depth": detection_depth(image, error, truth),
    }


def _fluxes(restored: Restored, truth: FieldTruth) -> dict[str, np.ndarray]:
    radius = APERTURE_FWHM * truth.target_fwhm
    chosen = truth.on_scored(truth.y, truth.x)
    mag = truth.mag[chosen]
    errors = flux_errors(
        restored.image,
        truth.image,
        truth.y[chosen],
        truth.x[chosen],
        truth.flux[chosen],
        radius,
        aperture_correction(restored.psf, truth.target_fwhm, radius),
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
