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
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from two_patches import PATCHES, fill_repository

from lsst.daf.butler import Butler, Config

psycopg = pytest.importorskip("psycopg", reason="psycopg, of the extra postgres, is not installed")

ROOT = Path(__file__).parents[2]
PIPELINE = str(ROOT / "pipelines" / "acn.yaml")
USER = DATABASE = NAMESPACE = "acn"
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


def _server_programs() -> Path:
    """Return the folder of initdb and pg_ctl, which Debian keeps off the PATH."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("no PostgreSQL server is installed here (Debian and Ubuntu: apt install postgresql)")


def _unprivileged() -> dict[str, Any]:
    """Return arguments that make a subprocess run as somebody else than root.

    The server refuses to run as root.
    """
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Run a server in a folder and yield the address of an empty database."""
    programs, who, data = _server_programs(), _unprivileged(), str(folder / "data")
    if who:
        os.chown(folder, who["user"], who["group"])

    def run(program: str, *arguments: str) -> None:
        # The server inherits what it gets as output, and would keep a pipe open.
        with open(folder / "output", "a+") as output:
            command = [str(programs / program), "-D", data, *arguments]
            done = subprocess.run(command, stdout=output, stderr=output, cwd=folder, **who)
            output.seek(0)
            assert done.returncode == 0, output.read()

    run("initdb", "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "start", "-w", "-t", "60", "-l", str(folder / "log"), "-o", options)
    try:
        _make_database(f"host={folder} user={USER}")
        yield f"postgresql://{USER}@/{DATABASE}?host={folder}"
    finally:
        run("pg_ctl", "stop", "-w", "-m", "immediate")


def _make_database(connection_info: str) -> None:
    with psycopg.connect(f"{connection_info} dbname=postgres", autocommit=True) as connection:
        extension = "SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gist'"
        if connection.execute(extension).fetchone() is None:
            pytest.skip("the extension btree_gist of PostgreSQL is not installed (contrib package)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with psycopg.connect(f"{connection_info} dbname={DATABASE}", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION btree_gist")


@pytest.fixture
def database() -> Iterator[str]:
    """Address of an empty database."""
    # Folders that pytest makes are closed to other users, such as nobody.
    with tempfile.TemporaryDirectory(prefix="acn-postgres-") as folder, _server(Path(folder)) as address:
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
            (sessions,) = connection.execute(query, [DATABASE]).fetchone()
            most = max(most, sessions)
            time.sleep(0.05)
    return most


@needs_keras
def test_two_pipetasks_and_their_workers_write_at_once(database: str, tmp_path: Path) -> None:
    root = str(tmp_path / "repo")
    Butler.makeRepo(root, config=Config({"registry": {"db": database, "namespace": NAMESPACE}}))
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
    assert NAMESPACE in schemas
    assert not list(Path(root).glob("*.sqlite3"))
