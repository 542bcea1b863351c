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

"""Telling what is going on, and how long it will take."""

from __future__ import annotations

__all__ = ("LOG", "Progress")

import logging
import time

LOG = logging.getLogger("scoreboard")


class Progress:
    """Tells what is going on, and how long it will take, on stderr.

    Parameters
    ----------
    work : `float`
        Size of everything, in any unit.
    """

    def __init__(self, work: float) -> None:
        self._work, self._done, self._start = work, 0.0, time.monotonic()

    def say(self, what: str) -> None:
        """Say what starts now."""
        gone = time.monotonic() - self._start
        left = f"{gone * (self._work - self._done) / self._done:.0f} s left" if self._done else "just begun"
        LOG.info("[%5.0f s, %s] %s", gone, left, what)

    def done(self, work: float) -> None:
        """Note that a part is done."""
        self._done += work
