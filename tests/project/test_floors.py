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

"""The floors of the package: what may import what."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

from lsst.acn import RestorationConfig
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE
from lsst.acn.methods.cross_exposure.network.mixing_network import N_FEATURES

DOC = Path(__file__).parents[2] / "doc"
PAGE = DOC / "lsst.acn" / "architecture.rst"


@pytest.fixture(scope="module")
def floors() -> Iterator[ModuleType]:
    """The table of floors, which the picture is drawn from as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOC))
        yield importlib.import_module("floors")


def imports(floors: ModuleType) -> list[tuple[str, str]]:
    """Return who imports whom, module by module."""
    return [(module, name) for module in floors.modules() for name in sorted(floors.imports_of(module))]


def test_every_room_has_its_floor(floors: ModuleType) -> None:
    placed = [room for floor in floors.FLOORS for room in floor]
    assert sorted(placed) == sorted(set(map(floors.room_of, floors.modules())))


def test_rooms_import_lower_floors_alone(floors: ModuleType) -> None:
    level = {room: number for number, floor in enumerate(floors.FLOORS) for room in floor}
    upwards = {
        (module, name)
        for module, name in imports(floors)
        if (here := floors.room_of(module)) != (there := floors.room_of(name)) and level[here] <= level[there]
    }
    assert not upwards, "The first of each pair may not import the second."


def test_imports_of_files_make_no_circle(floors: ModuleType) -> None:
    graph: dict[str, set[str]] = {module: set() for module in floors.modules()}
    for module, name in imports(floors):
        graph[module].add(name)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"These import each other: {' <- '.join(error.args[1])}")


def test_imports_are_found_wherever_they_stand(
    floors: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("one", "two", "three", "folder/__init__", "folder/four", "folder/five"):
        (tmp_path / f"{name}.py").write_text("")
    (tmp_path / "folder" / "four.py").write_text(
        "import lsst.acn.one\n"
        "from lsst.daf.butler import Butler\n"
        "if TYPE_CHECKING:\n    from ..two import name\n"
        "def function():\n    from lsst.acn import three\n    from .five import *\n    from . import other\n"
    )
    monkeypatch.setattr(floors, "PACKAGE", tmp_path)
    assert floors.imports_of("folder/four") == {"one", "two", "three", "folder/five", "folder/__init__"}
    assert floors.stack_imports("folder/four") == {"daf"}


def test_folders_of_benchmarks_import_one_way(floors: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "PACKAGE", DOC.parent / "benchmarks")
    graph: dict[str, set[str]] = {}
    for module in floors.modules():
        folder = module.split("/")[0]
        graph.setdefault(folder, set()).update(name.split("/")[0] for name in floors.imports_of(module))
    # A name of `lsst.acn` itself is taken for one of the folder that is looked at.
    graph = {folder: others - {folder, "__init__"} for folder, others in graph.items()}
    assert graph["scoreboard"] == {"peers"}
    TopologicalSorter(graph).prepare()


def test_picture_is_that_of_the_imports(floors: ModuleType) -> None:
    sys.path.insert(0, str(DOC))
    try:
        architecture = importlib.import_module("architecture")
    finally:
        sys.path.remove(str(DOC))
    drawn = architecture.draw(floors.room_imports())
    assert drawn == architecture.PICTURE.read_text(), "Draw it anew: python doc/architecture.py"
    assert f"/{architecture.PICTURE.relative_to(DOC)}" in PAGE.read_text()


def test_page_sends_readers_to_what_is_there(floors: ModuleType) -> None:
    named = set(re.findall(r"``([a-z][\w-]*(?:/[\w.-]+)+)``", PAGE.read_text()))
    named |= set(re.findall(r"tests/[\w/]+", PAGE.read_text()))
    around = (
        DOC.parent,
        floors.PACKAGE,
        floors.PACKAGE / "methods",
        floors.PACKAGE / "methods/cross_exposure",
    )
    missing = {name for name in named if not any(find(folder, name) for folder in around)}
    assert not missing


def test_page_tells_the_shapes_of_today() -> None:
    text, tiles = PAGE.read_text(), RestorationConfig().tiles
    assert f"``(h, w, {FAMILY_SIZE})``" in text
    assert f"``(h, w, {N_FEATURES})``" in text
    assert f"{tiles.restoring_size} pixels wide" in text
    assert f"over {tiles.overlap} pixels" in text


def find(folder: Path, name: str) -> bool:
    """Tell whether there is such a file or folder, or a module without its ``.py``."""
    return (folder / name).exists() or (folder / f"{name}.py").exists()
