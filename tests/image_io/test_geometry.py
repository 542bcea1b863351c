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

import importlib

import pytest
from small_warps import BOX, PATCH

import lsst.acn.image_io
import lsst.images
from lsst.acn import Box


def test_corners_lead_back_to_the_box() -> None:
    assert PATCH.box_of(PATCH.corners()) == BOX
    part = Box(103, 120, 222, 259)
    assert PATCH.box_of(PATCH.corners(part)) == part


def test_older_images_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    # That of v30.0.7 has no such name.
    monkeypatch.delattr(lsst.images, "SkyProjection")
    with pytest.raises(ImportError, match=r"needs lsst.images of the week w_2026_30, or of v30\.0\.10"):
        importlib.reload(lsst.acn.image_io)
