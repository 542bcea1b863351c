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

"""Many commands at once."""

from __future__ import annotations

__all__ = ("race_for_one_run", "race_into_a_new_repository", "race_on_postgresql")

from pathlib import Path

import numpy as np

from lsst.daf.butler import Butler, Config

from .commands import Child, ingest_arguments, is_traceback, stored_warps, write_warps
from .verdict import Verdict

N_AT_ONCE = 4


def race_into_a_new_repository(folder: Path, count: int, seed: int) -> Verdict:
    """Have four commands ingest different visits into a repository that is not there.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of races.
    seed : `int`
        Of how far apart they begin.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    return _race(folder, count, seed, is_same=False)


def race_for_one_run(folder: Path, count: int, seed: int) -> Verdict:
    """Have four commands ingest the same visits into the same run: one can.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of races.
    seed : `int`
        Of how far apart they begin.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    return _race(folder, count, seed, is_same=True)


def race_on_postgresql(folder: Path, count: int, seed: int) -> Verdict:
    """Have four commands ingest into an empty repository in PostgreSQL, other visits or the same.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of races.
    seed : `int`
        Of how far apart they begin.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    from .postgresql import postgresql_server

    # Folders of Python's are closed to other users, such as that of the server.
    folder.chmod(0o755)
    (folder / "server").mkdir()
    with postgresql_server(folder / "server") as address:
        parts = [
            _race(folder, share, seed, is_same=is_same, address=address)
            for is_same, share in ((False, count - count // 2), (True, count // 2))
        ]
    verdict = Verdict(f"{count} races of {N_AT_ONCE} ingests into an empty repository in PostgreSQL")
    for part in parts:
        verdict.counts += part.counts
        verdict.examples += part.examples
    return verdict


def _race(folder: Path, count: int, seed: int, *, is_same: bool, address: str | None = None) -> Verdict:
    what = "the same warps" if is_same else "different warps"
    verdict = Verdict(f"{count} races of {N_AT_ONCE} ingests of {what} into a new repository")
    tables = [
        write_warps(
            folder / f"{'same' if is_same else 'other'}{number}",
            [1, 2] if is_same else [2 * number + 1, 2 * number + 2],
        )
        for number in range(N_AT_ONCE)
    ]
    rng = np.random.default_rng(seed)
    for number in range(count):
        repo = folder / f"{'same' if is_same else 'other'}-repo{number}"
        if address is not None:
            registry = {"db": address, "namespace": repo.name.replace("-", "_")}
            Butler.makeRepo(str(repo), config=Config({"registry": registry}))
        children = []
        for table in rng.permutation(np.arange(N_AT_ONCE)):
            arguments = ingest_arguments(repo, tables[table], "warps")
            children.append(Child(arguments, folder / f"output{table}"))
        _judge(verdict, children, repo, 1 if is_same else N_AT_ONCE)
    return verdict


def _judge(verdict: Verdict, children: list[Child], repo: Path, n_winners: int) -> None:
    done = 0
    for child in children:
        status = child.wait()
        done += status == 0
        if status is None:
            verdict.add("hangs", child.said)
        elif status and is_traceback(child):
            verdict.add("tracebacks", child.said)
        else:
            verdict.add("refused with a message" if status else "succeeded")
    whole, others = stored_warps(repo)
    if whole != 2 * done or done != n_winners:
        verdict.add("lost", f"{done} of {len(children)} succeeded, {whole} datasets")
    if others:
        verdict.add("half-written", f"{others} files")
