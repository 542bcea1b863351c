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
import pytest

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.records.mask_propagation import propagate_mask

PLANES = {"NO_DATA": 0, "SATURATED": 1, "COSMIC_RAY": 2, "DETECTED": 5}
BAD = ("NO_DATA", "SATURATED", "COSMIC_RAY")


def propagate(
    bits: list[list[tuple[str, ...]]], weights=None, *, planes=PLANES, bad=BAD, bad_names=None, **keywords
):
    """Propagate the mask of a stack one row high, given names by exposure and pixel."""
    mask = np.array([[sum(1 << planes[name] for name in pixel) for pixel in row] for row in bits], np.uint32)
    valid = np.array([[not set(pixel) & set(bad) for pixel in row] for row in bits])
    ones = np.ones(mask.shape)[:, None]
    psf = np.repeat(gaussian_kernel(2.0, 5)[None], len(mask), axis=0)
    stack = ExposureStack.from_arrays(
        ones, ones, psf, valid=valid[:, None], mask=mask[:, None], mask_planes=planes
    )
    weights = np.ones(len(mask)) if weights is None else np.array(weights)
    return propagate_mask(stack, weights=weights, bad_mask_planes=bad_names or bad, **keywords)


def test_harmless_planes_are_set_where_a_valid_exposure_carries_them() -> None:
    mask = propagate([[("DETECTED",), ("DETECTED", "COSMIC_RAY"), ()], [(), (), ()]])
    np.testing.assert_array_equal(mask.where("DETECTED"), [[True, False, False]])


def test_all_planes_of_the_inputs_keep_their_bits() -> None:
    mask = propagate([[()], [()]])
    assert {name: mask.planes[name] for name in PLANES} == PLANES
    assert set(mask.planes) - set(PLANES) == {"REJECTED", "INEXACT_PSF"}
    assert len(set(mask.planes.values())) == len(mask.planes)
    assert mask.array.dtype == np.uint32


@pytest.mark.parametrize(("weight", "is_set"), [(1.0, True), (0.5, False)])
def test_share_of_the_weight_decides_about_saturation(weight: float, is_set: bool) -> None:
    bits = [[("SATURATED",)]] + [[()]] * 9
    mask = propagate(bits, [weight] + [1.0] * 9, thresholds={"SATURATED": 0.1})
    assert mask.where("SATURATED").item() is is_set
    assert mask.where("REJECTED").item()
    assert not mask.where("NO_DATA").item()


def test_other_bad_planes_have_the_default_threshold() -> None:
    bits = [[("COSMIC_RAY",)], [()], [()]]
    assert not propagate(bits, thresholds={"SATURATED": 0.1}).where("COSMIC_RAY").item()
    assert propagate(bits, default_threshold=0.3).where("COSMIC_RAY").item()
    assert propagate(bits, [8.0, 1.0, 1.0]).where("COSMIC_RAY").item()


def test_names_of_both_worlds_mean_the_same_plane() -> None:
    bits = [[("SATURATED",)]] + [[()]] * 9
    mask = propagate(bits, bad_names=("NO_DATA", "SAT"), thresholds={"SAT": 0.1})
    assert mask.where("SATURATED").item()
    mask = propagate([[("CR",)], [()], [()]], planes={"CR": 3}, bad=("CR",), bad_names=("COSMIC_RAY",))
    assert not mask.where("CR").item()
    assert mask.where("REJECTED").item()


def test_exposures_that_do_not_reach_a_pixel_have_no_say() -> None:
    bits = [[("SATURATED",)]] + [[()]] * 3 + [[("NO_DATA",)]] * 12
    mask = propagate(bits, thresholds={"SATURATED": 0.2})
    assert mask.where("SATURATED").item()
    only_gaps = propagate([[("NO_DATA",)], [()]])
    assert not only_gaps.where("REJECTED").item()
    assert not only_gaps.where("NO_DATA").item()


def test_no_data_is_set_where_no_exposure_is_valid() -> None:
    mask = propagate([[("NO_DATA",), ("NO_DATA",), ()], [("NO_DATA",), ("COSMIC_RAY",), ("NO_DATA",)]])
    np.testing.assert_array_equal(mask.where("NO_DATA"), [[True, True, False]])
    np.testing.assert_array_equal(mask.where("COSMIC_RAY"), [[False, True, False]])


def test_no_data_that_does_not_invalidate_is_not_propagated() -> None:
    mask = propagate([[("NO_DATA",)], [()]], bad=("COSMIC_RAY",))
    assert not mask.where("NO_DATA").item()


def test_inexact_psf_is_set_only_if_asked_for() -> None:
    exact = np.array([[True, False]])
    bits = [[(), ("COSMIC_RAY",)], [(), ()]]
    np.testing.assert_array_equal(propagate(bits, exact_psf=exact).where("INEXACT_PSF"), ~exact)
    assert not propagate(bits).where("INEXACT_PSF").any()


def test_planes_that_are_there_already_are_used() -> None:
    mask = propagate([[("COSMIC_RAY",)], [()], [()]], planes={**PLANES, "REJECTED": 31})
    assert mask.planes["REJECTED"] == 31
    assert mask.array.item() == 1 << 31


def test_full_mask_is_an_error() -> None:
    planes = {**PLANES, **{f"PLANE{bit}": bit for bit in range(32) if bit not in PLANES.values()}}
    with pytest.raises(ValueError, match="none is left for REJECTED"):
        propagate([[()], [()]], planes=planes)


def test_stack_without_planes_gets_no_data() -> None:
    ones = np.ones((2, 3, 4))
    valid = np.ones((2, 3, 4), bool)
    valid[:, 1, 1] = False
    psf = np.repeat(gaussian_kernel(2.0, 5)[None], 2, axis=0)
    stack = ExposureStack.from_arrays(ones, ones, psf, valid=valid)
    mask = propagate_mask(stack, weights=np.ones(2), bad_mask_planes=())
    np.testing.assert_array_equal(mask.where("NO_DATA"), ~valid[0])
