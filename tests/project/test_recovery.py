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

"""What the page on recovery says to type, typed after the damage it is for."""

from __future__ import annotations

import contextlib
import importlib
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsst.ctrl.mpexec.cli.pipetask import cli as pipetask
from lsst.daf.butler import Butler
from lsst.daf.butler.cli.butler import cli as butler_command
from lsst.daf.butler.cli.utils import LogCliRunner

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "doc" / "lsst.acn" / "recovery.rst"
COMMANDS = {"butler": butler_command, "pipetask": pipetask}


@pytest.fixture
def blocks(tmp_path: Path) -> Iterator[list[str]]:
    """Yield the blocks of the page, in a folder to type them in."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(tmp_path):
        patch.syspath_prepend(str(ROOT / "doc"))
        found = importlib.import_module("page_code").code_blocks(PAGE)
        assert len(found) == PAGE.read_text().count(".. code-block::")
        (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
        yield [code for _, code in found]


def type_in(block: str) -> list[Any]:
    """Give the commands of a block, those of the Butler in this process."""
    results = []
    for line in block.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line)
        if program in COMMANDS:
            results.append(LogCliRunner().invoke(COMMANDS[program], arguments))
        else:
            assert os.system(line) == 0
    return results


def succeed(block: str) -> None:
    for result in type_in(block):
        assert result.exit_code == 0, f"{result.output} {result.exception!r}"


def only(name: str, collection: str) -> Any:
    with Butler.from_config("REPO", collections=collection) as butler:
        (found,) = butler.query_datasets(name, where="band = 'i' AND skymap = 'simulated'")
        return butler.get(found)


def remove(name: str) -> None:
    with Butler.from_config("REPO", writeable=True, collections="restored") as butler:
        butler.pruneDatasets(butler.query_datasets(name), purge=True, unstore=True, disassociate=True)


def lose_warp(visit: int, damage: Callable[[Path], Any]) -> None:
    with Butler.from_config("REPO", collections="simulated/warps") as butler:
        (found,) = butler.query_datasets("direct_warp", where=f"visit = {visit} AND instrument = 'SimCam'")
        damage(Path(butler.getURI(found).ospath))


def test_what_the_page_says_works_after_the_damage(blocks: list[str]) -> None:
    ingest, run, repeat, disk, again, without = blocks
    # Killed while it made the repository.
    (Path("REPO") / "lsst-acn-making").mkdir(parents=True)
    succeed(ingest)
    assert "already has warps" in type_in(ingest)[0].output
    succeed(run)
    coadd = only("reference_coadd", "restored").image.array
    # Killed after the coadd was written, before the quantum was done.
    remove("assembleReferenceCoadd_metadata")
    refused = type_in(repeat.replace("--clobber-outputs", ""))
    assert refused[0].exit_code != 0
    succeed(repeat)
    np.testing.assert_array_equal(only("reference_coadd", "restored").image.array, coadd)
    # A temporary file of the day before yesterday, and one of now.
    for name, age in {"old": 2 * 86400, "new": 0}.items():
        path = Path("REPO") / f"{name}.tmp.fits"
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime - age))
    succeed(disk)
    assert sorted(path.name for path in Path("REPO").glob("*.tmp.*")) == ["new.tmp.fits"]


def test_warp_that_is_lost_is_stored_again_or_left_out(blocks: list[str]) -> None:
    ingest, run, _, _, again, without = blocks
    succeed(ingest)
    lose_warp(2, Path.unlink)
    (refused,) = type_in(run)
    assert refused.exit_code != 0
    succeed(again)
    assert only("reference_coadd", "repaired").provenance.inputs["visit"].tolist() == [1, 2, 3]
    succeed(without)
    assert only("reference_coadd", "without").provenance.inputs["visit"].tolist() == [1, 3]
    assert only("assembleReferenceCoadd_metadata", "without")["assembleReferenceCoadd"]["lost_visits"] == 2
