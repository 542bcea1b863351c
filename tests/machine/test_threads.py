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

import os
import runpy
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.fft
from array_libraries import sums_of
from small_fields import make_stack
from threadpoolctl import threadpool_info

from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.machine import threads
from lsst.acn.machine.threads import MAX_CORES, blas_with_one_thread, cores, cores_in_use, for_each, in_turn
from lsst.acn.methods.cross_exposure.family.exposure_sums import sum_up


@pytest.mark.parametrize("number", [1, 2, 5])
def test_results_come_in_order_whatever_the_threads(number: int) -> None:
    with cores(number):
        assert for_each(lambda index: index**2, 7) == [index**2 for index in range(7)]
        assert for_each(lambda index: index, 0) == []


def test_as_many_at_once_as_there_are_cores() -> None:
    together = threading.Barrier(2, timeout=10)
    with cores(2):
        # Neither call returns before the other has begun.
        assert len(for_each(lambda _: together.wait(), 2)) == 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_items_are_taken_in_turn_and_no_further_ahead_than_there_are_cores(number: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(8):
            taken.append(item)
            yield item

    with cores(number):
        for count, result in enumerate(in_turn(lambda item: item**2, items(), 8)):
            assert result == count**2
            assert len(taken) <= count + 1 + number
    assert taken == list(range(8))


def test_a_single_item_has_all_cores() -> None:
    with cores(3):
        assert list(in_turn(lambda _: cores_in_use(), [None], 1)) == [3]
        assert list(in_turn(lambda _: cores_in_use(), [None] * 2, 2)) == [1, 1]


def test_errors_are_not_lost() -> None:
    with cores(2), pytest.raises(ZeroDivisionError):
        for_each(lambda index: 1 // index, 3)


def test_statistics_are_the_same_bytes_with_any_number_of_threads() -> None:
    stack, truth = make_stack(n=7)
    latent = np.full(stack.shape, 0.5, np.float32)
    sums = []
    for number in (1, 3):
        with cores(number):
            xp, exposures = numpy_arrays(), sums_of(stack)
            sums.append([sum_up(xp, exposures, start).back_projection for start in (None, latent)])
    np.testing.assert_array_equal(sums[0], sums[1])


def test_cores_are_those_of_the_thread_and_of_fourier_transforms() -> None:
    outside = cores_in_use()
    with cores(3):
        assert cores_in_use() == scipy.fft.get_workers() == 3
        with cores(2):
            assert for_each(lambda _: cores_in_use(), 4) == [1] * 4
            assert cores_in_use() == 2
        assert cores_in_use() == 3
    assert cores_in_use() == outside
    with cores():
        assert cores_in_use() == MAX_CORES


@pytest.mark.parametrize(("said", "most"), [("1", 1), ("3,1", 3), ("many", None), ("", None), ("64", 16)])
def test_most_cores_are_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, said: str, most: int | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    found = runpy.run_path(threads.__file__)["MAX_CORES"]
    assert found == (most or min(os.cpu_count() or 1, 16))


def test_products_of_matrices_take_one_thread() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))

    def numbers_of_threads() -> list[int]:
        return [int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = numbers_of_threads()
    with blas_with_one_thread():
        assert set(numbers_of_threads()) == {1}
    assert numbers_of_threads() == before
