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

"""The scoreboard of imperfect exposures as Markdown."""

from __future__ import annotations

__all__ = ("format_imperfect",)

from collections.abc import Mapping, Sequence

from ..scoreboard.explanations import PEERS
from ..scoreboard.markdown import number, signed, table
from .aspects import ASPECTS, DASH, Aspect
from .rows import Row
from .targets import FLUXES, GROUPS, METHOD, MORE, SHARES, RowVerdict, Scores, judge

EXPLANATION = """\
Each row is a fault of the exposures, alone or with others: {fields}.
Rows share their skies.  Every method restores the exposures to a Gaussian PSF with an FWHM of {fwhm:g}
pixels, and is compared with the truth at that PSF.  Nothing is trained, fitted or tuned on these fields:
their seeds, from 700 001 on, are theirs alone.  Numbers are means over the fields of a row, and medians over
all their sources.

![Errors](imperfect.png)

![Cutouts](imperfect-cutouts.png)
"""

TARGETS = """\
Errors of faint / middle / bright pixels: at most 1.3 times those of “nothing” (but for donuts and the
globular cluster), and nowhere above the best of ImageMM and STARRED.  Flux biases: at most 2 %, of middle
sources 1 %, of galaxies of low surface brightness 10 %; only those that are not met are listed.  Pull widths
of sky / sources / bright pixels: 0.9–1.1; beyond 5: at most 0.3 %.  In pure noise nothing is detected at 5 σ;
saturated stars have 98–102 % of their flux, and no flux of theirs is off by more than 5 errors as claimed.
"""


def format_imperfect(
    rows: Mapping[str, Row],
    methods: Sequence[str],
    scores: Scores,
    failures: Mapping[tuple[str, str], str],
    settings: Mapping[str, object],
) -> str:
    """Return the whole scoreboard of imperfect exposures.

    Parameters
    ----------
    rows : `~collections.abc.Mapping` [`str`, `~benchmarks.imperfect.rows.Row`]
        The rows by name.
    methods : `~collections.abc.Sequence` [`str`]
        All methods in the order of the columns.
    scores : `~collections.abc.Mapping`
        Numbers by row and method.
    failures : `~collections.abc.Mapping` [`tuple` [`str`, `str`], `str`]
        Why there are none, by row and method.
    settings : `~collections.abc.Mapping`
        ``title``, ``fields``, ``fwhm``, ``strength``, ``regularization``, and
        ``skipped``, why methods do not run at all, by name.

    Returns
    -------
    text : `str`
        Markdown: explanation, a table for each aspect, and the targets.
    """
    lines = [f"# {settings['title']}", "", EXPLANATION.format(**settings), PEERS.format(**settings)]
    lines += [f"{name}: {reason}.\n" for name, reason in dict(settings["skipped"]).items()]  # type: ignore[call-overload]
    lines += table(["row", "fault"], [[name, row.label] for name, row in rows.items()])
    said = ""
    for aspect in ASPECTS:
        if part := _aspect(methods, scores, aspect):
            lines += ["", f"## {aspect.title}", ""]
            lines += [] if aspect.explanation == said else [aspect.explanation, ""]
            lines += part
            said = aspect.explanation
    if failures:
        reasons = [[row, method, reason] for (row, method), reason in failures.items()]
        lines += ["", "## Failures", "", *table(["row", "method", "reason"], reasons)]
    lines += ["", "## Targets", "", *_targets(judge(scores))]
    return "\n".join(lines) + "\n"


def _aspect(methods: Sequence[str], scores: Scores, aspect: Aspect) -> list[str]:
    """Return a table without rows and columns that would be empty; nothing if all would."""
    cells = {
        row: {method: aspect.cell(numbers[method]) for method in methods if method in numbers}
        for row, numbers in scores.items()
    }
    shown = [
        method for method in methods if any(each.get(method, DASH).strip(DASH) for each in cells.values())
    ]
    body = [
        [row, *(each.get(method, DASH) for method in shown)]
        for row, each in cells.items()
        if any(text.strip(DASH) for text in each.values())
    ]
    return table(["row", *shown], body) if shown else []


def _targets(verdicts: Sequence[RowVerdict]) -> list[str]:
    if not verdicts:
        return [f"Not judged: {METHOD} did not run."]
    rows = list(dict.fromkeys(verdict.row for verdict in verdicts))
    body = []
    for row in rows:
        mine = [verdict for verdict in verdicts if verdict.row == row]
        unmet = sum(not verdict.is_met for verdict in mine)
        cells = [_group([verdict for verdict in mine if verdict.group == group]) for group in GROUPS]
        body.append([row, *cells, f"**{unmet} of {len(mine)} not met**" if unmet else "met"])
    met = sum(verdict.is_met for verdict in verdicts)
    return [
        f"Of {METHOD}: {met} of {len(verdicts)} are met; what is not is bold.\n",
        TARGETS,
        *table(["row", *GROUPS, ""], body),
    ]


def _group(verdicts: Sequence[RowVerdict]) -> str:
    """Return the cell of some verdicts of one row."""
    if not verdicts:
        return DASH
    group = verdicts[0].group
    if group == FLUXES:
        unmet = [each for each in verdicts if not each.is_met]
        biases = [f"{each.target} **{signed(1)(100.0 * each.measured)} %**" for each in unmet]
        return ", ".join(biases) or f"all {len(verdicts)} met"
    factor = 100.0 if group == SHARES else 1.0
    cells = [number(2)(factor * each.measured) for each in verdicts]
    cells = [cell if each.is_met else f"**{cell}**" for cell, each in zip(cells, verdicts, strict=True)]
    if group == MORE:
        return ", ".join(f"{each.target} {cell}" for cell, each in zip(cells, verdicts, strict=True))
    return " / ".join(cells)
