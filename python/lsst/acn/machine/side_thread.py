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

"""A thread beside the main one, if there is a core for it."""

from __future__ import annotations

__all__ = ("side_thread",)

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any


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
