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

"""What the deblender gets in the place of a deconvolved coadd, by stand-ins."""

from __future__ import annotations

import numpy as np
import pytest
from afw_coadds import NANOJANSKY_PER_COUNT, Background, Coadd, install

from lsst.acn import Box, InvalidExposureError, gaussian_kernel
from lsst.acn.image_io import make_deconvolved_coadd

PATCH = Box.from_shape((30, 40), (100, 200))
INSIDE = Box.from_shape((20, 30), (105, 203))
PSF = gaussian_kernel(2.0, 9)


@pytest.fixture(autouse=True)
def _afw(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def image() -> np.ndarray:
    """Pixels of the patch in nanojansky, some of them below 0."""
    return np.random.default_rng(7).normal(5.0, 20.0, PATCH.shape).astype(np.float32)


def test_pixels_are_those_of_the_coadd_in_its_unit(image: np.ndarray) -> None:
    coadd = Coadd(INSIDE)
    made = make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=coadd)
    expected = np.maximum(image[5:25, 3:33] / NANOJANSKY_PER_COUNT, 0)
    np.testing.assert_allclose(made.image.array, expected, rtol=1e-6)
    assert made.image.array.dtype == np.float32
    assert made.getBBox() == coadd.getBBox()


def test_mask_and_variance_are_those_of_the_coadd(image: np.ndarray) -> None:
    coadd = Coadd(INSIDE)
    made = make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=coadd)
    for plane in ("mask", "variance"):
        np.testing.assert_array_equal(getattr(made, plane).array, getattr(coadd, plane).array)


def test_psf_is_that_of_the_image(image: np.ndarray) -> None:
    made = make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=Coadd(INSIDE))
    np.testing.assert_array_equal(made.getPsf().kernel, PSF)
    assert made.getPsf().kernel.dtype == np.float64


def test_coadd_is_left_as_it_is(image: np.ndarray) -> None:
    coadd = Coadd(INSIDE)
    before = coadd.clone()
    make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=coadd)
    np.testing.assert_array_equal(coadd.image.array, before.image.array)
    assert coadd.psf == before.psf


def test_sky_of_detection_is_taken_off() -> None:
    image = np.full(PATCH.shape, 50.0, np.float32)
    level = np.full(INSIDE.shape, 2.0, np.float32)
    # A background that was never fitted.
    level[3, 4] = np.nan
    made = make_deconvolved_coadd(
        image, PATCH, psf=PSF, coadd=Coadd(INSIDE), background=Background(level, INSIDE)
    )
    expected = np.full(INSIDE.shape, 3.0)
    expected[3, 4] = 5.0
    np.testing.assert_allclose(made.image.array, expected)


def test_nothing_is_left_outside_of_footprints() -> None:
    image = np.full(PATCH.shape, 50.0, np.float32)
    footprint = Box.from_shape((3, 5), (110, 210))
    made = make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=Coadd(INSIDE), detections=[footprint])
    expected = np.zeros(INSIDE.shape)
    expected[5:8, 7:12] = 5.0
    np.testing.assert_allclose(made.image.array, expected)


def test_pixels_that_are_not_finite_are_empty() -> None:
    image = np.full(PATCH.shape, np.nan, np.float32)
    made = make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=Coadd(INSIDE))
    assert not made.image.array.any()


def test_coadd_beyond_the_patch_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InvalidExposureError, match="not inside the patch that is restored"):
        make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=Coadd(PATCH.grown_by(1)))


def test_coadd_without_a_unit_is_refused(image: np.ndarray) -> None:
    coadd = Coadd(INSIDE)
    coadd.photo_calib = None
    with pytest.raises(InvalidExposureError, match="no PhotoCalib"):
        make_deconvolved_coadd(image, PATCH, psf=PSF, coadd=coadd)
