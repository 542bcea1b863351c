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

import numpy as np
import pytest
from noise_warps import warp
from small_warps import BOX, PATCH

from lsst.acn import Box, gaussian_kernel
from lsst.acn.image_io import make_patch_geometry, make_warp, read_exposure_stack, tangent_plane_wcs
from lsst.images import Box as ImagesBox
from lsst.images import Image, Mask
from lsst.images.cells import CellCoadd


def test_warp_must_fit_its_patch() -> None:
    with pytest.raises(ValueError, match="not inside"):
        warp(box=BOX.grown_by(1))
    with pytest.raises(ValueError, match="does not fit"):
        make_warp(np.zeros((3, 3)), np.ones((3, 3)), gaussian_kernel(2.0), geometry=PATCH)


def coadd_wider_than_its_cells(box: Box, cells: Box) -> CellCoadd:
    """Return a coadd as in Rubin's data previews: its pixels reach beyond its grid of cells."""
    geometry = make_patch_geometry(
        tangent_plane_wcs(30.0, -5.0, 0.2), skymap="test", tract=7, patch=2, outer_box=cells, cell_size=15
    )
    ones = np.ones(cells.shape)
    inside = make_warp(ones, ones, gaussian_kernel(3.0, 11), geometry=geometry, band="r")
    pixels = ImagesBox.factory[box.y_start : box.y_stop, box.x_start : box.x_stop]
    rows = np.arange(np.prod(box.shape), dtype=np.float32).reshape(box.shape)
    return CellCoadd(
        Image(rows, bbox=pixels, unit=inside.unit),
        variance=Image(np.ones(box.shape, np.float32), bbox=pixels, unit=inside.unit**2),
        mask=Mask(0, schema=inside.mask.schema, bbox=pixels),
        sky_projection=inside.sky_projection,
        psf=inside.psf,
        patch=inside.patch,
        band="r",
    )


@pytest.mark.parametrize("wanted", [None, "all"])
def test_coadd_may_be_wider_than_its_cells(wanted: str | None) -> None:
    cells = Box.from_shape((45, 60), (100, 200))
    box = cells.grown_by(5)
    coadd = coadd_wider_than_its_cells(box, cells)
    assert coadd.psf.bounds.bbox != coadd.bbox
    stack = read_exposure_stack({0: coadd}, box=box if wanted else None, psf_cell_size=15)
    # By itself it is read where it has a PSF; beside a patch that is as wide, all of it.
    assert stack.box == (box if wanted else cells)
    np.testing.assert_array_equal(stack.image[0], coadd.image.array[stack.box.slices_within(box)])
    np.testing.assert_array_equal(stack.psf.at(*stack.box.center)[0], gaussian_kernel(3.0, 11))
