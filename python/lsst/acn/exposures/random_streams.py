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

"""Random numbers that belong to a name, not to a place in a sequence.

All random draws of this package begin here.
"""

from __future__ import annotations

__all__ = ("random_stream",)

import zlib

import numpy as np


def random_stream(seed: int, name: str, *more: str | int) -> np.random.Generator:
    """Return the generator that belongs to one purpose under one seed.

    Each purpose draws from a stream of its own, so that one more exposure, or
    one more kind of defect, leaves every other draw as it was, and no two
    purposes share their numbers by accident.

    Parameters
    ----------
    seed : `int`
        Seed of the whole simulation or restoration, not negative.
    name : `str`
        What the numbers are for, such as ``"noise"``.
    *more : `str` or `int`
        Which of several streams for that, such as the number of a visit;
        numbers are not negative.

    Returns
    -------
    stream : `numpy.random.Generator`
        The same numbers for the same seed and name, everywhere.
    """
    key = tuple(part if isinstance(part, int) else zlib.crc32(part.encode()) for part in (name, *more))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
