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

"""The scoreboard as Markdown."""

from __future__ import annotations

__all__ = ("format_scoreboard",)

import math
from collections.abc import Mapping, Sequence

from .explanations import DEPTH, PEERS
from .fields import BenchmarkField
from .markdown import Form, number, signed, table
from .score import Score, summarize
from .targets import MATCHED_FILTER, Scores, Verdict, judge

EXPLANATION = """\
Every method restores the same simulated exposures with {threads} threads.  Its image, at a Gaussian
PSF with an FWHM of {fwhm:g} pixels, is compared with the truth at that PSF.

| column | meaning |
| --- | --- |
| sky | rms error where the truth is below 0.05 σ, in σ: the noise of a pixel of the coadd |
| sky mean, sky scatter | mean and standard deviation of that error |
| faint, middle, bright | rms error over rms truth where the truth is 0.1–2, 2–20 and above 20 σ |
| false | detections above 5 × the method's own sky error with no true source within 3 pixels |
| depth | magnitude of 50 % completeness at 95 % purity, both corrected for chance |
| gain | depth less that of matched-filter detection on the coadd |
| flux | median ± scatter of (aperture flux − true one) / total flux, by magnitude less the depth of one \
exposure: bright < −2.3 < middle < −0.3 < faint < 0.7 (23, 25 and 26 where that depth is 25.3) |
| pos | error of isolated stars' positions in pixels, either axis, 68th percentile |
| e | error of isolated galaxies' ellipticities, either component, 68th percentile |
| e bias, size bias | slope of that error with the ellipticity, median relative error of the size |
| width | robust standard deviation of (image − truth) / √variance: sky, sources |
| s, + s | wall time, and what the variance plane took on top of it |
| MiB | largest increase of the resident memory |

"""

CHOICES = """\
Richardson–Lucy deconvolves the coadd on a pedestal of 5 σ.  Its number of iterations, {iterations}, STARRED's
strength and κ were chosen on another field with a look at the truth (`benchmarks/scoreboard/tune_peers.py`).
"""

COLUMNS: dict[str, tuple[str, Form]] = {
    "sky": ("sky", number(3)),
    "sky_mean": ("sky mean", signed(3)),
    "sky_scatter": ("sky scatter", number(3)),
    "faint": ("faint", number(3)),
    "middle": ("middle", number(3)),
    "bright": ("bright", number(4)),
    "false": ("false", number(1)),
    "depth": ("depth", number(2)),
    "gain": ("gain", signed(2)),
    "flux_bright": ("flux, bright", signed(3)),
    "flux_middle": ("flux, middle", signed(3)),
    "flux_faint": ("flux, faint", signed(3)),
    "position": ("pos", number(3)),
    "ellipticity": ("e", number(3)),
    "ellipticity_bias": ("e bias", signed(3)),
    "size_bias": ("size bias", signed(3)),
    "width_sky": ("width, sky", number(2)),
    "width_sources": ("width, sources", number(2)),
    "seconds": ("s", number(1)),
    "variance_seconds": ("+ s", number(1)),
    "memory": ("MiB", number(0)),
}


def format_scoreboard(
    fields: Sequence[BenchmarkField],
    methods: Sequence[str],
    scores: Scores,
    skipped: Mapping[str, Mapping[str, str]],
    settings: Mapping[str, object],
) -> str:
    """Return the whole scoreboard.

    Parameters
    ----------
    fields : `~collections.abc.Sequence` [`BenchmarkField`]
        The fields that are done.
    methods : `~collections.abc.Sequence` [`str`]
        All methods in the order of the rows.
    scores : `~collections.abc.Mapping`
        `Score` by field and method.
    skipped : `~collections.abc.Mapping`
        Why a method has no score, by field and method.
    settings : `~collections.abc.Mapping`
        ``title``, ``threads``, ``fwhm``, ``strength``, ``iterations``,
        ``regularization``, ``picture``.

    Returns
    -------
    text : `str`
        Markdown: explanation, means, targets, and a table per field.
    """
    crowded = [field.name for field in fields if field.is_crowded]
    reasons = {name: reason for each in skipped.values() for name, reason in each.items()}
    lines = [f"# {settings['title']}", "", EXPLANATION.format(**settings)]
    lines += [DEPTH, PEERS.format(**settings) + CHOICES.format(**settings)]
    lines += [f"## Means over {len(fields)} fields", "", "Sources are pooled; memory is the largest.", ""]
    lines += _table(methods, scores, list(scores), reasons)
    lines += [
        "",
        f"![Cutouts]({settings['picture']})",
        "",
        "## Targets",
        "",
        *_verdicts(judge(scores, crowded)),
    ]
    for field in fields:
        lines += ["", f"## Field: {field.name}", "", f"{field.describe()}.", ""]
        lines += _table(methods, scores, [field.name], skipped.get(field.name, {}))
    return "\n".join(lines) + "\n"


def _table(
    methods: Sequence[str], scores: Scores, fields: Sequence[str], reasons: Mapping[str, str]
) -> list[str]:
    lines = []
    for method in methods:
        rows = [scores[field][method] for field in fields if method in scores[field]]
        if rows:
            numbers = summarize(rows) | {"gain": _gain(method, scores, fields)}
            lines.append([method, *_cells(numbers)])
        else:
            lines.append([method, reasons.get(method, "not run")])
    return table(["method", *(title for title, _ in COLUMNS.values())], lines)


def _gain(method: str, scores: Scores, fields: Sequence[str]) -> float:
    """Return the mean gain over the fields where both depths are known."""
    rows = [scores[field] for field in fields if method in scores[field] and MATCHED_FILTER in scores[field]]
    gains = [row[method].numbers["depth"] - row[MATCHED_FILTER].numbers["depth"] for row in rows]
    known = [gain for gain in gains if not math.isnan(gain)]
    return sum(known) / len(known) if known else math.nan


def _cells(numbers: Mapping[str, float]) -> list[str]:
    cells = []
    for name, (_, form) in COLUMNS.items():
        cell = form(numbers.get(name, math.nan))
        kind, _, part = name.partition("_")
        scatter = numbers.get(f"scatter_{part}", math.nan) if kind == "flux" else math.nan
        cells.append(cell if math.isnan(scatter) else f"{cell} ± {scatter:.3f}")
    return cells


def _verdicts(verdicts: Sequence[Verdict]) -> list[str]:
    if not verdicts:
        return ["Not judged: the yardstick or our methods did not run."]
    form = number(3)
    rows = []
    for verdict in verdicts:
        sign = "≥" if verdict.is_least else "≤"
        met = "met" if verdict.is_met else "**not met**"
        limit = f"{sign} {verdict.limit:g}"
        rows.append([verdict.method, verdict.target, limit, form(verdict.measured), form(verdict.worst), met])
    return [
        "Ratios of errors are means of the fields' ratios; all others are ratios of totals over the fields.",
        "",
        *table(["method", "target", "limit", "measured", "worst field", ""], rows),
    ]


def count_met(scores: Mapping[str, Mapping[str, Score]], crowded: Sequence[str]) -> tuple[int, int]:
    """Return how many targets are met, and how many there are."""
    verdicts = judge(scores, crowded)
    return sum(verdict.is_met for verdict in verdicts), len(verdicts)
