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


"""The variance knows what pixels that are too coarse do."""

from __future__ import annotations

import numpy as np
import pytest
from dithered_fields import kernel_of as kernel_of_dithered
from star_fields import SIGMA, kernel_of, psf_at

from lsst.acn import Box, ExposureStack, RestorationConfig, gaussian_kernel, restore
from lsst.acn.exposures.finer_psfs import finer_psf, psf_from_oversampled
from lsst.acn.forward.sampling_error import dither_coefficient, sampling_coefficient, sampling_variance

SIDE, N = 96, 6


def test_psfs_that_are_sampled_well_add_nothing():
    kernels = np.array([gaussian_kernel(fwhm, 21) for fwhm in (2.2, 2.8)])
    assert sampling_coefficient(kernels, np.ones(2)) == 0.0
    assert not sampling_variance(np.eye(9), kernels, np.ones(2)).any()


def test_the_narrower_a_psf_the_larger_the_error():
    fwhms = (1.8, 1.5, 1.2, 1.0)
    found = [sampling_coefficient(gaussian_kernel(fwhm, 21)[None], np.ones(1)) for fwhm in fwhms]
    assert (np.diff(found) > 0).all()
    assert found[0] > 0.005
    assert 0.1 < found[-1] < 0.3


def test_exposures_count_by_their_weight():
    kernels = np.array([gaussian_kernel(1.2, 21), gaussian_kernel(3.0, 21)])
    alone = sampling_coefficient(kernels[:1], np.ones(1))
    assert sampling_coefficient(kernels, np.array([1.0, 3.0])) == pytest.approx(0.5 * alone)


def test_dithers_part_what_pixels_alias():
    def left(offsets, fwhm=1.2):
        kernels = np.repeat(kernel_of_dithered(fwhm)[None], len(offsets), axis=0)
        psf = psf_from_oversampled(kernels, 4, Box(0, 20, 0, 20), np.array(offsets))
        return dither_coefficient(finer_psf(psf, 2).at(0, 0), np.ones(len(offsets)), 2)

    nowhere = [(0.0, 0.0)] * 4
    box = [(0.0, 0.0), (0.0, 0.5), (0.5, 0.0), (0.5, 0.5)]
    assert left(nowhere) > 0.1
    assert left(nowhere, fwhm=1.0) > left(nowhere)
    assert left(nowhere, fwhm=2.0) == 0.0
    assert left(box) == 0.0
    assert 0.0 < left(box[:2]) <= left(nowhere)


def test_on_their_own_grid_dithers_do_not_matter():
    assert dither_coefficient(gaussian_kernel(1.2, 21)[None], np.ones(1), 1) == 0.0


def test_the_error_goes_as_the_gradient():
    ramp = np.add.outer(3.0 * np.arange(8), 4.0 * np.arange(8))
    kernels = gaussian_kernel(1.2, 21)[None]
    expected = (5.0 * sampling_coefficient(kernels, np.ones(1))) ** 2
    np.testing.assert_allclose(sampling_variance(ramp, kernels, np.ones(1)), expected, rtol=1e-5)


@pytest.mark.parametrize("fwhm", [1.0, 1.2])
def test_bright_stars_of_undersampled_exposures_are_as_wrong_as_they_say(fwhm):
    rng = np.random.default_rng(3)
    variance = (fwhm / SIGMA) ** 2
    rows, columns = np.mgrid[:SIDE, :SIDE]
    places = [(y, x) + rng.uniform(-0.5, 0.5, 2) for y in (20, 48, 76) for x in (20, 48, 76)]
    flux = np.geomspace(2000.0, 30000.0, len(places))
    seen, truth = (
        sum(
            f * psf_at(rows - y, columns - x, width, wings=wings)
            for f, (y, x) in zip(flux, places, strict=True)
        )
        for width, wings in ((variance, 0.1), ((2.5 / SIGMA) ** 2, 0.0))
    )
    image = seen + rng.normal(size=(N, SIDE, SIDE))
    kernels = [kernel_of(21, variance, wings=0.1)] * N
    stack = ExposureStack.from_arrays(image, np.ones_like(image), np.array(kernels))
    result = restore(stack, RestorationConfig(keep_residual=False))
    bright = truth > 20.0
    error2 = np.sum((result.image - truth)[bright] ** 2)
    assert 0.5 < np.sqrt(error2 / np.sum(result.variance[bright])) < 2.0
