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

"""Whether the restoration does what it is meant to, judged from the scores."""

from __future__ import annotations

__all__ = ("YARDSTICK", "Verdict", "judge")

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence

from ..peers.networks import PAPER, SHIPPED, TRAINED
from ..peers.starred import NAME as STARRED
from .score import Score, summarize

YARDSTICK = "ImageMM 150"
COADD = "coadd"
MATCHED_FILTER = "coadd, matched filter"
ERROR_LIMITS = {"sky": 0.25, "faint": 0.45, "middle": 0.60, "bright": 0.60}
FALSE_LIMIT = 0.10
FLUX_LIMITS = {"bright": 0.01, "middle": 0.01, "faint": 0.05}
DEEPER_WHERE_CROWDED = 0.2
SHIPPED_TOLERANCE = 1.15
SHIPPED_TIME = 0.1
TRAINED_TIME = 3.0

Scores = Mapping[str, Mapping[str, Score]]
"""Scores by field and then by method."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One target, and how far a method is from it.

    Parameters
    ----------
    target : `str`
        What is asked for.
    method : `str`
        Who it is asked from.
    measured : `float`
        What counts; NaN if it could not be measured.
    limit : `float`
        Where the target is met.
    worst : `float`
        The same number on the worst field, or NaN if it has no meaning there.
    is_least : `bool`, optional
        Whether the limit is the least rather than the largest value.
    """

    target: str
    method: str
    measured: float
    limit: float
    worst: float = math.nan
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is met; never if nothing was measured (`bool`)."""
        return self.measured >= self.limit if self.is_least else self.measured <= self.limit


def judge(scores: Scores, crowded: Sequence[str]) -> list[Verdict]:
    """Return the verdict on every target.

    Parameters
    ----------
    scores : `~collections.abc.Mapping`
        `Score` by field and method.
    crowded : `~collections.abc.Sequence` [`str`]
        Names of the crowded fields.

    Returns
    -------
    verdicts : `list` [`Verdict`]
        For each of our methods that ran; none without the yardstick.
    """
    verdicts: list[Verdict] = []
    for method in (TRAINED, SHIPPED):
        ran = {name: row for name, row in scores.items() if method in row and YARDSTICK in row}
        if ran:
            verdicts += _ratios(ran, method)
            verdicts += _fluxes(ran, method, crowded)
            verdicts += _shapes(ran, method)
            verdicts += _depths(ran, method, crowded)
            verdicts += _against_networks(ran, method)
            verdicts += _times(ran, method)
    return [*verdicts, *_transfer(scores)]


def _ratio(number: float, reference: float) -> float:
    if reference > 0:
        return number / reference
    return 0.0 if number == 0 else math.inf


def _over(scores: Scores, method: str) -> dict[str, float]:
    return summarize([row[method] for row in scores.values()])


def _ratios(scores: Scores, method: str) -> Iterator[Verdict]:
    for name, limit in ERROR_LIMITS.items():
        each = [_ratio(row[method].numbers[name], row[YARDSTICK].numbers[name]) for row in scores.values()]
        yield Verdict(f"{name} error / {YARDSTICK}", method, _mean(each), limit, _largest(each))
    ours, theirs = (_over(scores, each)["false"] for each in (method, YARDSTICK))
    yield Verdict(f"false detections / {YARDSTICK}", method, _ratio(ours, theirs), FALSE_LIMIT)


def _fluxes(scores: Scores, method: str, crowded: Sequence[str]) -> Iterator[Verdict]:
    parts = {
        "all fields": scores,
        "crowded fields": {name: row for name, row in scores.items() if name in crowded},
    }
    for part, chosen in parts.items():
        numbers = _over(chosen, method) if chosen else {}
        for name, limit in FLUX_LIMITS.items():
            bias = abs(numbers.get(f"flux_{name}", math.nan))
            yield Verdict(f"size of the median flux bias, {name} sources, {part}", method, bias, limit)


def _shapes(scores: Scores, method: str) -> Iterator[Verdict]:
    ours = _over(scores, method)
    for name, label in (("position", "stars' positions"), ("ellipticity", "galaxies' ellipticities")):
        for peer in (YARDSTICK, COADD):
            both = {field: row for field, row in scores.items() if peer in row}
            reference = _over(both, peer)[name] if both else math.nan
            yield Verdict(f"error of {label} / {peer}", method, _ratio(ours[name], reference), 1.0)


def _depths(scores: Scores, method: str, crowded: Sequence[str]) -> Iterator[Verdict]:
    gains = {
        name: row[method].numbers["depth"] - row[MATCHED_FILTER].numbers["depth"]
        for name, row in scores.items()
        if MATCHED_FILTER in row
    }
    for label, limit, chosen in (
        ("any field", 0.0, gains),
        ("any crowded field", DEEPER_WHERE_CROWDED, {name: gains[name] for name in gains if name in crowded}),
    ):
        values = list(chosen.values())
        least = math.nan if not values or any(map(math.isnan, values)) else min(values)
        target = f"depth less that of the matched filter, least of {label} [mag]"
        yield Verdict(target, method, least, limit, is_least=True)


def _against_networks(scores: Scores, method: str) -> Iterator[Verdict]:
    for peer in (STARRED, PAPER):
        pairs = [(row[method].numbers, row[peer].numbers) for row in scores.values() if peer in row]
        ratios = [_ratio(ours[name], theirs[name]) for ours, theirs in pairs for name in ERROR_LIMITS]
        label = f"largest error / {peer}, of any field and class of pixels"
        yield Verdict(label, method, _largest(ratios), 1.0)


def _times(scores: Scores, method: str) -> Iterator[Verdict]:
    limit = TRAINED_TIME if method == TRAINED else SHIPPED_TIME
    ours = [row[method].numbers["seconds"] for row in scores.values()]
    theirs = [row[YARDSTICK].numbers["seconds"] for row in scores.values()]
    each = [_ratio(*pair) for pair in zip(ours, theirs, strict=True)]
    yield Verdict(f"time / {YARDSTICK}", method, _ratio(sum(ours), sum(theirs)), limit, _largest(each))


def _transfer(scores: Scores) -> Iterator[Verdict]:
    both = {name: row for name, row in scores.items() if TRAINED in row and SHIPPED in row}
    if not both:
        return
    for name in ERROR_LIMITS:
        each = [_ratio(row[SHIPPED].numbers[name], row[TRAINED].numbers[name]) for row in both.values()]
        target = f"{name} error / that when trained"
        yield Verdict(target, SHIPPED, _mean(each), SHIPPED_TOLERANCE, _largest(each))


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _mean(values: Sequence[float]) -> float:
    known = _known(values)
    return sum(known) / len(known) if known else math.nan


def _largest(values: Sequence[float]) -> float:
    return max(_known(values), default=math.nan)
