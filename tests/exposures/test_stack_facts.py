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

"""What is said about exposures is checked before it is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lsst.acn import Box, ExposureStack, InvalidExposureError, gaussian_kernel
from lsst.acn.exposures.stack_facts import bit_mask

SHAPE = (2, 6, 7)
IMAGE, PSF = np.ones(SHAPE), np.stack([gaussian_kernel(3.0, 5)] * 2)


def stack(**facts: Any) -> ExposureStack:
    """Return a stack of which something is said."""
    planes = {"image": IMAGE, "variance": IMAGE, "psf": PSF}
    return ExposureStack.from_arrays(**(planes | facts))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.uint32, np.int64, np.float64])
def test_bits_are_kept_whatever_they_are_stored_as(dtype: Any) -> None:
    mask = np.zeros(SHAPE, dtype)
    mask[0, 1, 2] = 1
    found = stack(mask=mask).mask
    assert found.dtype == np.uint32
    assert found.sum() == found[0, 1, 2] == 1


def test_all_bits_of_a_signed_mask_are_all_bits() -> None:
    # So does lsst.afw store bit 31.
    assert bit_mask(np.full(SHAPE, -1, np.int32), SHAPE).max() == 2**32 - 1


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"visits": [7.9, 8]}, "a visit must be a whole number .* it is 7.9"),
        ({"visits": [np.inf, 8]}, "it is inf"),
        ({"visits": 7}, "one number for each exposure; got 7"),
        ({"visits": "78"}, "one number for each exposure"),
        ({"mask": np.full(SHAPE, 1.5)}, "The mask of a stack must be 32 bits; one of its values is 1.5"),
        ({"mask": np.full(SHAPE, 2**40)}, "one of its values is 1099511627776"),
        ({"mask": np.full(SHAPE, -1)}, "one of its values is -1"),
        ({"mask": np.full(SHAPE, np.nan)}, "one of its values is nan"),
        ({"mask": np.full(SHAPE, "BAD")}, "The mask of a stack must be real numbers"),
        ({"mask_planes": {"BAD": 40}}, "'BAD' has the bit 40"),
        ({"mask_planes": {"BAD": -1}}, "'BAD' has the bit -1"),
        ({"mask_planes": {3: 1}}, "Mask plane 3"),
        ({"mask_planes": ["BAD"]}, "Mask planes must be bit numbers by name"),
        ({"box": (0, 6, 0, 7)}, "The box of a stack must be a Box"),
        ({"box": Box(0, 5, 0, 5)}, "does not fit images"),
        ({"band": 7}, "The band of a stack must be text; got 7"),
        ({"unit": "mag"}, "light does not add up in 'mag'"),
        ({"unit": "furlongs"}, "'furlongs' is no unit that is known"),
        ({"image": IMAGE.astype(str)}, "The image of a stack must be real numbers; it is an array of <U"),
        ({"image": IMAGE.astype(object)}, "an array of object"),
        ({"image": IMAGE + 1j}, "an array of complex128"),
        ({"image": np.ma.masked_array(np.zeros(SHAPE, [("a", "f4")]))}, "an array of ..'a', '<f4'.."),
        ({"variance": IMAGE + 1j}, "The variance of a stack must be real numbers"),
        ({"valid": np.full(SHAPE, "yes")}, "The valid of a stack must be real numbers"),
        ({"psf": None}, "must be an array of shape .* got a NoneType"),
        ({"psf": [PSF[0], [[1.0]]]}, "got a list of"),
        ({"psf": PSF + 1j}, "The PSF of a stack must be real numbers"),
        ({"psf": np.ma.masked_array(PSF, PSF < 0.01)}, "Pixels of PSF kernels are masked"),
        ({"psf_oversampling": "3"}, "1 to 20 samples per pixel; got '3'"),
        ({"psf_oversampling": True}, "1 to 20 samples per pixel; got True"),
        ({"offsets": np.full((2, 2), 1e9)}, "of at most 10 pixels"),
        ({"offsets": "here"}, "got 'here'"),
    ],
)
def test_what_means_nothing_is_refused(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidExposureError, match=message):
        stack(**facts)


def test_where_validity_is_not_known_pixels_are_not_valid() -> None:
    valid = np.ones(SHAPE)
    valid[0, 1, 2] = np.nan
    assert np.argwhere(~stack(valid=valid).valid).tolist() == [[0, 1, 2]]


def test_units_of_cameras_are_those_of_astropy_afterwards() -> None:
    assert stack(unit="e-/s").unit == "electron / s"
