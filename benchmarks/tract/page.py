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


"""What a tract takes, as Markdown."""

from __future__ import annotations

__all__ = ("format_page",)

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .tract_grid import TractGrid
from .workflow import WorkflowSummary

if TYPE_CHECKING:
    from .tract import TractRun

EXPLANATION = """\
# A tract by BPS

{patches} patches of {size} × {size} pixels in {bands} bands with {visits} exposures each, so {quanta} quanta:
what BPS does is that of a whole tract.  Made by `python -m benchmarks.tract`; storing the warps took
{filled:.0f} s.

## Planned

The quantum graph of `restoreCoadd` and the jobs, each with the bands of a patch, built for each submit file
of `bps/`; `htcondor*.yaml` stop short of HTCondor.
MiB, cores and GPUs are those that a job asks for, seconds those that planning takes.

| submit file | site | quanta | jobs | MiB | if it ran out | cores | GPUs | retries | seconds |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

RUN = """
## Run by Parsl, {cores} jobs at a time

With `assembleReferenceCoadd` for a quantum that is cheap; a job has the bands of {side} patches.  One warp of
one patch is damaged while the first submission runs.

| submission | quanta | succeeded | failed | attempts at what failed | seconds | seconds inside quanta |
| --- | --- | --- | --- | --- | --- | --- |
"""

REPAIRED = """
The Python that ran this is one of those before 3.13.2 or 3.12.9, which cannot read quanta far into a quantum
graph; each of its processes was given the seek of later ones (`benchmarks/tract/zip_seek.py`).
"""


def format_page(
    grid: TractGrid,
    filled: float,
    plans: Mapping[str, tuple[WorkflowSummary, float]],
    first: TractRun,
    second: TractRun,
    cores: int,
    repaired: bool = False,
) -> str:
    """Return the page.

    Parameters
    ----------
    grid : `TractGrid`
        The tract.
    filled : `float`
        Seconds that storing the warps took.
    plans : `~collections.abc.Mapping`
        Jobs, and the seconds that planning took, by submit file.
    first, second : `TractRun`
        What became of both submissions.
    cores : `int`
        Jobs at a time.
    repaired : `bool`, optional
        Whether Python had to be mended for it, by `zip_seek`.

    Returns
    -------
    text : `str`
        Markdown.
    """
    text = EXPLANATION.format(
        patches=grid.patches,
        size=grid.size,
        bands=len(grid.bands),
        visits=grid.visits,
        quanta=grid.quanta,
        filled=filled,
    )
    for base, (plan, seconds) in plans.items():
        text += _line(
            f"`{base}`",
            plan.site,
            plan.quanta,
            plan.jobs,
            plan.memory,
            f"× {plan.memory_multiplier:g}",
            plan.cores,
            plan.gpus,
            plan.retries,
            f"{seconds:.0f}",
        )
    text += RUN.format(cores=cores, side=grid.side)
    for name, run in (("with the damaged file", first), ("what is missing, repaired", second)):
        failed = [outcome.attempts for outcome in run.outcomes if outcome.status == "failed"]
        text += _line(
            name,
            len(run.outcomes),
            run.statuses["succeeded"],
            run.statuses["failed"],
            ", ".join(map(str, failed)) or "–",
            f"{run.seconds:.0f}",
            f"{sum(outcome.seconds for outcome in run.outcomes):.0f}",
        )
    return text + (REPAIRED if repaired else "")


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |\n"
