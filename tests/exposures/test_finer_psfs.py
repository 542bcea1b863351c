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

"""PSFs on finer grids, from what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from dithered_fields import kernel_of, pixel_light

from lsst.acn import Box, PsfKernels
from lsst.acn.errors import InvalidExposureError
from lsst.acn.exposures.finer_psfs import finer_psf, psf_from_oversampled
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA

BOX, FWHM = Box(10, 30, 20, 52), 1.3
OFFSETS = np.array([[0.0, 0.0], [0.3, -0.4]])


def seen(places, offset):
    sigma = FWHM / FWHM_PER_SIGMA
    kernel = np.outer(pixel_light(places - offset[0], sigma), pixel_light(places - offset[1], sigma))
    return kernel / kernel.sum()


def middles(kernel, factor=1):
    radius = len(kernel) // 2
    return (np.arange(-radius, radius + 1) + (0.5 if factor == 2 else 0.0)) / factor


def two_exposures():
    return psf_from_oversampled(np.repeat(kernel_of(FWHM)[None], 2, axis=0), 4, BOX, OFFSETS)


def test_pixels_see_dithered_psfs_off_centre():
    psf = two_exposures()
    assert psf.oversampling == 1
    assert psf.finer.oversampling == 4
    for kernel, offset in zip(psf.at(*BOX.center), OFFSETS, strict=True):
        np.testing.assert_allclose(kernel, seen(middles(kernel), offset), atol=1e-4 * kernel.max())


@pytest.mark.parametrize("factor", [2, 3])
def test_a_finer_grid_has_the_same_light_and_area(factor):
    psf = finer_psf(two_exposures(), factor)
    assert psf.box == BOX.on_finer_grid(factor)
    assert psf.cell_shape == psf.box.shape
    for kernel, offset in zip(psf.at(*psf.box.center), OFFSETS, strict=True):
        expected = seen(middles(kernel, factor), offset)
        np.testing.assert_allclose(kernel, expected, atol=1e-4 * kernel.max())


@pytest.mark.parametrize("factor", [2, 3])
def test_what_pixels_alone_say_is_fitted(factor):
    coarse = two_exposures()
    fitted = finer_psf(PsfKernels(coarse.kernels, coarse.box, coarse.cell_shape), factor)
    for kernel, offset in zip(fitted.at(*fitted.box.center), OFFSETS, strict=True):
        np.testing.assert_allclose(kernel, seen(middles(kernel, factor), offset), atol=0.05 * kernel.max())


def test_kernels_of_pixels_are_moved_by_offsets():
    kernel = seen(np.arange(-6, 7), (0.0, 0.0))
    psf = psf_from_oversampled(np.stack([kernel, kernel]), 1, BOX, OFFSETS)
    for found, offset in zip(psf.at(*BOX.center), OFFSETS, strict=True):
        np.testing.assert_allclose(found, seen(middles(found), offset), atol=0.05 * found.max())


def test_kernels_of_pixels_stay_as_they_are():
    kernels = kernel_of(2.0, 1)[None]
    psf = psf_from_oversampled(kernels, 1, BOX)
    assert psf.finer is None
    np.testing.assert_allclose(psf.at(*BOX.center), kernels, rtol=1e-6)


def test_some_of_the_exposures_have_their_own():
    psf = two_exposures().select(np.array([1]))
    np.testing.assert_array_equal(psf.finer.kernels, two_exposures().finer.kernels[1:])


@pytest.mark.parametrize(
    ("oversampling", "offsets", "said"),
    [
        (0, None, "1 to 20 samples"),
        (2.5, None, "2.5"),
        (4, np.zeros((1, 2)), "shape"),
        (4, OFFSETS * np.nan, "finite"),
    ],
)
def test_what_makes_no_sense_is_refused(oversampling, offsets, said):
    with pytest.raises(InvalidExposureError, match=said):
        psf_from_oversampled(np.repeat(kernel_of(FWHM)[None], 2, axis=0), oversampling, BOX, offsets)
