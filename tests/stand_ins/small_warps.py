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

"""Warps of one small patch."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from lsst.acn import Box, gaussian_kernel
from lsst.acn.image_io import make_patch_geometry, make_warp, tangent_plane_wcs
from lsst.daf.butler import Butler, DatasetType
from lsst.images import Box as ImagesBox
from lsst.images import Image, Mask, MaskedImage, MaskPlane, MaskSchema

BOX = Box.from_shape((40, 60), (100, 200))
PLANES = {"NO_DATA": 0, "SAT": 1, "CR": 2, "DETECTED": 3}
INSTRUMENT = "TestCam"
PATCH = make_patch_geometry(
    tangent_plane_wcs(30.0, -5.0, 0.2), skymap="test", tract=0, patch=0, outer_box=BOX, cell_size=20
)


def make_warps(n: int = 3) -> dict[int, Any]:
    """Return warps by visit: two stars, ever worse seeing, a few bad pixels."""
    rng = np.random.default_rng(5)
    warps = {}
    for index in range(n):
        kernel = gaussian_kernel(3.0 + 0.5 * index, 13)
        image = rng.normal(0.0, 1.0 + index, BOX.shape)
        image[10:23, 10:23] += 2000 * kernel
        image[20:33, 40:53] += 500 * kernel
        mask = np.zeros(BOX.shape, np.uint32)
        mask[0, 0] = 1 << PLANES["NO_DATA"]
        mask[5, 5] = 1 << PLANES["CR"] if index == 1 else 0
        mask[16, 16] = 1 << PLANES["SAT"] if index == 0 else 0
        mask[26, 46] = 1 << PLANES["DETECTED"]
        variance = np.full(BOX.shape, (1.0 + index) ** 2)
        warps[10 + index] = make_warp(
            image, variance, kernel, geometry=PATCH, mask=mask, mask_planes=PLANES, band="r"
        )
    return warps


def make_mask(planes: dict[str, tuple[int, int]], box: Box = BOX) -> Mask:
    """Return a mask with one pixel set in each of its planes."""
    schema = MaskSchema([MaskPlane(name, name) for name in planes])
    bbox = ImagesBox.factory[box.y_start : box.y_stop, box.x_start : box.x_stop]
    mask = Mask(0, schema=schema, bbox=bbox)
    for name, pixel in planes.items():
        marked = np.zeros(box.shape, bool)
        marked[pixel] = True
        mask.set(name, marked)
    return mask


def make_noise_warp(warp: Any, sigma: float, seed: int = 3) -> MaskedImage:
    """Return noise as it is warped: correlated, and without data in the first pixel."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=BOX.shape), 1.0, mode="wrap")
    mask = make_mask({"NO_DATA": (0, 0)})
    return MaskedImage(
        Image((sigma * noise / noise.std()).astype(np.float32), bbox=mask.bbox, unit=warp.unit),
        mask=mask,
        variance=Image(np.full(BOX.shape, sigma**2, np.float32), bbox=mask.bbox, unit=warp.unit**2),
        sky_projection=warp.sky_projection,
    )


def put_noise_warps(root: str, noise: dict[int, MaskedImage], layer: int = 0) -> None:
    """Put warps of noise beside the warps of a repository."""
    with Butler.from_config(root, writeable=True, run="warps") as butler:
        dimensions = ("instrument", "visit", "skymap", "tract", "patch")
        dataset_type = DatasetType(
            f"direct_warp_noise{layer}", dimensions, "MaskedImageV2", universe=butler.dimensions
        )
        butler.registry.registerDatasetType(dataset_type)
        for visit, image in noise.items():
            where = {"instrument": INSTRUMENT, "visit": visit, "skymap": "test", "tract": 0, "patch": 0}
            butler.put(image, dataset_type, where)
