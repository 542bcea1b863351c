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

"""Residuals in files, and images that are made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from noise_warps import two_exposures
from small_warps import BOX

from lsst.acn import ExposureStack, PsfKernels, ResidualImage, gaussian_kernel
from lsst.acn.image_io import (
    CoaddInput,
    make_cell_coadd,
    make_provenance,
    make_residual_coadd,
    read_residual_coadd,
    read_restored_coadd,
    with_pixels,
)
from lsst.images.cells import CellCoadd

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]


@pytest.fixture
def stack() -> ExposureStack:
    return two_exposures()


@pytest.fixture
def residual() -> ResidualImage:
    rng = np.random.default_rng(1)
    image, variance, coverage = rng.random((3, *BOX.shape)).astype(np.float32)
    variance[3, 4] = np.inf
    kernels = np.stack([gaussian_kernel(fwhm, 13) for fwhm in (4.0, 5.0, 6.0)])
    psf = PsfKernels(kernels.reshape(1, 1, 3, 13, 13), BOX, (BOX.shape[0], -(-BOX.shape[1] // 3)))
    return ResidualImage(image, variance, coverage, psf, BOX)


def coadd_of(residual: ResidualImage, stack: ExposureStack) -> CellCoadd:
    return make_residual_coadd(
        residual,
        mask=np.full(BOX.shape, 2, np.uint32),
        mask_planes={"INEXACT_PSF": 0, "SATURATED": 1},
        exposures=stack,
        provenance=make_provenance(stack, INPUTS),
        metadata={"seed": 7},
    )


def test_residual_survives_a_file(residual: ResidualImage, stack: ExposureStack, tmp_path: Path) -> None:
    path = str(tmp_path / "residual.fits")
    coadd_of(residual, stack).write(path)
    coadd = CellCoadd.read(path)
    again = read_residual_coadd(coadd)
    for name in ("image", "variance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(residual, name))
    np.testing.assert_allclose(again.coverage, residual.coverage, atol=1e-6)
    assert again.box == BOX
    for x in (BOX.x_start + 2, BOX.x_stop - 3):
        np.testing.assert_allclose(
            again.kernel_at(BOX.y_start + 5, x), residual.kernel_at(BOX.y_start + 5, x), atol=1e-7
        )
    assert coadd.metadata["seed"] == 7


def test_mask_says_where_the_psf_does_not_hold(residual: ResidualImage, stack: ExposureStack) -> None:
    mask = coadd_of(residual, stack).mask
    np.testing.assert_array_equal(mask.get("INEXACT_PSF"), residual.coverage < 0.9)
    assert mask.get("SATURATED").all()


def test_pixels_and_psf_are_exchanged(residual: ResidualImage, stack: ExposureStack) -> None:
    coadd = coadd_of(residual, stack)
    psf = PsfKernels.constant(gaussian_kernel(3.0, 9)[None], BOX)
    other = with_pixels(coadd, 2.0 * residual.image, residual.variance, psf)
    np.testing.assert_array_equal(other.image.array, 2.0 * residual.image)
    image, box, kernel, unit = read_restored_coadd(other)
    np.testing.assert_allclose(kernel, gaussian_kernel(3.0, 9), atol=1e-7)
    assert (box, unit) == (BOX, "nJy")
    assert other.metadata["seed"] == 7
    assert other.mask.get("SATURATED").all()
    assert image.shape == BOX.shape


def test_coadds_of_another_kind_are_refused(residual: ResidualImage, stack: ExposureStack) -> None:
    with pytest.raises(ValueError, match="not the same in all cells"):
        read_restored_coadd(coadd_of(residual, stack))
    plain = make_cell_coadd(
        image=residual.image,
        variance=residual.variance,
        mask=np.zeros(BOX.shape, np.uint32),
        mask_planes={},
        psf=residual.psf,
        exposures=stack,
        provenance=make_provenance(stack, INPUTS),
    )
    with pytest.raises(ValueError, match="is no restored_coadd_residual"):
        read_residual_coadd(plain)
    with pytest.raises(TypeError, match="not a ndarray"):
        read_restored_coadd(residual.image)
