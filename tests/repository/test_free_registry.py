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

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from lsst.acn import RepositoryUnavailableError
from lsst.acn.repository.free_registry import check_registry_is_free
from lsst.acn.repository.new_repository import make_repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a new repository."""
    make_repository(tmp_path)
    return tmp_path


def test_locked_registry_is_told_at_once(root: Path) -> None:
    check_registry_is_free(root)
    with contextlib.closing(sqlite3.connect(root / "gen3.sqlite3", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(RepositoryUnavailableError, match="has been locked by another process") as caught:
            check_registry_is_free(root, attempts=2, seconds=0.05)
    assert str(root / "gen3.sqlite3") in str(caught.value)


def test_registry_that_is_none_is_told(root: Path) -> None:
    (root / "gen3.sqlite3").write_bytes(b"not a database " * 100)
    with pytest.raises(RepositoryUnavailableError, match="file is not a database"):
        check_registry_is_free(root)


def test_configuration_that_is_damaged_is_told(root: Path) -> None:
    (root / "butler.yaml").write_text("{{{:")
    with pytest.raises(RepositoryUnavailableError, match="butler.yaml of the repository cannot be read"):
        check_registry_is_free(root)


def test_other_databases_lock_rows_only(root: Path) -> None:
    (root / "butler.yaml").write_text("registry:\n  db: postgresql://host/name\n")
    check_registry_is_free(root)
