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

"""Make a Butler repository so that it is there as a whole or not at all."""

from __future__ import annotations

__all__ = (
    "CONFIG_NAME",
    "check_free",
    "make_repository",
    "missing_parents",
    "remove_empty_repository",
    "remove_makings",
)

import contextlib
import os
import shutil
from pathlib import Path

from lsst.daf.butler import Butler, Config

from ..errors import RepositoryConflictError
from ..image_io.write_recipes import WRITE_RECIPES
from .writing_turn import LOCK_NAME

CONFIG_NAME = "butler.yaml"
REGISTRY_NAME = "gen3.sqlite3"

MAKING = "lsst-acn-making"
"""Folder in which a repository is made, left only by a command that was killed (`str`)."""


def check_free(root: Path) -> None:
    """Raise if a folder holds anything that a repository does not begin with.

    Parameters
    ----------
    root : `pathlib.Path`
        A folder without repository, which need not exist.

    Raises
    ------
    RepositoryConflictError
        Raised if there is something else in it.
    """
    names = {path.name for path in root.iterdir()} if root.exists() else set()
    # A registry is ours to remove only if we were about to make it.
    ours = {LOCK_NAME, MAKING} | ({REGISTRY_NAME} if MAKING in names else set())
    if names - ours:
        raise RepositoryConflictError(f"{root} is neither empty nor a Butler repository.", path=str(root))


def make_repository(root: Path) -> None:
    """Make a repository in a folder in which nobody else is making one.

    Parameters
    ----------
    root : `pathlib.Path`
        The folder, empty or with what a command left that was killed while
        it made a repository there.

    Notes
    -----
    Whoever finds ``butler.yaml`` takes the folder for a repository, so it is
    the last to be moved to its place.
    """
    check_free(root)
    making = root / MAKING
    _remove(making)
    (root / REGISTRY_NAME).unlink(missing_ok=True)
    Butler.makeRepo(
        str(making), config=Config({"datastore": {"formatters": {"write_recipes": WRITE_RECIPES}}})
    )
    for name in (REGISTRY_NAME, CONFIG_NAME):
        os.replace(making / name, root / name)
    remove_makings(root)


def remove_makings(root: Path) -> None:
    """Remove the folder in which a repository was made.

    Parameters
    ----------
    root : `pathlib.Path`
        The complete repository.
    """
    _remove(root / MAKING)


def missing_parents(root: Path) -> list[Path]:
    """Return the folders that a repository will bring with it.

    Parameters
    ----------
    root : `pathlib.Path`
        Where it will be.

    Returns
    -------
    folders : `list` [`pathlib.Path`]
        Those that are not there yet, the innermost first.
    """
    return [folder for folder in (root, *root.parents) if not folder.exists()]


def remove_empty_repository(root: Path, folders: list[Path]) -> None:
    """Remove a repository that was made in vain, unless somebody uses it.

    Parameters
    ----------
    root : `pathlib.Path`
        The repository, or what there is of it.
    folders : `list` [`pathlib.Path`]
        Folders to remove with it where nothing else is in them, the innermost
        first.
    """
    if (root / CONFIG_NAME).exists():
        if not _is_empty(root):
            return
        # In this order, so that whatever is left if we are killed can be repaired.
        for path in root.iterdir():
            if path.name not in (CONFIG_NAME, REGISTRY_NAME, LOCK_NAME):
                _remove(path)
        (root / MAKING).mkdir()
        os.replace(root / CONFIG_NAME, root / MAKING / CONFIG_NAME)
    if (root / MAKING).exists():
        (root / REGISTRY_NAME).unlink(missing_ok=True)
        _remove(root / MAKING)
    (root / LOCK_NAME).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_empty(root: Path) -> bool:
    """Tell whether a repository has neither collections nor skymaps."""
    with Butler.from_config(str(root)) as butler:
        return not butler.collections.query("*") and not butler.query_dimension_records(
            "skymap", explain=False
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
