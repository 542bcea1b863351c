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

"""Which pixels of a grid have been measured, where it is finer than those of the exposures."""

from __future__ import annotations

__all__ = ("sampling_counts",)

import numpy as np

from .boxes import Box


def sampling_counts(box: Box, sampling: int) -> np.ndarray:
    """Return for how many pixels each one stands.

    Parameters
    ----------
    box : `Box`
        Pixels, on the grid of the tract.
    sampling : `int`
        Side of the squares of pixels of which one has been measured: the
        lower of the two next to their middle where there is none in it.

    Returns
    -------
    counts : `numpy.ndarray`
        Float32, 1 on average: of shape ``(1, 1)`` where all pixels have been
        measured, else of ``box.shape``, ``sampling`` squared in those that
        were and 0 in others.
    """
    if sampling == 1:
        return np.ones((1, 1), np.float32)
    first = (sampling - 1) // 2
    rows, columns = (
        np.arange(start, stop) % sampling == first
        for start, stop in ((box.y_start, box.y_stop), (box.x_start, box.x_stop))
    )
    return np.float32(sampling**2) * np.outer(rows, columns).astype(np.float32)
