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

"""Commands that are killed at any moment, and given again."""

from __future__ import annotations

__all__ = ("ATTEMPTS_PER_KILL", "kill_ingests", "kill_simulations")

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .commands import Child, ingest_arguments, is_traceback, stored_warps, write_warps
from .verdict import Verdict

N_VISITS = 4

ATTEMPTS_PER_KILL = 4
"""Attempts at most, for each kill that is to land in the work (`int`)."""


def kill_ingests(folder: Path, count: int, seed: int) -> Verdict:
    """Kill ``ingest-warps`` into a new repository.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of kills that are to land in the work.
    seed : `int`
        Of the moments.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    table = write_warps(folder / "source", list(range(1, N_VISITS + 1)))
    return _kill(
        "killed ingest-warps",
        folder,
        count,
        seed,
        N_VISITS,
        lambda repo: ingest_arguments(repo, table, "warps"),
    )


def kill_simulations(folder: Path, count: int, seed: int) -> Verdict:
    """Kill ``simulate-warps`` into a new repository.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of kills that are to land in the work.
    seed : `int`
        Of the moments.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    options = ["--size", "48", "--visits", "2", "--cell-size", "24", "--psf-size", "21"]
    # With truth and its catalogue.
    return _kill(
        "killed simulate-warps", folder, count, seed, 4, lambda repo: ["simulate-warps", str(repo), *options]
    )


def _kill(
    what: str, folder: Path, count: int, seed: int, n_datasets: int, arguments: Callable[[Path], list[str]]
) -> Verdict:
    verdict, rng = Verdict(f"{count} {what}"), np.random.default_rng(seed)
    start = time.perf_counter()
    Child(arguments(folder / "whole"), folder / "output").wait()
    duration = time.perf_counter() - start
    for number in range(ATTEMPTS_PER_KILL * count):
        if verdict.counts["killed in the work"] == count:
            break
        repo = folder / f"repo{number}"
        child = Child(arguments(repo), folder / "output")
        moment = float(rng.uniform(0.0, duration))
        child.kill_after(moment)
        was_killed = child.wait() == -9
        verdict.add("killed in the work" if was_killed else "done before the kill")
        if was_killed:
            _repeat(verdict, arguments(repo), folder, repo, n_datasets, f"killed after {moment:.3f} s")
        shutil.rmtree(repo, ignore_errors=True)
    return verdict


def _repeat(
    verdict: Verdict, arguments: list[str], folder: Path, repo: Path, n_datasets: int, moment: str
) -> None:
    if (repo / "butler.yaml").exists():
        whole, _ = stored_warps(repo)
        # All or none: a transaction ends just before the process does.
        verdict.add("with all datasets already" if whole == n_datasets else "with a repository, no dataset")
        if whole not in (0, n_datasets):
            verdict.add("half-written", moment)
        if whole == n_datasets:
            return
    child = Child(arguments, folder / "output")
    status = child.wait()
    if status != 0:
        verdict.add("hangs" if status is None else "cannot be repeated", f"{moment}: {child.said}")
        if status is not None and is_traceback(child):
            verdict.add("tracebacks", moment)
        return
    whole, others = stored_warps(repo)
    verdict.add("repeated" if whole == n_datasets else "lost", moment)
    if others:
        verdict.add("half-written", f"{moment}: {others} files too many")
