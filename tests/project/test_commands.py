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


"""Commands of README and guide: each is one that its program takes."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from readme_session import blocks_of_readme

from lsst.ctrl.mpexec.cli.pipetask import cli as pipetask
from lsst.daf.butler.cli.butler import cli as butler
from lsst.daf.butler.cli.utils import LogCliRunner

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "doc").rglob("*.rst"))
OF_A_SHELL = re.compile(r"^\.\. code-block:: sh\n\n((?:   .*\n|\n)+)", re.MULTILINE)
OF_PYTHON = re.compile(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _commands(text: str) -> Iterator[str]:
    """Yield the lines of a block of commands, continued lines as one."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        for command in re.split(r"\s&&\s|\s&$|\s\|\s", line):
            if command.strip():
                yield command.strip()


def _all_commands() -> list[str]:
    readme = "".join(blocks_of_readme((ROOT / "README.md").read_text()))
    pages = [textwrap.dedent(block) for page in GUIDE for block in OF_A_SHELL.findall(page.read_text())]
    programs = ("butler ", "pipetask ", "make ", "pip ", "python ", "bps ")
    lines = [line for text in (readme, *pages) for line in _commands(text)]
    return sorted({line for line in lines if line.startswith(programs) and " = " not in line})


COMMANDS = _all_commands()


def _accepted(group: click.Group, words: list[str]) -> None:
    """Raise unless a program knows its subcommand and every option of it."""
    top = click.Context(group)
    while words[0].startswith("-"):
        words = words[2:]
    command = group.get_command(top, words[0])
    assert command is not None, words[0]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    options = [word.partition("=")[0] for word in words[1:] if re.fullmatch(r"--?[a-zA-Z][\w-]*(=.*)?", word)]
    assert not set(options) - known, set(options) - known
    if "..." not in words:
        wanted = [each for each in command.params if each.required and isinstance(each, click.Option)]
        for each in wanted:
            assert set(each.opts) & set(options), each.name


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_its_program_takes(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    match program:
        case "butler":
            _accepted(butler, words)
        case "pipetask":
            _accepted(pipetask, words)
            for name in re.findall(r"(?:eups://acn|\$ACN_DIR)/([\w/]+\.\w+)", line):
                assert (ROOT / name).is_file(), name
        case "bps":
            bps = pytest.importorskip("lsst.ctrl.bps.cli.bps", reason="lsst-ctrl-bps is not installed").cli
            _accepted(bps, words)
        case "make":
            assert words[0] in TARGETS
        case "pip":
            extras = re.findall(r"\[(\w+)\]", line)
            assert set(extras) <= set(PROJECT["optional-dependencies"])
        case "python":
            module = words[words.index("-m") + 1] if "-m" in words else None
            assert module is None or "FOLDER" in module or importlib.util.find_spec(module), module


def test_commands_are_found() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.name)
def test_every_block_of_python_is_python(page: Path) -> None:
    for block in OF_PYTHON.findall(page.read_text()):
        ast.parse(textwrap.dedent(block))


def test_pipelines_are_found_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACN_DIR", raising=False)
    page = (ROOT / "doc/lsst.acn/installing.rst").read_text()
    lines = [line for block in OF_A_SHELL.findall(page) for line in _commands(textwrap.dedent(block))]
    builds = [line for line in lines if line.startswith("pipetask build")]
    assert len(builds) == 3
    for line in builds:
        result = LogCliRunner().invoke(pipetask, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
        assert "RestoreCoaddTask" in result.output
