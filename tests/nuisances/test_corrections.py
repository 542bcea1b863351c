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


"""What is taken off exposures, and its record."""

from __future__ import annotations

import numpy as np
import pytest
from small_fields import make_stack, make_varying_stack

from lsst.acn import Box, ExposureStack
from lsst.acn.errors import UnknownRestorationError
from lsst.acn.nuisances.corrections import PARAMETERS, ExposureCorrections, plane_coordinates
from lsst.acn.nuisances.smooth_sky import SmoothSky


def some_corrections(stack, **columns):
    """Return corrections of a stack, with some columns set."""
    nothing = ExposureCorrections.nothing(stack.box, stack.visits)
    values = nothing.values.copy()
    for name, column in columns.items():
        values[:, PARAMETERS.index(name)] = column
    return ExposureCorrections(
        stack.box, stack.visits, values, np.full(values.shape, 0.5), nothing.common_sky
    )


def test_sky_slope_and_scale_are_taken_off():
    stack, _ = make_stack()
    v, u = plane_coordinates(stack.box, stack.box)
    scale = np.array([0.1, 0.0, -0.05, 0.02])
    spoiled = (1 + scale)[:, None, None] * stack.image + 3.0 + 0.5 * u - 0.2 * v
    wrong = ExposureStack.from_arrays(spoiled, stack.variance, stack.psf, valid=stack.valid)
    corrections = some_corrections(stack, sky=3.0, sky_x=0.5, sky_y=-0.2, flux_scale=scale)
    right = corrections.applied(wrong)
    np.testing.assert_allclose(right.image[stack.valid], stack.image[stack.valid], atol=1e-3)
    assert not right.image[~stack.valid].any()
    np.testing.assert_allclose(right.variance[0, 5, 5], 1 / 1.1**2, rtol=1e-5)
    assert np.isinf(right.variance[~stack.valid]).all()


def test_a_part_of_the_patch_is_corrected_as_the_whole_is():
    stack, _ = make_stack()
    sky = SmoothSky(stack.box, np.arange(16.0).reshape(4, 4))
    corrections = some_corrections(stack, sky_x=2.0, shift_x=0.2)
    corrections = ExposureCorrections(
        stack.box, stack.visits, corrections.values, corrections.errors, sky, 0.1
    )
    box = Box(7, 30, 11, 40)
    part, whole = corrections.applied(stack.cutout(box)), corrections.applied(stack).cutout(box)
    np.testing.assert_allclose(part.image, whole.image, atol=1e-4)
    np.testing.assert_array_equal(part.psf.at(*box.center), whole.psf.at(*box.center))


def test_psfs_of_all_cells_are_moved():
    stack = make_varying_stack()
    moved = some_corrections(stack, shift_y=0.25).applied(stack)
    along = np.arange(stack.psf.size) - stack.psf.radius
    rows = moved.psf.kernels.sum(axis=-1) @ along - stack.psf.kernels.sum(axis=-1) @ along
    np.testing.assert_allclose(rows, 0.25, atol=0.01)


def test_one_correction_after_another_is_their_sum():
    stack, _ = make_stack()
    first = some_corrections(stack, sky=2.0, flux_scale=0.1, shift_x=0.1)
    more = some_corrections(stack, sky=1.0, flux_scale=0.05, shift_x=0.05)
    both = first.plus(more.values, more.errors)
    np.testing.assert_allclose(
        both.applied(stack).image, more.applied(first.applied(stack)).image, rtol=1e-4, atol=1e-3
    )
    np.testing.assert_allclose(both.column("shift_x"), 0.15)


def test_the_record_gives_back_what_was_written():
    stack, _ = make_stack()
    corrections = some_corrections(stack, sky=[1.0, -2.5, 0.0, 1 / 3], psf_plus=0.0123456789)
    corrections.errors[0, 0] = np.inf
    again = ExposureCorrections.unpack(corrections.pack())
    np.testing.assert_allclose(again.values, corrections.values, rtol=1e-5)
    np.testing.assert_allclose(again.errors, corrections.errors, rtol=1e-5)
    assert again.visits == corrections.visits
    assert again.box == corrections.box


@pytest.mark.parametrize("text", ["", "{}", '{"parameters": ["sky"]}', "[1, 2]"])
def test_a_damaged_record_is_refused(text):
    with pytest.raises(UnknownRestorationError, match="how its exposures were corrected"):
        ExposureCorrections.unpack(text)


def test_visits_are_told_apart_by_name_and_unknown_ones_have_no_corrections():
    stack, _ = make_stack()
    corrections = some_corrections(stack, sky=[1.0, 2.0, 3.0, 4.0])
    chosen = corrections.of_visits([stack.visits[2], 77, stack.visits[0]])
    np.testing.assert_array_equal(chosen.column("sky"), [3.0, 0.0, 1.0])
    assert np.isinf(chosen.errors[1]).all()


def test_another_unit_changes_the_skies_alone():
    stack, _ = make_stack()
    other = some_corrections(stack, sky=2.0, shift_x=0.3).in_unit(1000.0)
    np.testing.assert_array_equal(other.column("sky"), 2000.0)
    np.testing.assert_array_equal(other.column("shift_x"), 0.3)


def test_nothing_is_false_and_changes_nothing():
    stack, _ = make_stack()
    nothing = ExposureCorrections.nothing(stack.box, stack.visits)
    assert not nothing
    np.testing.assert_array_equal(nothing.applied(stack).image, stack.image)
    assert nothing.applied_to_psf(stack.psf) is stack.psf
