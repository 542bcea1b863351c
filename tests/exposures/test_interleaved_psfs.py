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

"""PSFs before pixels see them, from images of stars at places within a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from afw_stand_ins import InterpolatedPsf, Point2D, SubPixelPsf

from lsst.acn import Box
from lsst.acn.exposures.interleaved_psfs import finer_kernel
from lsst.acn.exposures.oversampled_psfs import resampled_kernels
from lsst.acn.exposures.subpixel_fit import fit_subpixels

SIDE, REACH = 25, 8


def star_of(psf):
    def star_at(dy, dx):
        image = psf.computeImage(Point2D(dx, dy))
        return image.array, image.box

    return star_at


def seen_on_finer_grid(profile, factor):
    """Return what pixels see of a star, where `resampled_kernels` has it, in closed form."""
    galsim = pytest.importorskip("galsim")
    side = 2 * REACH * factor + 1
    aside = -0.5 if factor == 2 else 0.0
    seen = galsim.Convolve(profile, galsim.Pixel(1.0))
    image = seen.drawImage(
        nx=side, ny=side, scale=1 / factor, offset=(aside, aside), method="no_pixel", dtype=float
    ).array
    return image / image.sum()


def error(finer, profile, factor):
    """Return the largest error of what pixels see, over the peak."""
    found = resampled_kernels(finer, 3, factor)
    middle, reach = len(found) // 2, REACH * factor
    part = found[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    truth = seen_on_finer_grid(profile, factor)
    return np.abs(part / part.sum() - truth).max() / truth.max()


@pytest.fixture
def profiles():
    galsim = pytest.importorskip("galsim")
    return [
        galsim.Moffat(beta=3.5, fwhm=1.0),
        galsim.Moffat(beta=2.5, fwhm=1.2).shear(g1=0.1, g2=-0.05),
        galsim.Moffat(beta=3.0, fwhm=1.5).shift(0.3, -0.4),
    ]


@pytest.mark.parametrize("factor", [2, 3])
def test_images_at_places_within_a_pixel_say_what_the_psf_is(profiles, factor):
    for profile in profiles:
        psf = SubPixelPsf(profile, SIDE)
        finer = finer_kernel(psf.kernel, star_of(psf))
        assert finer.sum() == pytest.approx(1.0, abs=1e-5)
        assert error(finer, profile, factor) < 0.002
        # The kernel alone leaves it open.
        assert error(fit_subpixels(psf.kernel), profile, factor) > 0.003


def test_a_kernel_that_is_moved_by_interpolation_says_no_more_than_itself(profiles):
    for profile in profiles:
        kernel = SubPixelPsf(profile, SIDE).kernel
        finer = finer_kernel(kernel, star_of(InterpolatedPsf(kernel)))
        np.testing.assert_array_equal(finer, fit_subpixels(kernel))


def test_images_need_not_be_as_large_as_the_kernel_nor_as_each_other(profiles):
    psf = SubPixelPsf(profiles[0], SIDE)
    star_at = star_of(psf)

    def cut(dy, dx):
        image, box = star_at(dy, dx)
        return (
            (image[2:], Box(box.y_start + 2, box.y_stop, box.x_start, box.x_stop)) if dy > 0 else (image, box)
        )

    assert error(finer_kernel(psf.kernel, cut), profiles[0], 2) < 0.002
