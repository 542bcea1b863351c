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


"""Exposures are given out with PSFs that were fitted to them."""

from __future__ import annotations

import numpy as np
import pytest
from small_fields import make_stack

from lsst.acn import Box, PsfKernels, gaussian_kernel
from lsst.acn.exposures.changed_exposures import ChangedExposures
from lsst.acn.exposures.estimated_psfs import EstimatedPsfs, with_psfs


class Streamed(ChangedExposures):
    """A source that is no stack."""

    def select(self, indices):
        return Streamed(self._exposures.select(indices))

    def changed(self, stack):
        return stack


def make_psfs(stack, visits):
    kernels = np.array([gaussian_kernel(3.0 + 0.1 * visit, stack.psf.size) for visit in visits])
    return EstimatedPsfs(tuple(visits), PsfKernels.constant(kernels, stack.box), np.zeros_like(kernels), 5)


def test_whichever_way_exposures_are_read_they_have_the_psfs():
    stack, _ = make_stack()
    psfs = make_psfs(stack, [3, 2, 1, 0])
    expected = psfs.psf.kernels[::-1]
    whole, stream = with_psfs(stack, psfs), with_psfs(Streamed(stack), psfs)
    for read in (whole, stream, stream.cutout(Box(3, 30, 5, 40)), next(stream.strips(8))[1]):
        np.testing.assert_array_equal(read.psf.kernels, expected)
    np.testing.assert_array_equal(stream.exposure(2).psf.kernels[0], expected[2])
    np.testing.assert_array_equal(stream.select([3, 1]).psf.kernels, expected[[3, 1]])
    np.testing.assert_array_equal(whole.image, stack.image)


def test_exposures_that_are_not_known_keep_their_own():
    stack, _ = make_stack()
    psf = with_psfs(stack, make_psfs(stack, [0, 2])).psf
    np.testing.assert_array_equal(psf.kernels[1], stack.psf.kernels[1])
    assert not np.array_equal(psf.kernels[2], stack.psf.kernels[2])


@pytest.mark.parametrize("size", [9, 31])
def test_stamps_of_fitted_psfs_may_be_of_another_size(size):
    stack, _ = make_stack()
    kernels = np.array([gaussian_kernel(2.0, size)] * 2)
    psfs = EstimatedPsfs((0, 2), PsfKernels.constant(kernels, stack.box), np.zeros_like(kernels), 5)
    own = stack.psf.at(*stack.box.center)[1]
    kept = with_psfs(stack, psfs).psf.at(*stack.box.center)[1]
    edge = (len(kept) - len(own)) // 2
    np.testing.assert_array_equal(kept[edge : edge + len(own), edge : edge + len(own)], own)
    assert kept.sum() == pytest.approx(1.0, abs=1e-5)


def test_nothing_is_changed_where_nothing_was_fitted():
    stack, _ = make_stack()
    assert with_psfs(stack, None) is stack
