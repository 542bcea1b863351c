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

"""One command at a time writes into a repository."""

from __future__ import annotations

__all__ = ("LOCK_NAME", "writing_turn")

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import RepositoryUnavailableError

_LOG = logging.getLogger(__name__)

LOCK_NAME = ".lsst-acn-lock"
"""Empty file in a repository, locked while one of our commands writes (`str`)."""

LONGEST_WAIT = 3600.0
"""Seconds after which a command gives up waiting for another (`float`)."""

PAUSE = 0.1
"""Seconds between two looks at the lock (`float`)."""


@contextlib.contextmanager
def writing_turn(root: Path, longest_wait: float = LONGEST_WAIT) -> Iterator[None]:
    """Wait until no other command of ours writes into a folder, and keep others out.

    Parameters
    ----------
    root : `pathlib.Path`
        The folder, made if it is not there.
    longest_wait : `float`, optional
        Seconds to wait for the others.

    Raises
    ------
    RepositoryUnavailableError
        Raised if others take longer, or the folder cannot be written to.

    Notes
    -----
    The lock is one of the kernel: that of a command that is killed is free at
    once.  Over NFS it holds for all machines.
    """
    try:
        descriptor = _wait_for_lock(root, longest_wait)
    except OSError as error:
        raise RepositoryUnavailableError(f"{root} cannot be written to: {error}.", path=str(root)) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(root: Path, longest_wait: float) -> int:
    for attempt in range(int(longest_wait / PAUSE) + 1):
        root.mkdir(parents=True, exist_ok=True)
        if (descriptor := _lock(root / LOCK_NAME)) is not None:
            return descriptor
        if attempt == 0:
            _LOG.warning("Another command writes into %s; waiting for it.", root)
        time.sleep(PAUSE)
    raise RepositoryUnavailableError(
        f"Another command has been writing into {root} for more than {longest_wait:.0f} seconds; try again "
        "when it is done.",
        path=str(root),
    )


def _lock(path: Path) -> int | None:
    """Return a locked file, or `None` if another has it."""
    try:
        descriptor = _opened(path)
    except FileNotFoundError:
        # The folder was removed by a command that failed.
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A command that failed may have removed the file after we opened it.
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        # Somebody else of our group may have made it.
        return os.open(path, os.O_RDONLY)
