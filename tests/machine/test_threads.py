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

import threading

import numpy as np
import pytest
import scipy.fft
from array_libraries import sums_of
from small_fields import make_stack

from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.machine.threads import for_each
from lsst.acn.methods.cross_exposure.family.exposure_sums import sum_up


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_whatever_the_threads(workers: int) -> None:
    with scipy.fft.set_workers(workers):
        assert for_each(lambda index: index**2, 7) == [index**2 for index in range(7)]
        assert for_each(lambda index: index, 0) == []


def test_as_many_at_once_as_scipy_may_use() -> None:
    together = threading.Barrier(2, timeout=10)
    with scipy.fft.set_workers(2):
        # Neither call returns before the other has begun.
        assert len(for_each(lambda _: together.wait(), 2)) == 2


def test_errors_are_not_lost() -> None:
    with scipy.fft.set_workers(2), pytest.raises(ZeroDivisionError):
        for_each(lambda index: 1 // index, 3)


def test_statistics_are_the_same_bytes_with_any_number_of_threads() -> None:
    stack, truth = make_stack(n=7)
    latent = np.full(stack.shape, 0.5, np.float32)
    sums = []
    for workers in (1, 3):
        with scipy.fft.set_workers(workers):
            xp, exposures = numpy_arrays(), sums_of(stack)
            sums.append([sum_up(xp, exposures, start).back_projection for start in (None, latent)])
    np.testing.assert_array_equal(sums[0], sums[1])
