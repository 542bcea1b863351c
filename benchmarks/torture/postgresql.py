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

"""A PostgreSQL server in a folder of its own, reachable only through a socket in that folder."""

from __future__ import annotations

__all__ = ("DATABASE", "NAMESPACE", "NoServerError", "postgresql_server")

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

USER = DATABASE = NAMESPACE = "acn"


class NoServerError(RuntimeError):
    """There is no PostgreSQL here, or not enough of it."""


@contextlib.contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """Run a server and yield the address of an empty database.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where its files are kept; it is given to another user if need be.

    Yields
    ------
    address : `str`
        As SQLAlchemy takes it.

    Raises
    ------
    NoServerError
        Raised if there is no server here that can be used.
    """
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


def _server_programs() -> Path:
    """Return the folder of initdb and pg_ctl, which Debian keeps off the PATH."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServerError("no PostgreSQL server is installed here (Debian and Ubuntu: apt install postgresql)")


def _unprivileged() -> dict[str, Any]:
    """Return arguments that make a subprocess run as somebody else than root.

    The server refuses to run as root.
    """
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoServerError("PostgreSQL does not run as root, and there is no user nobody") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _make_database(connection_info: str) -> None:
    with psycopg.connect(f"{connection_info} dbname=postgres", autocommit=True) as connection:
        extension = "SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gist'"
        if connection.execute(extension).fetchone() is None:
            raise NoServerError("the extension btree_gist of PostgreSQL is not installed (contrib package)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with psycopg.connect(f"{connection_info} dbname={DATABASE}", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
