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
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsst.acn import RepositoryConflictError
from lsst.acn.repository.new_repository import check_free, make_repository, remove_empty_repository
from lsst.acn.repository.store import open_repository
from lsst.daf.butler import Butler


class Killed(BaseException):
    """Stands for the end of a process: nothing here tidies up after it."""


def killed_at(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that works until it is called so many times."""
    calls = []

    def call(*arguments: Any, **keywords: Any) -> Any:
        calls.append(arguments)
        if len(calls) == number:
            raise Killed
        return function(*arguments, **keywords)

    return call


def assert_it_can_be_used(root: Path) -> None:
    with open_repository(str(root)) as butler:
        butler.collections.register("run")
    with Butler.from_config(str(root)) as butler:
        assert butler.collections.query("*") == ["run"]
    names = {path.name for path in root.iterdir()} - {"run"}
    assert names == {".lsst-acn-lock", "butler.yaml", "gen3.sqlite3"}


@pytest.mark.parametrize(
    ("owner", "name", "number"),
    [
        (Butler, "_make_repo_registry", 1),
        (os, "replace", 1),
        (os, "replace", 2),
        (shutil, "rmtree", 1),
    ],
)
def test_whoever_is_killed_while_making_one_can_make_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, number: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, staticmethod(killed_at(number, getattr(owner, name))))
        with pytest.raises(Killed):
            make_repository(tmp_path)
    assert_it_can_be_used(tmp_path)


@pytest.mark.parametrize(
    ("owner", "name", "number"), [(os, "replace", 1), (shutil, "rmtree", 1), (Path, "unlink", 1)]
)
def test_whoever_is_killed_while_removing_one_can_make_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, number: int
) -> None:
    root = tmp_path / "repo"
    make_repository(root)
    (root / "run").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed_at(number, getattr(owner, name)))
        with pytest.raises(Killed):
            remove_empty_repository(root, [root])
    assert_it_can_be_used(root)


def test_registry_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "gen3.sqlite3").write_text("precious")
    with pytest.raises(RepositoryConflictError, match="neither empty nor a Butler repository"):
        check_free(tmp_path)
    assert (tmp_path / "gen3.sqlite3").read_text() == "precious"
