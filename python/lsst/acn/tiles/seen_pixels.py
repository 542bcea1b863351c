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

"""Which pixels of a patch are shown by any exposure."""

from __future__ import annotations

__all__ = ("SeenPixels",)

import numpy as np

from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from .restore_tiles import OnStrip


class SeenPixels:
    """Notes which pixels exposures show, as these pass by, and hands them on.

    Parameters
    ----------
    box : `Box`
        The patch.
    on_strip : `~collections.abc.Callable` or `None`
        Called with the same.
    """

    def __init__(self, box: Box, on_strip: OnStrip | None) -> None:
        self._box, self._on_strip = box, on_strip
        self.pixels = np.zeros(box.shape, bool)

    def __call__(self, rows: Box, stack: ExposureStack) -> None:
        self.pixels[rows.slices_within(self._box)] |= stack.cutout(rows).valid.any(axis=0)
        if self._on_strip is not None:
            self._on_strip(rows, stack)
