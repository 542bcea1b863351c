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

"""A small patch of warps, in memory and in a Butler repository."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_warps import INSTRUMENT, PATCH, make_warps

import lsst.utils.packages
from lsst.acn.image_io import (
    CoaddInput,
    read_exposure_stack,
)
from lsst.acn.repository.store import VisitDescription, open_repository, put_warps, sync_dimensions
from lsst.acn.warps.reader import WarpInputs


@pytest.fixture(scope="session", autouse=True)
def _installed_packages_are_listed_once() -> Iterator[None]:
    """Spare every quantum a look at all packages: none is installed meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        listed = functools.cache(lsst.utils.packages.packages_distributions)
        patch.setattr(lsst.utils.packages, "packages_distributions", listed)
        yield


@pytest.fixture
def warps() -> dict[int, Any]:
    """Three warps of one patch, by visit."""
    return make_warps()


@pytest.fixture
def warp_inputs(warps: dict[int, Any]) -> WarpInputs:
    """The same as a task gets them."""
    identities = tuple(CoaddInput(INSTRUMENT, visit, "r_01", 20260131) for visit in warps)
    return WarpInputs(exposures=read_exposure_stack(warps), identities=identities)


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[[dict[int, Any]], str]:
    """Return a function that puts warps into a new repository, in run "warps"."""

    def make(warps: dict[int, Any]) -> str:
        root = str(tmp_path / "repo")
        visits = [VisitDescription(visit, "r", "r_01", 20260131) for visit in warps]
        with open_repository(root) as butler:
            sync_dimensions(butler, instrument=INSTRUMENT, visits=visits, patches=[PATCH])
            put_warps(butler, warps.items(), instrument=INSTRUMENT, run="warps")
        return root

    return make
