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

"""Names that become part of a repository, and of paths in it."""

from __future__ import annotations

__all__ = ("check_collection_name", "check_name")

from ..errors import RepositoryConflictError

LONGEST_COLLECTION = 64
"""Characters that the registry has for the name of a collection (`int`)."""


def check_collection_name(name: object) -> None:
    """Raise unless a run may have a name.

    Parameters
    ----------
    name : `object`
        The name, slashes between its parts.

    Raises
    ------
    RepositoryConflictError
        Raised if it is no text, or would lead out of the repository.
    """
    check_name("run", name, LONGEST_COLLECTION)
    for part in str(name).split("/"):
        if part in ("", ".", ".."):
            raise RepositoryConflictError(
                f"A run cannot have the name {name!r}: it becomes a path inside the repository, and "
                f"{part!r} is no part of one."
            )


def check_name(what: str, name: object, longest: int) -> None:
    """Raise unless something may have a name.

    Parameters
    ----------
    what : `str`
        What it is the name of, for the message.
    name : `object`
        The name.
    longest : `int`
        Number of characters that it may have.

    Raises
    ------
    RepositoryConflictError
        Raised if it is no text, is empty or too long, has characters that
        cannot be seen, or means a folder.
    """
    reason = None
    if not isinstance(name, str):
        reason = "it is no text"
    elif not name.strip() or name in (".", ".."):
        reason = "it must not be empty or a folder"
    elif len(name) > longest:
        reason = f"it has {len(name)} characters, and the registry has room for {longest}"
    elif not name.isprintable():
        reason = "it has characters that cannot be printed"
    if reason:
        raise RepositoryConflictError(f"No {what} can have the name {str(name)[:80]!r}: {reason}.")
