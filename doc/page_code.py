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
"""Run the code of a page of the guide, as a reader would."""

from __future__ import annotations

__all__ = ("code_blocks", "run_page")

import contextlib
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^\.\. code-block:: (python|sh)\n\n((?:   .*\n|\n)+)", re.MULTILINE)


def code_blocks(page: Path) -> list[tuple[str, str]]:
    """Return the blocks of code of a page.

    Parameters
    ----------
    page : `pathlib.Path`
        Page in reStructuredText.

    Returns
    -------
    blocks : `list` [`tuple` [`str`, `str`]]
        Language, ``python`` or ``sh``, and code, in the order of the page.
    """
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(language, textwrap.dedent(code).strip() + "\n") for language, code in found]


def run_page(page: Path, folder: Path, edit: Callable[[str], str] = str) -> dict[str, Any]:
    """Run all blocks of code of a page, one after the other.

    Parameters
    ----------
    page : `pathlib.Path`
        Page in reStructuredText.
    folder : `pathlib.Path`
        Folder to work in; pipelines and configs are linked into it.
    edit : `~collections.abc.Callable`, optional
        Changes a command before it is run.

    Returns
    -------
    names : `dict` [`str`, `object`]
        What the Python code has defined.

    Raises
    ------
    subprocess.CalledProcessError
        Raised if a command fails.
    """
    for name in ("pipelines", "config"):
        (folder / name).symlink_to(ROOT / name)
    names: dict[str, Any] = {}
    with contextlib.chdir(folder):
        for number, (language, code) in enumerate(code_blocks(page), start=1):
            if language == "python":
                exec(compile(code, f"{page.name}, block {number}", "exec"), names)
            else:
                _run_commands(edit(code))
    return names


def _run_commands(commands: str) -> None:
    """Run commands of this environment; what they say is shown if they fail."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["bash", "-euc", commands],
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout)
    done.check_returncode()
