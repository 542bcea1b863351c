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

"""What is installed, and from what."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import lsst.acn
from lsst.pipe.base import Pipeline
from lsst.resources import ResourcePath

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# A pin and its hashes are one line, which is continued.
PINNED = (ROOT / "requirements.txt").read_text().replace("\\\n", "").splitlines()
PINS = {
    requirement.name: requirement for requirement in (Requirement(line.split(" --")[0]) for line in PINNED)
}


def _requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"]
    names = ("train", "bps", "postgres", "test", "lint", "doc")
    return PROJECT["dependencies"] + [text for name in names for text in extras[name]]


@pytest.mark.parametrize("text", _requirements())
def test_every_dependency_is_pinned_within_its_limits(text: str) -> None:
    wanted = Requirement(text)
    (pin,) = PINS[wanted.name].specifier
    assert pin.operator == "=="
    assert wanted.specifier.contains(pin.version)


@pytest.mark.parametrize("line", PINNED)
def test_every_pin_has_the_hashes_of_its_files(line: str) -> None:
    pin, *hashes = line.split(" --hash=")
    assert Requirement(pin.strip()).specifier
    assert hashes
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", each.strip()) for each in hashes)


def test_the_pins_name_no_index() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert not re.search(r"://|^-|@", text, re.MULTILINE)
    assert not (ROOT / "uv.lock").exists()


def test_the_interpreter_asked_for_is_one_that_is_supported() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(version)
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def _copy_of_the_source(folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "COPYRIGHT", "LICENSE"):
        shutil.copy(ROOT / name, source)
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "version.py")
    shutil.copytree(ROOT / "python", source / "python", ignore=unwanted)
    return source


RESOURCES = ("pipelines", "config", "bps")


@pytest.mark.parametrize("folder", RESOURCES)
def test_resources_are_the_folders_of_the_checkout(folder: str) -> None:
    # Links, so that there is nothing to keep equal.
    inside = ROOT / "python" / "lsst" / "acn" / "resources" / folder
    assert inside.is_symlink()
    assert inside.resolve() == ROOT / folder


@pytest.mark.parametrize("start", ["resource://lsst.acn/resources", "eups://acn", "$ACN_DIR"])
def test_pipelines_and_configs_are_found_from_any_folder(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACN_DIR", raising=False)
    pipeline = Pipeline.from_uri(f"{start}/pipelines/acn.yaml")
    pipeline.addConfigFile("restoreCoadd", f"{start}/config/paper.py")
    config = pipeline.to_graph().tasks["restoreCoadd"].config
    assert config.restoration.method == "paper"
    assert ResourcePath(f"{start}/bps/acn.yaml").exists()


def test_version_is_that_of_the_distribution() -> None:
    # What is newer here was written by a later build of the same checkout.
    assert Version(lsst.acn.__version__) >= Version(importlib.metadata.version("lsst-acn"))
    assert "unknown" not in lsst.acn.__version__


def test_links_of_the_readme_lead_somewhere_from_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    linked = importlib.import_module("setup").linked
    text = linked("![a](doc/a.png) [b](doc/b.rst) [c](https://c.org)", "https://home")
    assert text == (
        "![a](https://home/raw/main/doc/a.png) [b](https://home/blob/main/doc/b.rst) [c](https://c.org)"
    )


def test_source_distribution_is_a_checkout_without_git(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode or not tracked.stdout:
        pytest.skip("This is no checkout.")
    wanted = {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()}
    source = tmp_path / "source"
    for name in wanted:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    code = f"import setuptools.build_meta as b; b.build_sdist({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        packed = {name.partition("/")[2] for name in file.getnames()}
    links = {f"python/lsst/acn/resources/{folder}" for folder in RESOURCES}
    assert wanted - links - {".gitignore"} <= packed
    assert "python/lsst/acn/resources/pipelines/acn.yaml" in packed


def test_wheel_from_a_tree_without_git_has_every_module(tmp_path: Path) -> None:
    source = _copy_of_the_source(tmp_path)
    code = f"import setuptools.build_meta as b; b.build_wheel({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("lsst/")}
        (metadata,) = (
            archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA")
        )
    assert "\nVersion: 0+unknown\n" in metadata
    there = {path.relative_to(source / "python").as_posix() for path in (source / "python").rglob("*.*")}
    assert {name for name in there if name.startswith("lsst/") and "egg-info" not in name} == packed
    assert "lsst/acn/py.typed" in packed
    for folder in RESOURCES:
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
        assert {f"lsst/acn/resources/{path.relative_to(ROOT).as_posix()}" for path in files} <= packed


def test_butler_finds_the_subcommands_by_their_entry_point() -> None:
    (entry,) = (point for point in importlib.metadata.entry_points(group="butler.cli") if point.name == "acn")
    commands = {command.name for command in entry.load()()}
    assert commands == {"color-restorations", "ingest-warps", "report-restorations", "simulate-warps"}


def test_butler_finds_the_subcommands_only_once() -> None:
    # scons makes an entry point from pyproject.toml, and the butler refuses
    # to run at all if a command is announced by DAF_BUTLER_PLUGINS as well.
    assert PROJECT["entry-points"]["butler.cli"] == {"acn": "lsst.acn.cli:get_cli_subcommands"}
    assert "DAF_BUTLER_PLUGINS" not in (ROOT / "ups" / "acn.table").read_text()


def test_table_names_the_packages_that_are_imported() -> None:
    table = (ROOT / "ups" / "acn.table").read_text()
    products = set(re.findall(r"^setup(?:Required|Optional)\((\w+)\)", table, re.MULTILINE))
    modules = (ROOT / "python" / "lsst" / "acn").rglob("*.py")
    pattern = re.compile(
        r"^\s*(?:from|import) lsst\.((?:analysis|daf|meas|pex|pipe|ctrl)\.\w+|\w+)", re.MULTILINE
    )
    imported = {name.replace(".", "_") for path in modules for name in pattern.findall(path.read_text())}
    assert imported - {"acn"} <= products
