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

"""The project's own rules of style, which no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "lsst" / "acn"
HEADER = Path(__file__).read_text().partition('\n\n"""')[0]

SLOW_LIBRARIES = {"galsim", "jax", "keras", "matplotlib", "sep", "skimage", "tensorflow", "torch"}
IMAGE_LIBRARIES = re.compile(r"lsst\.(images|afw)(\.\w+)*")
VAGUE_NAMES = {"common", "helper", "helpers", "misc", "tools", "util", "utils"}
MAX_LINES_OF_FILE = 400
MAX_LINES_OF_FUNCTION = 60


def _python_files(*folders: str) -> list[Path]:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in files if path.name != "version.py")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


MODULES = [path for path in _python_files("python") if path.is_relative_to(PACKAGE)]
modules = pytest.mark.parametrize("path", MODULES, ids=_name)
python_files = pytest.mark.parametrize(
    "path", _python_files("python/lsst/acn", "tests", "benchmarks", "config", "doc"), ids=_name
)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that importing a module runs."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            yield from _run_at_import(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _run_at_import(handler.body)


@python_files
def test_every_file_starts_with_the_license(path: Path) -> None:
    assert path.read_text().startswith(HEADER)


@python_files
def test_file_is_short_and_says_what_it_holds(path: Path) -> None:
    assert path.stem not in VAGUE_NAMES
    assert len(path.read_text().splitlines()) < MAX_LINES_OF_FILE


@modules
def test_module_has_a_docstring_and_states_its_names(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assert path.name in ("__init__.py", "__main__.py") or "__all__" in map(ast.unparse, targets)


@modules
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            has_docstring = ast.get_docstring(node) is not None
            first = node.body[1 if has_docstring and len(node.body) > 1 else 0]
            assert node.end_lineno is not None
            assert node.end_lineno - first.lineno < MAX_LINES_OF_FUNCTION, node.name


@modules
def test_slow_libraries_are_imported_where_they_are_used(path: Path) -> None:
    # Building a quantum graph imports the tasks, on machines that will never
    # train anything.
    for node in _run_at_import(ast.parse(path.read_text()).body):
        assert not {name.partition(".")[0] for name in _imported(node)} & SLOW_LIBRARIES, ast.unparse(node)


@modules
def test_only_image_io_knows_the_image_libraries(path: Path) -> None:
    if "image_io" in path.parts or path.name == "image_io.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        names = _imported(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        assert not any(IMAGE_LIBRARIES.fullmatch(name) for name in names), ast.unparse(node)


def test_importing_every_module_loads_no_slow_library() -> None:
    names = [".".join(path.relative_to(ROOT / "python").with_suffix("").parts) for path in MODULES]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    code = f"import sys, {', '.join(names)}; print(*sorted({SLOW_LIBRARIES} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@modules
def test_loops_have_an_end(path: Path) -> None:
    tree = ast.parse(path.read_text())
    loops = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.While) and _is_constant(node.test)
    ]
    endless = [
        node.lineno for node in ast.walk(tree) if _imported(node) and "itertools.count" in _imported(node)
    ]
    assert not loops + endless


def _is_constant(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))
