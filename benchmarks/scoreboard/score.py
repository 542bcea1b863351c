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

"""What a method returns, and the row of figures that it gets on a field."""

from __future__ import annotations

__all__ = ("Restored", "Score", "score", "summarize")

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

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
class Restored:
    """What a method makes of a field.

    Parameters
    ----------
    method : `str`
        Name of the method.
    image : `numpy.ndarray`
        Image without NaN, shape ``(height, width)``.
    seconds, peak_mib : `float`
        Wall time and memory that it took.
    variance : `numpy.ndarray`, optional
        Variance plane, if the method has one.
    variance_seconds : `float`, optional
        Wall time that the variance plane took.
    psf : `numpy.ndarray`, optional
        PSF kernel of ``image``; by default it is at the target PSF.
    is_detection_image : `bool`, optional
        Whether sources can only be detected, not measured, in ``image``.
    """

    method: str
    image: np.ndarray
    seconds: float
    peak_mib: float
    variance: np.ndarray | None = None
    variance_seconds: float = math.nan
    psf: np.ndarray | None = None
    is_detection_image: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Score:
    """Figures of one method on one field.

    Parameters
    ----------
    figures : `dict` [`str`, `float`]
        Figures of the field, to be averaged over fields.
    flux : `dict` [`str`, `numpy.ndarray`], optional
        Flux error of each source, by magnitude bin, to be pooled.
    shapes : `ShapeErrors`, optional
        Errors of each star and galaxy, to be pooled.
    """

    figures: dict[str, float]
    flux: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    shapes: ShapeErrors | None = None


def score(restored: Restored, truth: FieldTruth) -> Score:
    """Return the figures of a restoration.

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
        return Score(costs | _detection_figures(image, sky_error, truth))
    figures = costs | _pixel_figures(restored, truth)
    figures |= _detection_figures(image, rms_error(image, truth.image, sky), truth)
    return Score(figures, _fluxes(restored, truth), measure_shapes(image, truth, restored.psf))


def _pixel_figures(restored: Restored, truth: FieldTruth) -> dict[str, float]:
    image, classes = restored.image, truth.classes
    figures = {"sky": rms_error(image, truth.image, classes["sky"]) / truth.noise}
    for name in ("faint", "middle", "bright"):
        figures[name] = relative_error(image, truth.image, classes[name])
    if restored.variance is not None:
        normalized = (image - truth.image) / np.sqrt(restored.variance)
        figures["width_sky"] = robust_width(normalized[classes["sky"]])
        if restored.psf is None:
            sources = classes["faint"] | classes["middle"] | classes["bright"]
            figures["width_sources"] = robust_width(normalized[sources])
    return figures


def _detection_figures(image: np.ndarray, sky_error: float, truth: FieldTruth) -> dict[str, float]:
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
    """Return the figures of a method over some fields.

    Parameters
    ----------
    scores : `~collections.abc.Sequence` [`Score`]
        One per field.

    Returns
    -------
    figures : `dict` [`str`, `float`]
        Means of the figures of the fields that have them, largest memory,
        and medians and scatters of the pooled sources.
    """
    names = dict.fromkeys(name for each in scores for name in each.figures)
    figures = {name: _mean([each.figures.get(name, math.nan) for each in scores]) for name in names}
    figures["memory"] = max(each.figures["memory"] for each in scores)
    for name in MAGNITUDE_BINS:
        errors = np.concatenate([each.flux.get(name, np.zeros(0)) for each in scores])
        figures[f"flux_{name}"] = float(np.median(errors)) if errors.size else math.nan
        figures[f"scatter_{name}"] = robust_width(errors)
        figures[f"count_{name}"] = errors.size
    return figures | ShapeErrors.pool([each.shapes for each in scores if each.shapes]).figures()


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
