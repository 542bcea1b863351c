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

"""Warps of noise on one small patch, each as unlike the others as a test needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from small_warps import BOX

from lsst.acn import Box, ExposureStack, gaussian_kernel
from lsst.acn.image_io import (
    PatchGeometry,
    make_patch_geometry,
    make_warp,
    read_exposure_stack,
    tangent_plane_wcs,
)
from lsst.images.cells import CellCoadd, CellGridBounds, CellPointSpreadFunction


def geometry(*, patch: int = 0, cell_size: int = 20, ra: float = 30.0, outer_box: Box = BOX) -> PatchGeometry:
    return make_patch_geometry(
        tangent_plane_wcs(ra, -5.0, 0.2),
        skymap="test",
        tract=0,
        patch=patch,
        outer_box=outer_box,
        cell_size=cell_size,
    )


PATCH = geometry()


def warp(
    seed: int = 0, *, box: Box = BOX, psf: Any = None, mask: np.ndarray | None = None, **keywords: Any
) -> CellCoadd:
    rng = np.random.default_rng(seed)
    keywords = {"geometry": PATCH, "band": "r"} | keywords
    psf = gaussian_kernel(3.0, 11) if psf is None else psf
    variance = rng.uniform(0.5, 2.0, box.shape)
    return make_warp(rng.normal(size=box.shape), variance, psf, box=box, mask=mask, **keywords)


def with_cell_kernels(array: np.ndarray) -> CellCoadd:
    """Return a warp with any array at all as the kernels of its 2 x 3 cells."""
    good = warp()
    bounds = CellGridBounds(grid=PATCH.patch.cells, bbox=PATCH.patch.cells.bbox)
    return CellCoadd(
        good.image,
        mask=good.mask,
        variance=good.variance,
        sky_projection=good.sky_projection,
        band="r",
        psf=CellPointSpreadFunction(np.broadcast_to(array, (2, 3, *array.shape[-2:])), bounds),
        patch=good.patch,
    )


def two_exposures() -> ExposureStack:
    """Return two exposures, the second of which lacks the cells on the right."""
    mask = np.zeros(BOX.shape, np.uint32)
    mask[:, 40:] = 1
    mask[:10, :20] = 2
    planes = {"NO_DATA": 0, "SAT": 1}
    other = warp(2, psf=gaussian_kernel(4.0, 15), mask=mask, mask_planes=planes)
    return read_exposure_stack({1: warp(1), 2: other})
