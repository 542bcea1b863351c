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

"""Files without end."""

from __future__ import annotations

__all__ = ("open_what_has_no_end",)

import gzip
import os
import resource
from pathlib import Path

from .commands import Child, ingest_arguments, is_traceback, write_warps
from .verdict import Verdict

MAX_FILE_MIB = 16
MOST_MEMORY = 1.5e9
"""Bytes that a command may take, all that it imports included (`float`)."""

KINDS = ("pipe", "/dev/zero", "/dev/urandom", "/dev/stdin", "folder", "sparse", "bomb")


def open_what_has_no_end(folder: Path, count: int, seed: int) -> Verdict:
    """Name each kind of file without end as table and as warp.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of kinds.
    seed : `int`
        Not used: nothing is drawn.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{min(count, len(KINDS))} kinds of files without end, as table and as warp")
    for number, kind in enumerate(KINDS[:count]):
        table = write_warps(folder / f"source{number}", [1])
        _put(kind, table.with_name("1.fits"))
        _put(kind, folder / f"table{number}.ecsv")
        for path in (table, folder / f"table{number}.ecsv"):
            arguments = ingest_arguments(folder / "repo", path, "warps")
            child = Child([*arguments, "--max-file-size", str(MAX_FILE_MIB)], folder / "output")
            status = child.wait(60.0)
            verdict.add("refused with a message")
            if status is None:
                verdict.add("hangs", kind)
            elif status == 0 or is_traceback(child):
                verdict.add("tracebacks", f"{kind}: {child.said}")
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    verdict.add(f"MB at most (limit {MAX_FILE_MIB} MiB)")
    verdict.counts[f"MB at most (limit {MAX_FILE_MIB} MiB)"] = round(peak / 1e6)
    if peak > MOST_MEMORY:
        verdict.add("over the limit", f"{peak / 1e6:.0f} MB")
    return verdict


def _put(kind: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind.startswith("/dev/"):
        path.symlink_to(kind)
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as stream:
            stream.truncate(45 * 10**9)
    else:
        path.write_bytes(gzip.compress(bytes(10**9), 9))
