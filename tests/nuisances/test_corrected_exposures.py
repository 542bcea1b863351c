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


"""Exposures that are corrected as they are read."""

from __future__ import annotations

import tracemalloc

import numpy as np
from small_fields import make_varying_stack

from lsst.acn import Box, ExposureStack
from lsst.acn.nuisances.corrected_exposures import CorrectedExposures, corrected
from lsst.acn.nuisances.corrections import PARAMETERS, ExposureCorrections


def spoiled():
    """Return a stack and corrections of it."""
    stack = make_varying_stack()
    values = np.zeros((len(stack), len(PARAMETERS)))
    values[:, 0], values[:, 3], values[:, 4] = [1, 2, 3, 4], [0.0, 0.1, 0.2, 0.3], 0.2
    nothing = ExposureCorrections.nothing(stack.box, stack.visits)
    return stack, ExposureCorrections(stack.box, stack.visits, values, nothing.errors, nothing.common_sky)


def test_whichever_way_exposures_are_read_they_are_corrected():
    stack, corrections = spoiled()
    whole, stream = corrections.applied(stack), CorrectedExposures(stack, corrections)
    box = Box(3, 30, 5, 40)
    np.testing.assert_array_equal(stream.cutout(box).image, whole.cutout(box).image)
    np.testing.assert_array_equal(stream.exposure(2).image[0], whole.image[2])
    np.testing.assert_array_equal(stream.select([3, 1]).exposure(0).image[0], whole.image[3])
    ((rows, strip),) = stream.strips(8)
    np.testing.assert_array_equal(strip.image, whole.image)
    np.testing.assert_array_equal(stream.psf.kernels, whole.psf.kernels)
    np.testing.assert_allclose(stream.median_variances(), whole.median_variances(), rtol=1e-6)
    assert rows == stack.box
    assert (len(stream), stream.box, stream.visits) == (len(stack), stack.box, stack.visits)
    assert (stream.unit, stream.band, stream.geometry) == (stack.unit, stack.band, stack.geometry)
    assert stream.mask_planes == stack.mask_planes


def test_exposures_with_which_nothing_is_wrong_are_handed_on():
    stack, _ = spoiled()
    assert corrected(stack, ExposureCorrections.nothing(stack.box, stack.visits)) is stack


def test_a_stack_is_corrected_in_little_memory() -> None:
    stack, corrections = spoiled()
    scaled = corrected(stack, corrections, 0.25)
    expected = corrections.in_unit(0.25).applied(stack.in_unit(0.25))
    np.testing.assert_array_equal(scaled.image, expected.image)
    np.testing.assert_array_equal(scaled.variance, expected.variance)
    np.testing.assert_array_equal(scaled.psf.kernels, expected.psf.kernels)
    assert scaled.unit == expected.unit
    assert np.shares_memory(scaled.valid, stack.valid)
    tracemalloc.start()
    large = ExposureStack.from_arrays(
        *np.ones((2, len(stack), 200, 200), np.float32), stack.psf.at(*stack.box.center), visits=stack.visits
    )
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    corrected(large, corrections, 0.25)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    # New images and variances, and a few planes of one exposure.
    assert peak < 2 * large.image.nbytes + 7 * large.image[0].nbytes
