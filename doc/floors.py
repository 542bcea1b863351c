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

"""The floors of the package, lowest first, and what its modules really import.

``tests/project/test_floors.py`` holds the one against the other, and
``architecture.py`` draws both.
"""

from __future__ import annotations

__all__ = ("FLOORS", "PACKAGE", "TASKS", "imports_of", "modules", "room_imports", "room_of", "stack_imports")

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "python" / "lsst" / "acn"

TASKS = (
    "assemble_reference_coadd",
    "train_restoration",
    "restore_coadd",
    "convert_restored_coadd",
    "deconvolve_coadd",
    "measure_restoration",
)
"""The modules of the six tasks, which pipelines name."""

FLOORS = (
    ("errors", "field_limits"),
    ("fits_config",),
    ("restoration_config",),
    ("exposures",),
    ("machine", "residual_image"),
    ("arrays",),
    ("coadd", "tiles", "image_io"),
    ("forward", "records", "psf_quality", "exposure_quality", "simulation", "restored_files"),
    ("methods", "metrics", "warps", "repository", "report", "residual"),
    ("methods/paper", "methods/image_mm", "methods/cross_exposure/family", "fluxes"),
    ("methods/cross_exposure/network", "nuisances"),
    ("methods/cross_exposure", "restoration_result", "psfs"),
    ("restoration", "flux_measurement"),
    ("measure",),
    ("measure/plots",),
    ("__init__", *TASKS, "demo", "cli", "bps_sites"),
)
"""The rooms of each floor, lowest first: folders, and modules that are in none.

A module imports modules of its own room and of lower floors, no others.
"""


def modules() -> list[str]:
    """Return the modules of the package.

    Returns
    -------
    names : `list` [`str`]
        Their files below the package, without ``.py``.
    """
    files = sorted(PACKAGE.rglob("*.py"))
    names = [path.relative_to(PACKAGE).with_suffix("").as_posix() for path in files]
    return [name for name in names if name != "version"]


def room_of(module: str) -> str:
    """Return the room that a module is in.

    Parameters
    ----------
    module : `str`
        One of `modules`.

    Returns
    -------
    room : `str`
        The longest name in `FLOORS` that is the module or a folder around
        it; its outermost folder if there is none.
    """
    rooms = {room for floor in FLOORS for room in floor}
    parts = module.split("/")
    around = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((name for name in around if name in rooms), parts[0])


def imports_of(module: str) -> set[str]:
    """Return what a module imports of the package, in functions and for types, too.

    Parameters
    ----------
    module : `str`
        One of `modules`.

    Returns
    -------
    imported : `set` [`str`]
        Other modules of the package.
    """
    names = [parts[2:] for parts in _imported(module) if parts[:2] == ["lsst", "acn"]]
    return {name for parts in names for name in _file_of(parts)} - {module}


def stack_imports(module: str) -> set[str]:
    """Return which packages of the LSST stack a module imports.

    Parameters
    ----------
    module : `str`
        One of `modules`.

    Returns
    -------
    packages : `set` [`str`]
        Such as ``daf`` or ``images``; not this one.
    """
    return {parts[1] for parts in _imported(module) if parts[0] == "lsst" and len(parts) > 1} - {"acn"}


def _imported(module: str) -> list[list[str]]:
    """Return the parts of each name that a module imports, relative imports made absolute."""
    here = ["lsst", "acn", *module.split("/")[:-1]]
    result = []
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(node, ast.Import):
            result += [alias.name.split(".") for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            start = here[: len(here) + 1 - node.level] if node.level else []
            start += node.module.split(".") if node.module else []
            result += [[*start, alias.name] for alias in node.names]
    return result


def _file_of(parts: list[str]) -> Iterator[str]:
    """Yield the module that a dotted name means, be it the module or a name in it."""
    for end in (parts, parts[:-1]):
        for name in ("/".join(end), "/".join([*end, "__init__"])):
            if (PACKAGE / f"{name}.py").is_file():
                yield name
                return


def room_imports() -> dict[str, set[str]]:
    """Return which rooms import which.

    Returns
    -------
    imported : `dict` [`str`, `set` [`str`]]
        The other rooms that a room imports, by room.
    """
    result: dict[str, set[str]] = {room_of(module): set() for module in modules()}
    for module in modules():
        result[room_of(module)] |= {room_of(name) for name in imports_of(module)} - {room_of(module)}
    return result
