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

import numpy as np
import pytest
from small_warps import BOX, PATCH

import lsst.acn.image_io
import lsst.images
from lsst.acn import Box
from lsst.acn.image_io.geometry import fits_wcs


def test_corners_lead_back_to_the_box() -> None:
    assert PATCH.box_of(PATCH.corners()) == BOX
    part = Box(103, 120, 222, 259)
    assert PATCH.box_of(PATCH.corners(part)) == part


@pytest.mark.parametrize("factor", [2, 3])
def test_a_finer_grid_covers_the_same_sky(factor: int) -> None:
    finer = PATCH.on_finer_grid(factor)
    assert finer.outer_box == BOX.on_finer_grid(factor)
    assert finer.inner_box == PATCH.inner_box.on_finer_grid(factor)
    assert finer.cell_shape == (20 * factor, 20 * factor)
    assert finer.pixel_scale == pytest.approx(PATCH.pixel_scale / factor)
    np.testing.assert_allclose(finer.corners(), PATCH.corners(), rtol=0, atol=1e-10)
    # The middle of a pixel is that of the smaller ones in it.
    here = PATCH.sky_projection.pixel_to_sky(x=222.0, y=111.0)
    middle = 0.5 * (factor - 1)
    wcs = fits_wcs(finer, finer.outer_box)
    assert wcs is not None
    first = finer.outer_box
    there = wcs.pixel_to_world(factor * 222 + middle - first.x_start, factor * 111 + middle - first.y_start)
    assert here.separation(there).arcsec < 1e-6


def test_older_images_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    # That of v30.0.7 has no such name.
    monkeypatch.delattr(lsst.images, "SkyProjection")
    with pytest.raises(ImportError, match=r"needs lsst.images of the week w_2026_30, or of v30\.0\.10"):
        importlib.reload(lsst.acn.image_io)
