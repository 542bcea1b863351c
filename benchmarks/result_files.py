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

"""Results on disk that are good as long as what they are results of stays as it is."""

from __future__ import annotations

__all__ = ("digest_of_package", "fingerprint", "read_result", "slug", "write_result")

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lsst.acn


@functools.cache
def digest_of_package() -> str:
    """Return a digest of all code of the package, and of the networks inside."""
    digest = hashlib.sha256()
    for folder in lsst.acn.__path__:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and path.name != "version.py":
                digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(text: str) -> str:
    """Return a few letters that change when a text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def slug(name: str) -> str:
    """Return a name as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read_result(path: Path, wanted: str) -> dict[str, Any]:
    """Return a result with this fingerprint, empty if there is none."""
    content = json.loads(path.read_text()) if path.is_file() else {}
    return content if content.get("fingerprint") == wanted else {}


def write_result(path: Path, content: Mapping[str, Any]) -> None:
    """Write a result, its fingerprint in it, whole or not at all, should the run be stopped here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    unfinished.replace(path)
