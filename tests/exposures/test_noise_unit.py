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

"""Exposures in units of their noise, to the last digit."""

from __future__ import annotations

import astropy.units
import numpy as np
import pytest
from small_fields import make_stack

from lsst.acn import Box, ExposureStack, InvalidExposureError
from lsst.acn.exposures.noise_unit import ExposuresInUnit, in_unit, noise_unit
from lsst.acn.exposures.variances import scaled_variance

FACTORS = [1e-19, 1e-9, 0.3, 1.0, 1000.0, 1e17]


def stack_in(factor: float) -> ExposureStack:
    stack, _ = make_stack(n=3, noise=2.0)
    variance = np.where(stack.valid, stack.variance.astype(float) * factor**2, np.inf)
    return ExposureStack.from_arrays(stack.image * factor, variance, stack.psf, valid=stack.valid)


@pytest.mark.parametrize("factor", FACTORS)
def test_unit_is_a_power_of_two_below_the_noise(factor: float) -> None:
    stack = stack_in(factor)
    unit = noise_unit(stack)
    assert np.frexp(unit)[0] == 0.5
    assert 1.0 <= 2.0 * factor / unit * (1 + 1e-6) < 2.0 + 1e-5
    scaled = in_unit(stack, 1.0 / unit)
    assert noise_unit(scaled) == 1.0
    assert in_unit(scaled, 1.0) is scaled
    back = in_unit(scaled, unit)
    np.testing.assert_array_equal(back.image, stack.image)
    np.testing.assert_array_equal(back.variance, stack.variance)
    parsed = astropy.units.Unit(scaled.unit)
    assert parsed.to("nJy") == pytest.approx(unit)


def test_no_valid_pixel_makes_no_unit() -> None:
    stack = ExposureStack.from_arrays(
        np.ones((2, 4, 4)), np.full((2, 4, 4), np.nan), make_stack(n=2)[0].psf.kernels[:, 0, 0]
    )
    assert noise_unit(stack) == 1.0


@pytest.mark.parametrize("share", [1e-15, 1e-17])
def test_exposure_that_claims_no_noise_is_refused_by_its_visit(share: float) -> None:
    stack, _ = make_stack(n=3, noise=2.0)
    variance = stack.variance.copy()
    variance[1] *= share
    wrong = ExposureStack.from_arrays(
        stack.image, variance, stack.psf, valid=stack.valid, visits=[11, 12, 13]
    )
    if share > 1e-16:
        assert noise_unit(wrong) == 2.0
    else:
        with pytest.raises(InvalidExposureError, match=r"variances of visits \[12\] are less than 1e-16"):
            noise_unit(wrong)


def test_sources_give_out_what_stacks_hold() -> None:
    stack, factor = stack_in(1000.0), 0.25
    scaled, source = stack.in_unit(factor), ExposuresInUnit(stack, factor)
    assert source.unit == scaled.unit == "4.0 nJy"
    np.testing.assert_array_equal(source.median_variances(), stack.median_variances() * factor**2)
    np.testing.assert_array_equal(scaled.median_variances(), source.median_variances())
    box = Box(3, 20, 5, 9)
    for one, other in (
        (source.cutout(box), scaled.cutout(box)),
        (source.exposure(1), scaled.exposure(1)),
        (source.select([2, 0]).cutout(box), scaled.select([2, 0]).cutout(box)),
        (next(source.strips(4))[1], scaled),
    ):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.variance, other.variance)
        assert one.visits == other.visits


def test_medians_that_are_known_are_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_in(1.0)
    medians = stack.median_variances()
    monkeypatch.setattr("lsst.acn.exposures.stack.median_variances", None)
    np.testing.assert_array_equal(stack.in_unit(8.0).median_variances(), 64.0 * medians)


def test_variances_may_be_scaled_by_what_single_precision_does_not_hold() -> None:
    variance = np.array([1e-38, 4e-37, np.inf], np.float32)
    scaled = scaled_variance(variance, 2.0**65)
    np.testing.assert_allclose(scaled[:2], variance[:2].astype(float) * 2.0**130, rtol=1e-6)
    assert scaled[2] == np.inf
    beyond = scaled_variance(np.array([1.0, 1e3, np.inf], np.float32), 1e18)
    np.testing.assert_array_equal(beyond, [np.float32(1e18) ** 2, np.finfo(np.float32).max, np.inf])
