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

"""One exposure after the other, or several at once."""

from __future__ import annotations

__all__ = ("for_each",)

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import scipy.fft


def for_each[Result](function: Callable[[int], Result], number: int) -> list[Result]:
    """Return what a function makes of each index.

    Parameters
    ----------
    function : `~collections.abc.Callable`
        Takes an index; called from as many threads at once as SciPy may use
        for a Fourier transform (`scipy.fft.set_workers`): those of many small
        images gain more from threads of their own than from shared ones.
    number : `int`
        Indices from 0 to one less.

    Returns
    -------
    results : `list`
        In the order of the indices, whatever the number of threads.
    """
    workers = min(scipy.fft.get_workers(), number)
    if workers <= 1:
        return [function(index) for index in range(number)]
    with ThreadPoolExecutor(workers, thread_name_prefix="for-each") as pool:
        return list(pool.map(function, range(number)))
