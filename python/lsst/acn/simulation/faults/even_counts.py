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

"""How many of something each exposure gets, evenly spread over exposures."""

from __future__ import annotations

__all__ = ("even_count",)

import math

from ...exposures.random_streams import random_stream


def even_count(rate: float, seed: int, purpose: str, visit: int) -> int:
    """Return how many of something an exposure gets.

    Any run of exposures has the rate times their number, to within one: a
    quarter of twelve exposures is three of them, not three on average.

    Parameters
    ----------
    rate : `float`
        Number for each exposure, on average; not negative.
    seed : `int`
        Seed of the simulation, which decides where the counting starts.
    purpose : `str`
        What is counted.
    visit : `int`
        Identifier of the exposure.

    Returns
    -------
    count : `int`
        The same for the same seed, purpose and visit.
    """
    start = random_stream(seed, "even counts", purpose).random()
    # Rounded, so that a half times two is one whatever the start.
    return math.floor(round(rate * (visit + 1) + start, 9)) - math.floor(round(rate * visit + start, 9))
