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

"""Disks that have no room left."""

from __future__ import annotations

__all__ = ("fill_the_disk",)

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .commands import Child, ingest_arguments, is_traceback, stored_warps, write_warps
from .verdict import Verdict


def fill_the_disk(folder: Path, count: int, seed: int) -> Verdict:
    """Ingest onto a disk that has room for a part of it, into a new repository or an old one.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work; disks in memory are mounted there, which needs the
        right to do so.
    count : `int`
        Number of attempts.
    seed : `int`
        Of the room that there is.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict, rng = Verdict(f"{count} ingests onto a disk without room"), np.random.default_rng(seed)
    first, second = (write_warps(folder / f"source{visit}", [visit, visit + 1]) for visit in (1, 3))
    for number in range(count):
        with _disk(folder / f"disk{number}") as disk:
            repo, is_old = disk / "repo", number % 2 == 1
            if is_old:
                Child(ingest_arguments(repo, first, "warps"), folder / "output").wait()
            room = int(np.exp(rng.uniform(np.log(1e3), np.log(1.2e6))))
            (disk / "other").write_bytes(bytes(shutil.disk_usage(disk).free - room))
            child = Child(ingest_arguments(repo, second, "more"), folder / "output")
            if _is_refused(verdict, child, repo, is_old, f"{room} bytes"):
                (disk / "other").unlink()
                child = Child(ingest_arguments(repo, second, "more"), folder / "output")
                if child.wait() != 0:
                    verdict.add("cannot be repeated", f"{room} bytes: {child.said}")
    return verdict


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _is_refused(verdict: Verdict, child: Child, repo: Path, is_old: bool, example: str) -> bool:
    status = child.wait()
    if status == 0:
        verdict.add("succeeded")
        return False
    verdict.add("refused with a message")
    if status is None:
        verdict.add("hangs", example)
    elif is_traceback(child):
        verdict.add("tracebacks", f"{example}: {child.said}")
    if not is_old and repo.exists():
        verdict.add("half-written", f"{example}: a repository is left")
    if is_old:
        whole, others = stored_warps(repo)
        if whole != 2 or others:
            verdict.add("lost" if whole < 2 else "half-written", f"{example}: {whole} and {others}")
    return True
