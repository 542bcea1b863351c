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

"""Masks, units, uncertainties and WCS of pixels are honoured, or refused."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.nddata import (
    CCDData,
    InverseVariance,
    NDData,
    StdDevUncertainty,
    UnknownUncertainty,
    VarianceUncertainty,
)
from astropy.utils.masked import Masked
from astropy.wcs import WCS

from lsst.acn import ExposureStack, InvalidExposureError, gaussian_kernel

SHAPE = (2, 6, 7)
PSF = np.stack([gaussian_kernel(2.0, 5)] * 2)
IMAGE = np.random.default_rng(1).normal(size=SHAPE)
VARIANCE = np.full(SHAPE, 4.0)
MASK = np.zeros(SHAPE, bool)
MASK[0, 2, 3] = MASK[1, 5, 0] = True


def wcs(shift: float = 0.0) -> WCS:
    result = WCS(naxis=2)
    result.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    result.wcs.crval, result.wcs.crpix, result.wcs.cdelt = (30.0, -4.0), (3.0 + shift, 3.0), (-5e-5, 5e-5)
    return result


def check(stack: ExposureStack, *, unit: str = "nJy", factor: float = 1.0, masked: bool = True) -> None:
    valid = ~MASK if masked else np.ones(SHAPE, bool)
    np.testing.assert_array_equal(stack.valid, valid)
    np.testing.assert_allclose(stack.image[valid], factor * IMAGE[valid], rtol=1e-6)
    np.testing.assert_allclose(stack.variance[valid], factor**2 * 4.0, rtol=1e-6)
    assert stack.unit == unit


@pytest.mark.parametrize(
    ("image", "variance", "valid"),
    [
        (np.ma.array(IMAGE, mask=MASK), VARIANCE, None),
        (IMAGE, np.ma.array(VARIANCE, mask=MASK), None),
        (np.ma.array(IMAGE, mask=MASK & (IMAGE > 0)), np.ma.array(VARIANCE, mask=MASK & (IMAGE <= 0)), None),
        (IMAGE, VARIANCE, np.ma.array(np.ones(SHAPE, bool), mask=MASK)),
        ([np.ma.array(one, mask=mask) for one, mask in zip(IMAGE, MASK, strict=True)], VARIANCE, None),
        (Masked(IMAGE, mask=MASK), VARIANCE, ~MASK),
    ],
)
def test_masked_arrays(image: Any, variance: Any, valid: Any) -> None:
    check(ExposureStack.from_arrays(image, variance, PSF, valid=valid))


def test_lists_of_arrays() -> None:
    check(ExposureStack.from_arrays(list(IMAGE), VARIANCE.tolist(), PSF), masked=False)
    with pytest.raises(InvalidExposureError, match=r"different shapes: \[\(6, 7\), \(6, 6\)\]"):
        ExposureStack.from_arrays([IMAGE[0], IMAGE[1, :, 1:]], VARIANCE, PSF)


@pytest.mark.parametrize(
    ("image", "variance", "unit", "expected", "factor"),
    [
        (IMAGE * u.uJy, VARIANCE * u.uJy**2, None, "uJy", 1.0),
        (IMAGE * u.uJy, VARIANCE * u.nJy**2 * 1e6, None, "uJy", 1.0),
        (IMAGE * u.uJy, VARIANCE, None, "uJy", 1.0),
        (IMAGE * u.uJy, VARIANCE, "nJy", "nJy", 1e3),
        (IMAGE * u.uJy, VARIANCE * u.uJy**2, "nJy", "nJy", 1e3),
        (IMAGE, VARIANCE * u.uJy**2, "uJy", "uJy", 1.0),
        ([1e3 * IMAGE[0] * u.nJy, 1e-3 * IMAGE[1] * u.mJy], VARIANCE * 1e6, None, "nJy", 1e3),
        (IMAGE * u.adu, VARIANCE, None, "adu", 1.0),
    ],
)
def test_quantities(image: Any, variance: Any, unit: str | None, expected: str, factor: float) -> None:
    stack = ExposureStack.from_arrays(image, variance, PSF, unit=unit)
    check(stack, unit=expected, factor=factor, masked=False)


def test_masked_quantities() -> None:
    check(
        ExposureStack.from_arrays(Masked(IMAGE * u.mJy, mask=MASK), VARIANCE, PSF, unit="uJy"),
        unit="uJy",
        factor=1e3,
    )


@pytest.mark.parametrize(
    ("image", "variance", "unit", "message"),
    [
        (IMAGE * u.adu, VARIANCE, "nJy", "Pixels in adu cannot be converted to nJy"),
        (IMAGE * u.nJy, VARIANCE * u.nJy, None, "nJy cannot be converted to nJy2"),
        (IMAGE, VARIANCE * u.nJy**2, None, "nothing says what images are in"),
        ([IMAGE[0] * u.nJy, IMAGE[1]], VARIANCE, None, "others have no unit"),
        (IMAGE * u.mag, VARIANCE, None, "Light does not add up in mag"),
        (IMAGE * u.ABmag, VARIANCE, None, "Light does not add up in mag"),
        (IMAGE, None, None, "no variances: the image has no uncertainty"),
        (NDData(IMAGE), None, None, "no variances: the image has no uncertainty"),
        (NDData(IMAGE, uncertainty=UnknownUncertainty(VARIANCE)), None, None, "kind 'unknown'"),
    ],
)
def test_what_does_not_fit_is_refused(image: Any, variance: Any, unit: str | None, message: str) -> None:
    with pytest.raises(InvalidExposureError, match=message):
        ExposureStack.from_arrays(image, variance, PSF, unit=unit)


@pytest.mark.parametrize(
    "uncertainty",
    [
        StdDevUncertainty(2.0 * np.ones(SHAPE[1:])),
        VarianceUncertainty(VARIANCE[0]),
        InverseVariance(1.0 / VARIANCE[0]),
        StdDevUncertainty(2e3 * np.ones(SHAPE[1:]), unit="nJy"),
        VarianceUncertainty(4e6 * np.ones(SHAPE[1:]), unit=u.nJy**2),
        InverseVariance(0.25e-6 * np.ones(SHAPE[1:]), unit=u.nJy**-2),
    ],
)
@pytest.mark.parametrize("kind", [CCDData, NDData])
def test_nddata(kind: type, uncertainty: Any) -> None:
    images = [
        kind(image, mask=mask, unit="uJy", uncertainty=type(uncertainty)(uncertainty, copy=True), wcs=wcs())
        for image, mask in zip(IMAGE, MASK, strict=True)
    ]
    check(ExposureStack.from_arrays(images, None, PSF), unit="uJy")
    check(ExposureStack.from_arrays(images, None, PSF, unit="nJy"), factor=1e3)
    check(ExposureStack.from_arrays(images, VARIANCE, PSF), unit="uJy")


def test_nddata_of_all_exposures_at_once_and_bits_as_mask() -> None:
    data = NDData(IMAGE, mask=4 * MASK, unit="nJy", uncertainty=InverseVariance(0.25 * np.ones(SHAPE)))
    check(ExposureStack.from_arrays(data, None, PSF))
    nothing = NDData(IMAGE, unit="nJy", uncertainty=InverseVariance(np.where(MASK, 0.0, 0.25)))
    check(ExposureStack.from_arrays(nothing, None, PSF))


def test_other_pixel_grids_are_refused() -> None:
    images = [
        CCDData(image, unit="nJy", wcs=wcs(shift), uncertainty=StdDevUncertainty(np.ones(SHAPE[1:])))
        for image, shift in zip(IMAGE, (0.0, 1.5), strict=True)
    ]
    with pytest.raises(InvalidExposureError, match=r"number 1 lie 1\.5 pixels away from those of the first"):
        ExposureStack.from_arrays(images, None, PSF)


def test_what_single_precision_does_not_hold() -> None:
    with pytest.raises(InvalidExposureError, match=r"of about 4e\+40, are beyond the range"):
        ExposureStack.from_arrays(IMAGE * 1e20, VARIANCE * 1e40, PSF)
    with pytest.raises(InvalidExposureError, match=r"of about 4e-50, are beyond the range"):
        ExposureStack.from_arrays(IMAGE * 1e-25, VARIANCE * 1e-50, PSF)
    # A variance without bounds, as some write it, is that of a pixel of no use.
    check(ExposureStack.from_arrays(IMAGE, np.where(MASK, 1e60, VARIANCE), PSF))


def test_pixels_that_no_detector_counts_are_no_measurements() -> None:
    image = np.ones((2, 8, 8), np.float32)
    image[1, 2, 3] = 1e11
    stack = ExposureStack.from_arrays(image, np.ones_like(image), PSF)
    assert not stack.valid[1, 2, 3]
    assert stack.valid.sum() == image.size - 1
    image[1] = 1e11
    with pytest.raises(InvalidExposureError, match="of visit 1, .* are more than 1e\\+10 times their errors"):
        ExposureStack.from_arrays(image, np.ones_like(image), PSF)


@pytest.mark.parametrize(
    ("psf", "message"),
    [
        (list(PSF), r"shape \(n, k, k\); got a list of \[\(5, 5\), \(5, 5\)\]"),
        (PSF[0], r"with one for each exposure; got \(5, 5\)"),
        (PSF[:, :4, :4], r"square with odd sides.*got \(2, 4, 4\)"),
        (PSF[:, :4], r"square with odd sides.*got \(2, 4, 5\)"),
        (PSF[None], r"got \(1, 2, 5, 5\)"),
    ],
)
def test_psfs_of_other_shapes_are_refused_in_these_shapes(psf: Any, message: str) -> None:
    with pytest.raises(InvalidExposureError, match=message):
        ExposureStack.from_arrays(IMAGE, VARIANCE, psf)
