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

"""PSF models of ``lsst.afw``, stand-ins of which are read at places within a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from afw_stand_ins import BOX, ExposureF, InterpolatedPsf, PexError, Point2D, SubPixelPsf, install

from lsst.acn.exposures.finer_psfs import finer_psf
from lsst.acn.image_io import read_exposure_stack

pytestmark = pytest.mark.usefixtures("afw")
galsim = pytest.importorskip("galsim")
PROFILE = galsim.Moffat(beta=3.0, fwhm=1.2).shear(g1=0.1, g2=-0.05)
REACH = 8


@pytest.fixture
def afw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that afw brings along."""
    install(monkeypatch)


def error_on_finer_grid(stack, factor=2):
    """Return the largest error of what pixels see of a star, over the peak."""
    psf = finer_psf(stack.psf, factor)
    kernel = psf.at(*psf.box.center)[0]
    middle = len(kernel) // 2
    part = kernel[middle - REACH : middle + REACH + 1, middle - REACH : middle + REACH + 1]
    # Of an even factor, pixels stand half a pixel of the finer grid before their middle.
    truth = galsim.Convolve(PROFILE, galsim.Pixel(1.0)).drawImage(
        nx=len(part), ny=len(part), scale=1 / factor, offset=(-0.5, -0.5), method="no_pixel", dtype=float
    )
    return np.abs(part / part.sum() - truth.array / truth.array.sum()).max() / part.max() * part.sum()


def test_a_model_that_draws_stars_anywhere_says_what_is_between_pixels():
    exposure = ExposureF(psf=SubPixelPsf(PROFILE))
    stack = read_exposure_stack({3: exposure}, finer_psfs=True)
    assert stack.psf.finer is not None
    assert error_on_finer_grid(stack) < 0.002
    np.testing.assert_allclose(
        stack.psf.at(*BOX.center)[0], exposure.psf.kernel, atol=0.002 * exposure.psf.kernel.max()
    )
    # Without being asked, it says what it has always said.
    alone = read_exposure_stack({3: exposure})
    assert alone.psf.finer is None
    np.testing.assert_allclose(alone.psf.at(*BOX.center)[0], exposure.psf.kernel, atol=1e-7)


def test_a_model_that_moves_one_kernel_says_no_more_than_that():
    exposure = ExposureF(psf=InterpolatedPsf(SubPixelPsf(PROFILE).kernel))
    asked, alone = (read_exposure_stack({3: exposure}, finer_psfs=asked) for asked in (True, False))
    np.testing.assert_allclose(finer_psf(asked.psf, 2).kernels, finer_psf(alone.psf, 2).kernels, atol=1e-6)
    assert 0.005 < error_on_finer_grid(asked) < 0.05


def test_where_a_model_ends_its_kernel_has_to_do():
    class Ending(SubPixelPsf):
        def computeImage(self, point: Point2D) -> None:
            raise PexError("no input images at that point")

    stack = read_exposure_stack({3: ExposureF(psf=Ending(PROFILE))}, finer_psfs=True)
    assert error_on_finer_grid(stack) < 0.05


def test_where_there_is_no_psf_neighbours_are_taken():
    stack = read_exposure_stack({3: ExposureF(psf=SubPixelPsf(PROFILE))}, psf_cell_size=10, finer_psfs=True)
    np.testing.assert_array_equal(stack.psf.at(105, 229)[0], stack.psf.at(105, 205)[0])
