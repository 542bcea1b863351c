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

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddTask
from lsst.daf.butler import Butler
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor

MakeRepository = Callable[[dict[int, Any]], str]


@pytest.fixture
def root(warps: dict[int, Any], make_repository: MakeRepository) -> str:
    """Return a repository with three warps."""
    return make_repository(warps)


def file_of(root: str, visit: int) -> Path:
    with Butler.from_config(root, collections="warps") as butler:
        (found,) = butler.query_datasets("direct_warp", where=f"visit = {visit} AND instrument = 'TestCam'")
        return Path(butler.getURI(found).ospath)


def run(root: str, damage: Callable[[], Any], **config: Any) -> tuple[list[int], list[int]]:
    """Make a coadd after the graph; return its visits, and those that the metadata call lost."""
    settings = AssembleReferenceCoaddTask.ConfigClass()
    for name, value in config.items():
        setattr(settings, name, value)
    butler = SimplePipelineExecutor.prep_butler(root, inputs=["warps"], output="out")
    try:
        executor = SimplePipelineExecutor.from_task_class(
            AssembleReferenceCoaddTask, config=settings, butler=butler
        )
        damage()
        executor.run(register_dataset_types=True)
        coadds = butler.query_datasets("reference_coadd", explain=False)
        visits = [visit for coadd in coadds for visit in butler.get(coadd).provenance.inputs["visit"]]
        label = "assembleReferenceCoadd"
        metadata = [butler.get(each) for each in butler.query_datasets(f"{label}_metadata", explain=False)]
        return visits, [
            visit
            for each in metadata
            if label in each and "lost_visits" in each[label]
            for visit in each[label].getArray("lost_visits")
        ]
    finally:
        butler.close()


def test_lost_warp_is_an_error_that_names_the_visit(root: str, caplog: pytest.LogCaptureFixture) -> None:
    path = file_of(root, 11)
    with pytest.raises(Exception, match="visits \\[11\\] are gone"):
        run(root, path.unlink)


def test_lost_warp_may_be_left_out(root: str, caplog: pytest.LogCaptureFixture) -> None:
    path = file_of(root, 11)
    assert run(root, path.unlink, allow_lost_warps=True) == ([10, 12], [11])
    (told,) = [each for each in caplog.records if "are gone" in each.getMessage()]
    assert told.levelno == logging.WARNING


def test_patch_whose_warps_are_all_lost_is_told(root: str, caplog: pytest.LogCaptureFixture) -> None:
    paths = [file_of(root, visit) for visit in (10, 11, 12)]
    assert run(root, lambda: [path.unlink() for path in paths]) == ([], [])
    told = [each for each in caplog.records if "files of all its warps are gone" in each.getMessage()]
    assert told[0].levelno == logging.WARNING


def test_warp_that_cannot_be_read_is_named(root: str) -> None:
    path = file_of(root, 11)
    with pytest.raises(Exception, match=r"Visit 11 \(direct_warp.*Its file cannot be read: "):
        run(root, lambda: path.write_bytes(path.read_bytes()[:5000]))


def test_warps_that_were_removed_are_not_lost(root: str) -> None:
    with Butler.from_config(root, writeable=True, collections="warps") as butler:
        (found,) = butler.query_datasets("direct_warp", where="visit = 11 AND instrument = 'TestCam'")
        butler.pruneDatasets([found], disassociate=False, unstore=True)
    assert run(root, lambda: None) == ([10, 12], [])
