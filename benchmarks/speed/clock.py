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

"""How long calls take, and how fast a machine copies memory: what speeds are held against."""

from __future__ import annotations

__all__ = ("device_copy_bandwidth", "host_copy_bandwidth", "least_seconds", "seconds_of")

import time
from collections.abc import Callable
from functools import partial

import numpy as np

N_COPIED = 2**26
"""Numbers of float32 that are copied: far more than any cache holds."""

ROUNDS = 20
"""Times that a device goes through them, so that starting it does not count."""


def seconds_of(function: Callable[[], object]) -> float:
    """Return the seconds that one call takes.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        What to call.

    Returns
    -------
    seconds : `float`
        Wall time.
    """
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def least_seconds(function: Callable[[], object], repeats: int) -> float:
    """Return the seconds that the fastest of some calls takes.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        What to call, once more than is timed.
    repeats : `int`
        Number of timed calls.

    Returns
    -------
    seconds : `float`
        Wall time.
    """
    function()
    return min(seconds_of(function) for _ in range(repeats))


def host_copy_bandwidth() -> float:
    """Return how fast NumPy copies a large array.

    Returns
    -------
    bandwidth : `float`
        Bytes per second, read and written.
    """
    source = np.zeros(N_COPIED, np.float32)
    target = np.empty_like(source)
    return 2 * source.nbytes / least_seconds(lambda: np.copyto(target, source), 5)


def device_copy_bandwidth() -> float:
    """Return how fast the device of the Keras backend adds 1 to a large array.

    Returns
    -------
    bandwidth : `float`
        Bytes per second, read and written.
    """
    from keras import ops

    from lsst.acn.machine.compiled_inference import compile_inference

    array = np.zeros(N_COPIED, np.float32)

    def once(array: object) -> object:
        return ops.sum(array[:1])

    def many(array: object) -> object:
        return ops.sum(ops.fori_loop(0, ROUNDS, lambda _, value: value + 1.0, array)[:1])

    short, long = (least_seconds(partial(compile_inference(function), array), 3) for function in (once, many))
    return ROUNDS * 2 * array.nbytes / max(long - short, 1e-9)
