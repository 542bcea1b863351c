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

"""See that the registry of a repository can be written to before work begins."""

from __future__ import annotations

__all__ = ("check_registry_is_free",)

import contextlib
import logging
import sqlite3
from pathlib import Path

from lsst.daf.butler import Config

from ..errors import RepositoryUnavailableError
from .new_repository import CONFIG_NAME

_LOG = logging.getLogger(__name__)

ATTEMPTS = 6
SECONDS = 10.0
"""How long each attempt waits for a lock (`float`)."""

PREFIX = "sqlite:///"


def check_registry_is_free(root: Path, *, attempts: int = ATTEMPTS, seconds: float = SECONDS) -> None:
    """Raise if an SQLite registry stays locked or cannot be written to.

    Parameters
    ----------
    root : `pathlib.Path`
        The repository.
    attempts : `int`, optional
        How often to try.
    seconds : `float`, optional
        How long to wait each time.

    Raises
    ------
    RepositoryUnavailableError
        Raised if it is locked all that time, or read-only, or if the
        configuration of the repository is damaged.

    Notes
    -----
    The Butler itself waits for five minutes, several times, without a word.
    Other databases than SQLite lock no more than single rows.
    """
    path = _registry_file(root)
    if path is None or not path.exists():
        return
    for attempt in range(attempts):
        try:
            _begin(path, seconds)
        except sqlite3.Error as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise RepositoryUnavailableError(
                    f"The registry {path} cannot be written to: {error}.", path=str(path)
                ) from error
        else:
            return
        if attempt == 0:
            _LOG.warning("Another process keeps the registry %s locked; waiting for it.", path)
    raise RepositoryUnavailableError(
        f"The registry {path} has been locked by another process for {attempts * seconds:.0f} seconds; end "
        "that process, or try again when it is done.",
        path=str(path),
    )


def _registry_file(root: Path) -> Path | None:
    path = root / CONFIG_NAME
    try:
        address = str(Config(str(path)).get(("registry", "db"), ""))
    except Exception as error:
        # Whatever damaged text makes of the parser of YAML, it is the file that is at fault.
        told = " ".join(str(error).split()) or type(error).__name__
        raise RepositoryUnavailableError(
            f"The configuration {path} of the repository cannot be read: {told}", path=str(path)
        ) from error
    if not address.startswith(PREFIX):
        return None
    return Path(address.removeprefix(PREFIX).replace("<butlerRoot>", str(root)))


def _begin(path: Path, seconds: float) -> None:
    """Begin to write, and end it without having written."""
    with contextlib.closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
