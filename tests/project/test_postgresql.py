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

"""A registry in PostgreSQL, with several workers that write at once.

A real server is started for these tests, in a folder of its own and reachable
only through a socket in that folder.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from array_libraries import needs_keras
from two_patches import PATCHES, fill_repository

from lsst.daf.butler import Butler, Config

psycopg = pytest.importorskip("psycopg", reason="psycopg, of the extra postgres, is not installed")
postgresql = pytest.importorskip("benchmarks.torture.postgresql")

ROOT = Path(__file__).parents[2]
PIPELINE = str(ROOT / "pipelines" / "acn.yaml")
OUTPUTS = {
    "restoration": ("restored_coadd", "restored_coadd_latent", "restored_coadd_training"),
    "reference": ("reference_coadd",),
}
OPTIONS = {
    # A few steps of training, so that both pipetasks are at work at one time.
    "restoration": (
        *("-c", "restoreCoadd:restoration.cross_exposure.network=fresh"),
        *("-c", "restoreCoadd:restoration.cross_exposure.steps=3"),
        *("-c", "restoreCoadd:restoration.cross_exposure.samples=4"),
    ),
    "reference": ("-j", "2"),
}
TASKS = {"restoration": "restoreCoadd", "reference": "assembleReferenceCoadd"}


@pytest.fixture
def database() -> Iterator[str]:
    """Address of an empty database."""
    # Folders that pytest makes are closed to other users, such as nobody.
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acn-postgres-")))
        try:
            address = stack.enter_context(postgresql.postgresql_server(folder))
        except postgresql.NoServerError as error:
            pytest.skip(str(error))
        yield address


def _start_pipetask(root: str, subset: str, log: Path) -> subprocess.Popen[bytes]:
    code = "from lsst.ctrl.mpexec.cli.pipetask import main; main()"
    arguments = ["run", "-b", root, "-p", f"{PIPELINE}#{subset}", "-i", "warps", "--output-run", subset]
    arguments += ["-d", "skymap='test' AND tract=0 AND band='r'", "--register-dataset-types"]
    arguments += OPTIONS[subset]
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


def _most_sessions(database: str, processes: list[subprocess.Popen[bytes]]) -> int:
    """Wait for processes; return the number of sessions they had at one time."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid != pg_backend_pid()"
    most = 0
    with psycopg.connect(database, autocommit=True) as connection:
        while any(process.poll() is None for process in processes):
            (sessions,) = connection.execute(query, [postgresql.DATABASE]).fetchone()
            most = max(most, sessions)
            time.sleep(0.05)
    return most


@needs_keras
def test_two_pipetasks_and_their_workers_write_at_once(database: str, tmp_path: Path) -> None:
    root = str(tmp_path / "repo")
    Butler.makeRepo(root, config=Config({"registry": {"db": database, "namespace": postgresql.NAMESPACE}}))
    fill_repository(root, skymap="test", instrument="TestCam", band="r", run="warps")
    logs = {subset: tmp_path / f"{subset}.log" for subset in OUTPUTS}
    processes = {subset: _start_pipetask(root, subset, log) for subset, log in logs.items()}
    most = _most_sessions(database, list(processes.values()))
    for subset, process in processes.items():
        assert process.returncode == 0, logs[subset].read_text()
    # A process that has workers holds a session while these have theirs.
    assert most > 2
    with Butler.from_config(root, collections=list(OUTPUTS)) as butler:
        for subset, names in OUTPUTS.items():
            for name in (*names, f"{TASKS[subset]}_metadata", f"{TASKS[subset]}_log"):
                references = butler.query_datasets(name, collections=subset)
                assert sorted(reference.dataId["patch"] for reference in references) == list(PATCHES)
        for patch in PATCHES:
            coadds = [
                butler.get(name, skymap="test", tract=0, patch=patch, band="r")
                for name in ("restored_coadd", "reference_coadd")
            ]
            assert coadds[0].bbox == coadds[1].bbox
            assert np.isfinite(coadds[0].image.array).all()
    with psycopg.connect(database) as connection:
        schemas = {row[0] for row in connection.execute("SELECT schemaname FROM pg_tables").fetchall()}
    assert postgresql.NAMESPACE in schemas
    assert not list(Path(root).glob("*.sqlite3"))
