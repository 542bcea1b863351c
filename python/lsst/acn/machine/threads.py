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


"""How many cores may be used, and threads for them."""

from __future__ import annotations

__all__ = ("MAX_CORES", "blas_with_one_thread", "cores", "cores_in_use", "for_each", "in_turn", "side_thread")

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import scipy.fft

_THREADS = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
MAX_CORES = min(int(_THREADS) if _THREADS.isdecimal() and int(_THREADS) else os.cpu_count() or 1, 16)
"""Cores where nothing else is asked for: as many as OMP_NUM_THREADS says, or as there are."""


@contextlib.contextmanager
def cores(number: int | None = None) -> Iterator[None]:
    """Let what this thread does inside use some cores.

    Parameters
    ----------
    number : `int`, optional
        How many; `MAX_CORES` by default.

    Notes
    -----
    SciPy keeps the number, so that its Fourier transforms take as many
    threads, too.  Threads that are begun inside have one core each.
    """
    with scipy.fft.set_workers(number or MAX_CORES):
        yield


def cores_in_use() -> int:
    """Return how many cores this thread may use.

    Returns
    -------
    number : `int`
        What the innermost `cores` says; one outside of any.
    """
    return int(scipy.fft.get_workers())


def blas_with_one_thread() -> contextlib.AbstractContextManager[Any]:
    """Return a context in which products of matrices take no threads of their own.

    Those of a small network are over before a second thread has begun, which
    then waits at the cost of a core.

    Returns
    -------
    context : `contextlib.AbstractContextManager`
        Of the whole process.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def for_each[Result](function: Callable[[int], Result], number: int) -> list[Result]:
    """Return what a function makes of each index.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes an index; called from as many threads at once as `cores` allows:
        the Fourier transforms of many small images gain more from threads of
        their own than from shared ones.
    number : `int`
        Indices from 0 to one less.

    Returns
    -------
    results : `list`
        In the order of the indices, whatever the number of threads.
    """
    n_threads = min(cores_in_use(), number)
    if n_threads <= 1:
        return [function(index) for index in range(number)]
    with ThreadPoolExecutor(n_threads, thread_name_prefix="for-each") as pool:
        return list(pool.map(function, range(number)))


def in_turn[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item], number: int
) -> Iterator[Result]:
    """Yield what a function makes of each item, in order, as many at once as `cores` allows.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes an item; called from several threads, or from this one, with all
        of its cores, if there is one core or one item.
    items : `~collections.abc.Iterable`
        Taken from one after the other, no more ahead than there are cores:
        what is begun or done waits in memory.
    number : `int`
        How many items there are.

    Yields
    ------
    result
        Of each item.
    """
    n_cores = cores_in_use()
    if n_cores == 1 or number == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(n_cores, thread_name_prefix="in-turn") as pool:
        running: deque[Future[Result]] = deque()
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) > n_cores:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def side_thread(name: str, n_cores: int) -> Executor:
    """Return what does one thing at a time while the caller goes on.

    Parameters
    ----------
    name : `str`
        Name of the thread.
    n_cores : `int`
        Cores that may be used.  With only one, everything is done when it is
        submitted: two threads would take the time of another process.

    Returns
    -------
    executor : `concurrent.futures.Executor`
        To be used as a context.
    """
    return ThreadPoolExecutor(1, thread_name_prefix=name) if n_cores > 1 else _AtOnce()


class _AtOnce(Executor):
    """Calls functions when they are submitted."""

    def submit[**P, Result](
        self, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[Result]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
