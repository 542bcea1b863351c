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

"""What a method gets on a field, and on all fields of a row."""

from __future__ import annotations

__all__ = ("FieldScore", "pool", "score_imperfect")

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..peers.restored import Restored
from ..scoreboard.errors_of_pixels import robust_width
from ..scoreboard.field_truth import FieldTruth
from ..scoreboard.pulls import count_in_noise
from ..scoreboard.score import detection_numbers, pixel_numbers
from .flux_classes import flux_biases
from .saturated import saturated_stars

MEGAPIXELS = "megapixels"
NOISE_DETECTIONS = "noise_detections"


@dataclasses.dataclass(frozen=True, eq=False)
class FieldScore:
    """Numbers of one method on one field.

    Parameters
    ----------
    numbers : `~collections.abc.Mapping` [`str`, `float`]
        Numbers of the field.
    samples : `~collections.abc.Mapping` [`str`, `numpy.ndarray`], optional
        Numbers of each source, by class, to be pooled.
    """

    numbers: Mapping[str, float]
    samples: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


def score_imperfect(restored: Restored, truth: FieldTruth) -> FieldScore:
    """Return the numbers of a restoration.

    Parameters
    ----------
    restored : `Restored`
        What a method made.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    score : `FieldScore`
        As on the scoreboard, with fluxes by class of source, saturated stars
        and detections in pure noise.
    """
    numbers = {"seconds": restored.seconds} | detection_numbers(restored, truth)
    if restored.is_detection_image:
        return FieldScore(numbers)
    numbers |= pixel_numbers(restored, truth) | count_in_noise(restored, truth)
    return FieldScore(numbers, flux_biases(restored, truth) | saturated_stars(restored, truth))


def pool(scores: Sequence[FieldScore]) -> dict[str, float]:
    """Return the numbers of a method over the fields of a row.

    Parameters
    ----------
    scores : `~collections.abc.Sequence` [`FieldScore`]
        One per field, at least one.

    Returns
    -------
    numbers : `dict` [`str`, `float`]
        Means of the numbers of the fields; medians (``median_``), robust
        widths (``width_``), numbers (``count_``) and largest sizes
        (``largest_``) of the pooled samples; detections in pure noise for each
        megapixel.
    """
    names = dict.fromkeys(name for each in scores for name in each.numbers)
    numbers = {name: _mean([each.numbers.get(name, math.nan) for each in scores]) for name in names}
    if NOISE_DETECTIONS in numbers:
        # Of all fields together, for few detections are to be expected.
        numbers[NOISE_DETECTIONS] /= numbers[MEGAPIXELS]
        numbers[MEGAPIXELS] *= len(scores)
    for name in dict.fromkeys(name for each in scores for name in each.samples):
        values = np.concatenate([each.samples.get(name, np.zeros(0)) for each in scores])
        numbers[f"count_{name}"] = float(values.size)
        numbers[f"median_{name}"] = float(np.median(values)) if values.size else math.nan
        numbers[f"width_{name}"] = robust_width(values)
        numbers[f"largest_{name}"] = float(np.abs(values).max()) if values.size else math.nan
    return numbers


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
