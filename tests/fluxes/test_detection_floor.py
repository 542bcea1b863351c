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

"""The variance with which detection on a picture is safe."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from leftovers import SIDE, TARGET, exposures_of, images_of, restored_of

from lsst.acn import Box, PsfKernels, ResidualImage, gaussian_kernel
from lsst.acn.fluxes.detection_floor import detection_floor, detection_variance
from lsst.acn.fluxes.flux_images import FluxImages
from lsst.acn.fluxes.point_fluxes import point_flux_map
from lsst.acn.forward.target_psf import convolve_separable

PLACE = np.array([[48.0, 47.0]])
HEIGHT = float((TARGET.astype(float) ** 2).sum())


def test_floor_gives_a_star_no_more_than_its_signal_to_noise() -> None:
    images = images_of(exposures_of(PLACE, 100.0), restored_of(PLACE, 100.0))
    _, variance = point_flux_map(images)
    floor = detection_floor(variance, TARGET)
    smooth = convolve_separable(images.image, TARGET)
    found = smooth[48, 47] / np.sqrt(floor[48, 47] * HEIGHT)
    assert found == pytest.approx(100.0 / np.sqrt(variance[48, 47]), rel=5e-3)
    # For a Gaussian target, in closed form.
    sigma = 3.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
    assert float(detection_floor(2.0, TARGET)) == pytest.approx(2.0 / (4.0 * np.pi * sigma**2), rel=1e-3)


def test_a_picture_that_is_sure_of_itself_is_not_believed() -> None:
    images = images_of(exposures_of(PLACE, 100.0), restored_of(PLACE, 100.0))
    _, variance = point_flux_map(images)
    safe = detection_variance(images, np.full(images.box.shape, 1e-6, np.float32))
    smooth, noise = convolve_separable(images.image, TARGET), safe[48, 47] * HEIGHT
    assert smooth[48, 47] / np.sqrt(noise) == pytest.approx(100.0 / np.sqrt(variance[48, 47]), rel=5e-3)


def test_what_the_picture_does_not_know_stays_unknown() -> None:
    images = images_of(exposures_of(), restored_of())
    pixels = np.full(images.box.shape, 1e6, np.float32)
    np.testing.assert_array_equal(detection_variance(images, pixels), pixels)


def test_floor_is_finite_where_nothing_is_known() -> None:
    valid = np.ones((3, SIDE, SIDE), bool)
    valid[:, :, 60:] = False
    images = images_of(exposures_of(valid=valid), restored_of())
    assert np.isinf(images.residual.point_variance()[48, -1])
    safe = detection_variance(images, np.zeros(images.box.shape, np.float32))
    assert np.isfinite(safe).all()
    assert safe[48, -1] == safe.max() > safe[48, 20]


def test_each_cell_has_the_floor_of_its_own_psf() -> None:
    box = Box(10, 40, 20, 60)
    kernels = np.stack([gaussian_kernel(fwhm, 25) for fwhm in (4.0, 6.0)])[None, None]
    planes = np.ones((3, *box.shape), np.float32)
    # The cells reach beyond the images.
    residual = ResidualImage(*planes, PsfKernels(kernels, Box(0, 50, 0, 80), (50, 40)), box)
    variance = residual.point_variance()
    assert variance[5, 0] == pytest.approx(kernels[0, 0, 0].max() ** -2, rel=1e-6)
    assert variance[5, 20] == pytest.approx(kernels[0, 0, 1].max() ** -2, rel=1e-6)
    images = FluxImages(planes[0], TARGET, dataclasses.replace(residual, variance=4.0 * planes[0]))
    safe = detection_variance(images, np.zeros(box.shape, np.float32))
    np.testing.assert_allclose(safe, 4.0 * variance * HEIGHT, rtol=1e-5)
