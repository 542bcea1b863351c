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
from noise_warps import geometry, warp
from small_warps import BOX

from lsst.acn import Box, PsfKernels, gaussian_kernel
from lsst.acn.image_io import (
    read_exposure_stack,
)


def test_piece_of_a_patch_has_the_kernels_of_the_patch() -> None:
    kernels = np.stack([gaussian_kernel(2.0 + 0.3 * n, 11) for n in range(6)])
    psf = PsfKernels(kernels.reshape(1, 2, 3, 11, 11), BOX, (20, 20))
    warps = {1: warp(psf=psf)}
    whole = read_exposure_stack(warps, psf_cell_size=20)
    np.testing.assert_array_equal(whole.psf.kernels, psf.kernels)
    piece = read_exposure_stack(warps, psf_cell_size=20, box=Box(115, 125, 225, 255))
    for y, x in [(116, 226), (124, 226), (116, 250), (124, 254)]:
        np.testing.assert_array_equal(piece.psf.at(y, x), whole.psf.at(y, x))


def test_cells_finer_than_needed_are_thinned() -> None:
    kernels = np.stack([gaussian_kernel(2.0 + 0.3 * n, 11) for n in range(24)]).reshape(1, 4, 6, 11, 11)
    warps = {1: warp(psf=PsfKernels(kernels, BOX, (10, 10)), geometry=geometry(cell_size=10))}
    stack = read_exposure_stack(warps, psf_cell_size=20)
    assert stack.psf.kernels.shape[1:3] == (2, 3)
    np.testing.assert_array_equal(stack.psf.kernels[0, 1, 2], kernels[0, 3, 5])


def test_kernels_are_padded_to_the_largest() -> None:
    stack = read_exposure_stack({1: warp(psf=gaussian_kernel(2.0, 7)), 2: warp(psf=gaussian_kernel(4.0, 13))})
    assert stack.psf.is_constant
    np.testing.assert_array_equal(stack.psf.kernels[0, 0, 0, 3:-3, 3:-3], gaussian_kernel(2.0, 7))
    assert stack.psf.kernels[0, 0, 0, :3].sum() == 0
