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


"""A tract of 81 patches in 3 bands: planned for each kind of site, and run by Parsl on this machine.

``python -m benchmarks.tract FOLDER`` makes the warps of 81 small patches, has
BPS build the graph of their 243 restorations and the jobs, and runs as many
coadds in their place, with one file damaged: that quantum fails and is tried
again, all others complete, and a second submission makes what is missing.  It
writes ``FOLDER/tract.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lsst.acn.demo.quantum_outcomes import QuantumOutcome, read_outcomes
from lsst.acn.demo.run import DemoError, show_output
from lsst.daf.butler import Butler

from .page import format_page
from .tract_grid import INSTRUMENT, SKYMAP, WARPS, TractGrid, fill_repository
from .workflow import RESTORED, Submission, WorkflowSummary, plan_workflow, write_submit_file
from .zip_seek import REPAIR, repair_seeks, seeks_are_right

REPO = "repo"
LOG_LEVELS = ("--log-level", "WARNING", "--log-level", "parsl.process_loggers=WARNING")
BASES = ("acn.yaml", "htcondor.yaml", "htcondor_gpu.yaml")


@dataclasses.dataclass(frozen=True)
class TractRun:
    """What became of a submission.

    Parameters
    ----------
    seconds : `float`
        How long it took.
    outcomes : `list` [`~lsst.acn.demo.quantum_outcomes.QuantumOutcome`]
        One for each quantum.
    """

    seconds: float
    outcomes: list[QuantumOutcome]

    @property
    def statuses(self) -> Counter[str]:
        """Number of quanta of each status (`~collections.Counter`)."""
        return Counter(outcome.status for outcome in self.outcomes)


def main() -> None:
    """Plan and run, and write the page."""
    arguments = parse_arguments()
    grid = TractGrid(side=arguments.side)
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    repaired = not seeks_are_right()
    if repaired:
        repair_seeks()
    start = time.monotonic()
    fill_repository(str(folder / REPO), grid)
    filled = time.monotonic() - start
    plans = plan_all(folder)
    cheap = Submission(
        subset="reference", task="assembleReferenceCoadd", patches=grid.side, cores=arguments.cores
    )
    write_submit_file(folder / "tract.yaml", cheap)
    with damaged_warp(folder / REPO, grid):
        first = submit(folder, cheap, repaired=repaired)
    second = submit(folder, cheap, repaired=repaired, skip_existing=True)
    page = format_page(grid, filled, plans, first, second, arguments.cores, repaired)
    (folder / "tract.md").write_text(page)
    print(page)


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where everything is written; must not have a repository")
    parser.add_argument(
        "--side", type=int, default=9, help="patches in a row, and rows (default: %(default)s)"
    )
    parser.add_argument("--cores", type=int, default=2, help="jobs at a time (default: %(default)s)")
    return parser.parse_args()


def plan_all(folder: Path) -> dict[str, tuple[WorkflowSummary, float]]:
    """Return the jobs, and the seconds that planning took, for each submit file of the package."""
    plans = {}
    with inside(folder):
        for base in BASES:
            path = folder / f"plan-{base}"
            write_submit_file(path, Submission(base))
            start = time.monotonic()
            plans[base] = plan_workflow(path, folder / REPO), time.monotonic() - start
    return plans


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Have BPS write into a folder, and find its commands."""
    changed = environment(folder)
    before = {name: os.environ.get(name, "") for name in changed}
    with contextlib.chdir(folder):
        os.environ.update(changed)
        try:
            yield
        finally:
            os.environ.update(before)


def environment(folder: Path, *, repaired: bool = False) -> dict[str, str]:
    """Return what BPS needs: pipetask on the PATH, its folder in PWD, and a Python that reads its graphs."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    needed = {"PATH": path, "PWD": str(folder)}
    if repaired:
        needed["PYTHONPATH"] = os.pathsep.join([str(REPAIR), os.environ.get("PYTHONPATH", "")])
    return needed


@contextlib.contextmanager
def damaged_warp(repo: Path, grid: TractGrid) -> Iterator[dict[str, int | str]]:
    """Have one warp of the patch in the middle cut short in the meantime.

    Parameters
    ----------
    repo : `pathlib.Path`
        Repository with the warps.
    grid : `TractGrid`
        The tract.

    Yields
    ------
    data_id : `dict` [`str`, `int` | `str`]
        Patch and band that cannot be restored.
    """
    band, patch = grid.bands[-1], grid.patches // 2
    data_id = {"instrument": INSTRUMENT, "visit": grid.visits_of(band)[0], "skymap": SKYMAP}
    with Butler.from_config(str(repo), collections=WARPS) as butler:
        path = Path(butler.getURI("direct_warp", data_id, tract=0, patch=patch).ospath)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        yield {"patch": patch, "band": band}
    finally:
        path.write_bytes(whole)


def submit(
    folder: Path, submission: Submission, *, repaired: bool = False, skip_existing: bool = False
) -> TractRun:
    """Run the submission on this machine, and wait for its end.

    Parameters
    ----------
    folder : `pathlib.Path`
        Has the repository and the submit file.
    submission : `Submission`
        What is submitted.
    repaired : `bool`, optional
        Whether its processes are given the seek of a later Python.
    skip_existing : `bool`, optional
        Whether to leave out what earlier submissions have made.

    Returns
    -------
    run : `TractRun`
        What became of it.
    """
    options = submission.options + (f" --skip-existing-in {RESTORED}" if skip_existing else "")
    where = f"skymap='{SKYMAP}' AND tract=0"
    needed = environment(folder, repaired=repaired)
    program = shutil.which("bps", path=needed["PATH"])
    if program is None:
        raise DemoError("there is no command bps here; it comes with the extra bps.")
    start = time.monotonic()
    show_output(
        [
            *(program, *LOG_LEVELS, "submit", "tract.yaml", "-b", str(folder / REPO), "-i", WARPS),
            *("-o", RESTORED, "-d", where, *(["--extra-qgraph-options", options] if options else [])),
        ],
        folder=folder,
        environment=os.environ | needed,
    )
    seconds = time.monotonic() - start
    graphs = sorted(folder.glob(f"submit/{RESTORED}/*/*.qg"), key=lambda path: path.stat().st_mtime)
    return TractRun(seconds, read_outcomes(str(folder / REPO), graphs[-1]))
