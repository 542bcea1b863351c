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

"""Whether the restoration bears imperfect exposures as it is meant to."""

from __future__ import annotations

__all__ = (
    "FLUXES",
    "GROUPS",
    "METHOD",
    "MORE",
    "NOTHING",
    "SHARES",
    "Numbers",
    "RowVerdict",
    "Scores",
    "judge",
    "median_error",
)

import dataclasses
import math
from collections.abc import Iterator, Mapping

from ..peers.networks import SHIPPED
from ..peers.starred import NAME as STARRED
from .flux_classes import FLUX_CLASSES, LOW_SURFACE_BRIGHTNESS
from .imperfect_score import NOISE_DETECTIONS

Numbers = Mapping[str, float]
Scores = Mapping[str, Mapping[str, Numbers]]
"""Numbers by row and then by method."""

METHOD = SHIPPED
NOTHING = "nothing"
"""The row that the others are compared with."""

BEYOND_COMPARISON = ("donuts", "globular-cluster")
"""Rows that need not be as good as the one without a fault."""

ERRORS = ("faint", "middle", "bright")
WORSE_THAN_NOTHING = 1.3
FLUX_LIMIT, MIDDLE_FLUX_LIMIT, DIM_FLUX_LIMIT = 0.02, 0.01, 0.10
WIDTH_TOLERANCE = 0.1
BEYOND_LIMIT = 0.003
SATURATED_LIMIT = 0.02
SATURATED_PULL = 5.0

AGAINST_NOTHING = "error / that of “nothing”"
AGAINST_PEERS = "error / best of ImageMM and STARRED"
FLUXES = "flux bias"
WIDTHS = "pull width"
SHARES = "beyond 5, %"
MORE = "more"
GROUPS = (AGAINST_NOTHING, AGAINST_PEERS, FLUXES, WIDTHS, SHARES, MORE)


@dataclasses.dataclass(frozen=True)
class RowVerdict:
    """One target in one row.

    Parameters
    ----------
    row : `str`
        The row.
    group : `str`
        One of `GROUPS`.
    target : `str`
        What is measured.
    measured : `float`
        Its value; NaN if it could not be measured.
    limit : `float`
        Largest distance from ``wanted`` at which the target is met.
    wanted : `float`, optional
        The best value.
    """

    row: str
    group: str
    target: str
    measured: float
    limit: float
    wanted: float = 0.0

    @property
    def is_met(self) -> bool:
        """Whether the target is met; never if nothing was measured (`bool`)."""
        return abs(self.measured - self.wanted) <= self.limit


def judge(scores: Scores, method: str = METHOD) -> list[RowVerdict]:
    """Return the verdict on every target of every row.

    Parameters
    ----------
    scores : `~collections.abc.Mapping`
        Numbers by row and method.
    method : `str`, optional
        Whom to judge.

    Returns
    -------
    verdicts : `list` [`RowVerdict`]
        Of the rows where the method ran; of classes of pixels and sources that
        a row has.
    """
    verdicts: list[RowVerdict] = []
    for row, methods in scores.items():
        if method in methods:
            ours = methods[method]
            reference = scores.get(NOTHING, {}).get(method, {})
            verdicts += [*_errors(row, ours, reference, methods), *_fluxes(row, ours)]
            verdicts += [*_pulls(row, ours), *_more(row, ours)]
    return verdicts


def median_error(numbers: Numbers, name: str) -> float:
    """Return the standard error of the median of a sample, as if it were Gaussian; NaN of less than three."""
    count = numbers.get(f"count_{name}", 0.0)
    return math.sqrt(math.pi / 2.0 / count) * numbers[f"width_{name}"] if count >= 3 else math.nan


def _errors(
    row: str, ours: Numbers, reference: Numbers, methods: Mapping[str, Numbers]
) -> Iterator[RowVerdict]:
    present = [name for name in ERRORS if not math.isnan(ours.get(name, math.nan))]
    for name in present:
        if reference and row != NOTHING and row not in BEYOND_COMPARISON:
            ratio = _ratio(ours[name], reference.get(name, math.nan))
            yield RowVerdict(row, AGAINST_NOTHING, name, ratio, WORSE_THAN_NOTHING)
    for name in present:
        peers = [
            numbers[name]
            for peer, numbers in methods.items()
            if (peer.startswith("ImageMM") or peer == STARRED) and not math.isnan(numbers.get(name, math.nan))
        ]
        if peers:
            yield RowVerdict(row, AGAINST_PEERS, name, _ratio(ours[name], min(peers)), 1.0)


def _fluxes(row: str, ours: Numbers) -> Iterator[RowVerdict]:
    for name in FLUX_CLASSES:
        if ours.get(f"count_{name}", 0):
            limit = MIDDLE_FLUX_LIMIT if name.startswith("middle") else FLUX_LIMIT
            limit = DIM_FLUX_LIMIT if name == LOW_SURFACE_BRIGHTNESS else limit
            yield RowVerdict(row, FLUXES, name, ours[f"median_{name}"], limit)


def _pulls(row: str, ours: Numbers) -> Iterator[RowVerdict]:
    for part in ("sky", "sources", "bright"):
        if not math.isnan(width := ours.get(f"width_{part}", math.nan)):
            yield RowVerdict(row, WIDTHS, part, width, WIDTH_TOLERANCE, wanted=1.0)
    for part in ("sky", "sources", "bright"):
        if not math.isnan(share := ours.get(f"beyond_{part}", math.nan)):
            yield RowVerdict(row, SHARES, part, share, BEYOND_LIMIT)


def _more(row: str, ours: Numbers) -> Iterator[RowVerdict]:
    if NOISE_DETECTIONS in ours:
        yield RowVerdict(row, MORE, "detections in pure noise / Mpixel", ours[NOISE_DETECTIONS], 0.0)
    if ours.get("count_saturated_ratio", 0):
        ratio = ours["median_saturated_ratio"]
        yield RowVerdict(row, MORE, "saturated stars' flux", ratio, SATURATED_LIMIT, wanted=1.0)
        pull = ours.get("largest_saturated_pull", math.nan)
        yield RowVerdict(row, MORE, "largest pull of it", pull, SATURATED_PULL)


def _ratio(number: float, reference: float) -> float:
    if reference > 0:
        return number / reference
    return 0.0 if number == 0 else math.inf
