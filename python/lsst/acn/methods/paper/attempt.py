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

"""What one attempt at a training has of its own: its random draws and its learning rate."""

from __future__ import annotations

__all__ = ("Attempt",)

import dataclasses

import numpy as np

from ...exposures.random_streams import random_stream

SLOWER = 0.5
"""Learning rate of an attempt over that of the one before."""


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One of several attempts to train a network.

    Parameters
    ----------
    number : `int`, optional
        How many have failed before it.
    """

    number: int = 0

    @property
    def rate(self) -> float:
        """Learning rate in units of the configured one (`float`)."""
        return SLOWER**self.number

    def stream(self, seed: int, name: str) -> np.random.Generator:
        """Return the random draws of this attempt.

        Parameters
        ----------
        seed : `int`
            Seed of the restoration.
        name : `str`
            What is drawn.

        Returns
        -------
        stream : `numpy.random.Generator`
            Those of the first attempt are the same whether or not others
            follow.
        """
        more = ("attempt", self.number) if self.number else ()
        return random_stream(seed, "paper", name, *more)
