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

"""Memory of each command on a patch of several tiles, against what the pages promise."""

from __future__ import annotations

__all__ = ("measure_memory",)

import tempfile
from pathlib import Path

import astropy.io.fits
import numpy as np
import yaml

from .commands import Child, ingest_arguments, write_warps
from .pipetask_kills import PIPELINE
from .verdict import Verdict

GIB = 2**30
RESOURCES = Path(__file__).parents[2] / "bps" / "resources.yaml"
TASKS = ("assembleReferenceCoadd", "restoreCoadd", "measureRestoration")

SIZE = 400
"""Side of the patch in pixels: two tiles along each axis (`int`)."""

ROWS_ONLY = 0.001
"""GiB for the pixels of warps with which they are read a few rows at a time (`float`)."""

MOST_GROWTH = 0.15
"""Share by which memory may grow with twice the exposures, where they are read by rows (`float`)."""

FILE_SIDE, FILE_LIMIT = 2048, 49
"""Side of a warp that is ingested, and the limit in MiB that it just keeps."""

TIMES_LIMIT = 8
"""What "a few times the limit" of a file may be (`int`)."""


def measure_memory(folder: Path, count: int, seed: int) -> Verdict:
    """Ingest, restore and measure, with whole warps and by rows, of some exposures and of twice as many.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of exposures, and of twice as many afterwards.
    seed : `int`
        Of the field.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{len(TASKS)} tasks on {SIZE}² pixels of {count} and {2 * count} exposures")
    _ingest(verdict, folder / "ingest")
    peaks = {}
    for visits in (count, 2 * count):
        repo = folder / f"visits{visits}"
        options = ["--size", str(SIZE), "--visits", str(visits), "--seed", str(seed)]
        _run(
            [
                "simulate-warps",
                str(repo),
                *options,
                "--psf-size",
                "21",
                "--cell-size",
                "60",
                "--seeing-max",
                "0.8",
            ]
        )
        for task in TASKS:
            whole = _restore(repo, task, "whole", None)
            _compare(verdict, f"{task} of {visits}", whole, yaml.safe_load(RESOURCES.read_text())["pipetask"])
            verdict.note(f"GiB of {task}, whole warps", whole / GIB)
        for task in TASKS:
            peaks[visits, task] = _restore(repo, task, "rows", ROWS_ONLY)
            verdict.note(f"GiB of {task}, by rows", peaks[visits, task] / GIB)
    for task in TASKS:
        growth = peaks[2 * count, task] / peaks[count, task] - 1.0
        verdict.note(f"growth of {task}, by rows", growth)
        verdict.add(
            "within the limit" if growth <= MOST_GROWTH else "over the limit", f"{task}: grew by {growth:.2f}"
        )
    return verdict


def _ingest(verdict: Verdict, folder: Path) -> None:
    """Ingest a warp that is as large as the limit allows."""
    folder.mkdir()
    table = write_warps(folder / "source", [1])
    path = table.with_name("1.fits")
    with astropy.io.fits.open(path) as hdus:
        for name in ("IMAGE", "MASK", "VARIANCE"):
            hdus[name].data = np.ones((FILE_SIDE, FILE_SIDE), hdus[name].data.dtype)
        hdus.writeto(path, overwrite=True)
    idle = _run(["--help"])
    peak = _run([*ingest_arguments(folder / "repo", table, "warps"), "--max-file-size", str(FILE_LIMIT)])
    taken = (peak - idle) / (FILE_LIMIT * 2**20)
    verdict.note("times the limit of a file, to ingest it", taken)
    verdict.add(
        "within the limit" if taken <= TIMES_LIMIT else "over the limit", f"ingest: {taken:.1f} times"
    )


def _restore(repo: Path, task: str, run: str, stack_memory: float | None) -> int:
    """Return the bytes that a task takes at most."""
    options = ["-b", str(repo), "-p", f"{PIPELINE}#{task}", "-o", run, "-d", "skymap='simulated'"]
    if task == TASKS[0]:
        options += ["-i", "simulated/warps"]
    if stack_memory is not None:
        options += ["-c", f"{task}:max_stack_memory={stack_memory}"]
    return _run(["run", *options, "--register-dataset-types"], "pipetask")


def _run(arguments: list[str], program: str = "butler") -> int:
    with tempfile.NamedTemporaryFile() as output:
        child = Child(arguments, Path(output.name), program)
        if child.wait(600.0) != 0:
            raise RuntimeError(child.said)
    return child.peak


def _compare(verdict: Verdict, what: str, peak: int, requests: dict[str, dict[str, int]]) -> None:
    """Hold the memory of a task against what its job asks for."""
    limit = requests[what.split()[0]]["requestMemory"] * 2**20
    verdict.add("within the limit" if peak <= limit else "over the limit", f"{what}: {peak / GIB:.2f} GiB")
