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

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from noise_warps import two_exposures
from small_warps import BOX, PATCH

from lsst.acn import ExposureStack, PsfKernels, gaussian_kernel
from lsst.acn.image_io import (
    CoaddInput,
    make_cell_coadd,
    make_latent_image,
    make_provenance,
)
from lsst.images import Image
from lsst.images.cells import CellCoadd, CellIJ

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]


@pytest.fixture
def stack() -> ExposureStack:
    return two_exposures()


def coadd_of(stack: ExposureStack, **keywords: Any) -> CellCoadd:
    return make_cell_coadd(
        **{
            "image": stack.image[0],
            "variance": stack.variance[0],
            "mask": np.where(stack.valid[-1], 0, 1 << 3),
            "mask_planes": {"SATURATED": 3, "MY_PLANE": 4},
            "psf": PsfKernels.constant(gaussian_kernel(2.5, 9)[None], BOX),
            "exposures": stack,
            "provenance": make_provenance(stack, keywords.pop("inputs", INPUTS)),
            "metadata": {"seed": 7, "note": "x", "loss": 0.5},
        }
        | keywords
    )


def test_coadd_survives_a_file(stack: ExposureStack, tmp_path: Path) -> None:
    coadd = coadd_of(stack)
    path = str(tmp_path / "coadd.fits")
    coadd.write(path)
    again = CellCoadd.read(path)
    np.testing.assert_array_equal(again.image.array, stack.image[0])
    np.testing.assert_array_equal(again.variance.array, stack.variance[0])
    np.testing.assert_array_equal(again.mask.get("SATURATED"), ~stack.valid[1])
    assert not again.mask.get("MY_PLANE").any()
    assert dict(again.metadata) == {"seed": 7, "note": "x", "loss": 0.5}
    assert (again.band, str(again.unit), again.patch) == ("r", "nJy", PATCH.patch)
    kernel = again.psf.compute_kernel_image(x=201, y=101).array
    np.testing.assert_array_equal(kernel.astype(np.float32), gaussian_kernel(2.5, 9))
    assert again.provenance.inputs["visit"].tolist() == [1, 2]


def test_cells_without_any_exposure_are_missing(stack: ExposureStack) -> None:
    coadd = coadd_of(stack.select([1]))
    assert coadd.bounds.missing == {CellIJ(i=0, j=2), CellIJ(i=1, j=2)}


def test_coadd_needs_to_know_where_it_is(stack: ExposureStack) -> None:
    nowhere = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, visits=stack.visits)
    with pytest.raises(ValueError, match="geometry"):
        coadd_of(stack, exposures=nowhere)
    with pytest.raises(ValueError, match=r"visits \[1\]"):
        coadd_of(stack, inputs=INPUTS[:1])


def test_latent_image_reaches_beyond_the_patch(stack: ExposureStack, tmp_path: Path) -> None:
    padded = BOX.grown_by(7)
    latent = np.random.default_rng(3).random(padded.shape)
    image = make_latent_image(latent, padded, exposures=stack, metadata={"seed": 1})
    image.write(str(tmp_path / "latent.fits"))
    again = Image.read(str(tmp_path / "latent.fits"))
    np.testing.assert_array_equal(again.array, latent.astype(np.float32))
    assert (again.bbox.y.start, again.bbox.x.start) == (93, 193)
    assert str(again.unit) == "nJy"
    sky = again.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))
