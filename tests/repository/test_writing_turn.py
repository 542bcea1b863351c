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

import os
import threading
from pathlib import Path

import pytest

from lsst.acn import RepositoryUnavailableError
from lsst.acn.repository.writing_turn import LOCK_NAME, writing_turn


def test_others_wait_for_their_turn(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with writing_turn(tmp_path):
            order.append("second")

    with writing_turn(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_waiting_has_an_end(tmp_path: Path) -> None:
    with (
        writing_turn(tmp_path),
        pytest.raises(RepositoryUnavailableError, match="has been writing into"),
        writing_turn(tmp_path, longest_wait=0.2),
    ):
        pass


def test_lock_that_was_removed_is_not_taken(tmp_path: Path) -> None:
    with writing_turn(tmp_path / "repo"):
        (tmp_path / "repo" / LOCK_NAME).unlink()
        (tmp_path / "repo").rmdir()
        with writing_turn(tmp_path / "repo", longest_wait=1.0):
            assert (tmp_path / "repo" / LOCK_NAME).exists()


def test_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(RepositoryUnavailableError, match="cannot be written to: .*Read-only file system"),
        writing_turn(tmp_path),
    ):
        pass
