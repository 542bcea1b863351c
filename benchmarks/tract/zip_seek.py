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

"""A seek in zip files that some versions of Python get wrong, and quantum graphs need.

A quantum graph is a zip file of members that are not compressed, and a job
reads two of them by turns.  Before 3.13.2 and 3.12.9, ``zipfile`` forgets then
where in the file a member was left (CPython issue 127847): beyond the first
4096 bytes it reads something else, or ends with an ``EOFError``.  So no job
gets at the quanta behind about the hundredth.
"""

from __future__ import annotations

__all__ = ("REPAIR", "repair_seeks", "seeks_are_right")

import io
import runpy
import zipfile
from pathlib import Path

REPAIR = Path(__file__).parent / "python_repair"
"""Mends it in every Python that has this folder on its path (`pathlib.Path`)."""


def seeks_are_right() -> bool:
    """Return whether members that are read by turns are read from the right place.

    Returns
    -------
    right : `bool`
        Whether quantum graphs of any length can be read.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("first", "abc")
        archive.writestr("second", "xyz")
    with zipfile.ZipFile(file) as archive, archive.open("first") as first, archive.open("second") as second:
        first.read(1)
        second.seek(1)
        return second.read(1) == b"y"


def repair_seeks() -> None:
    """Mend it in this process."""
    runpy.run_path(str(REPAIR / "sitecustomize.py"))
