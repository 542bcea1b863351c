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


"""Noise realisations of what is made of a restored coadd."""

from __future__ import annotations

from typing import Any

import numpy as np
from noise_warps import two_exposures
from small_warps import BOX

from lsst.acn import PsfKernels, ResidualImage, gaussian_kernel
from lsst.acn.convert_restored_coadd import ConvertRestoredCoaddConfig, ConvertRestoredCoaddTask
from lsst.acn.image_io import CoaddInput, make_cell_coadd, make_provenance, make_residual_coadd
from lsst.images.cells import CellCoadd

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]
FACTORS = (1.0, -2.0)


def converted(restored: CellCoadd, residual: CellCoadd) -> CellCoadd:
    config = ConvertRestoredCoaddConfig()
    config.image_kind, config.imageType = "linear", "future"
    task = ConvertRestoredCoaddTask(config=config)
    return task.run(restored_coadd=restored, restored_coadd_residual=residual).exposure


def coadds() -> tuple[CellCoadd, CellCoadd]:
    """A restored coadd and its residual, whose noise realisations are multiples of themselves."""
    stack, rng = two_exposures(), np.random.default_rng(8)
    image, rest = rng.normal(size=(2, *BOX.shape)).astype(np.float32)
    ones, residual_psf = np.ones(BOX.shape, np.float32), gaussian_kernel(5.0, 25)
    common: dict[str, Any] = {
        "mask": np.zeros(BOX.shape, np.uint32),
        "mask_planes": {"INEXACT_PSF": 0},
        "exposures": stack,
        "provenance": make_provenance(stack, INPUTS),
    }
    restored = make_cell_coadd(
        image=image,
        variance=ones,
        psf=PsfKernels.constant(gaussian_kernel(2.5, 13)[None], BOX),
        noise_realizations=[factor * image for factor in FACTORS],
        **common,
    )
    residual = ResidualImage(rest, ones, ones, PsfKernels.constant(residual_psf[None], BOX), BOX)
    return restored, make_residual_coadd(
        residual, noise_realizations=[factor * rest for factor in FACTORS], **common
    )


def test_noise_of_a_linear_image_is_made_as_the_image_is() -> None:
    made = converted(*coadds())
    assert len(made.noise_realizations) == 2
    for factor, noise in zip(FACTORS, made.noise_realizations, strict=True):
        assert (noise.unit, noise.bbox) == (made.unit, made.bbox)
        np.testing.assert_allclose(noise.array, factor * made.image.array, rtol=1e-5, atol=1e-5)
