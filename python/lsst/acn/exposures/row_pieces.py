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

"""Some rows of an image at a time: what is made on the way to a number needs little memory."""

from __future__ import annotations

__all__ = ("RowPiece", "row_pieces")

import dataclasses
from collections.abc import Iterator

ROWS_AT_A_TIME = 256


@dataclasses.dataclass(frozen=True)
class RowPiece:
    """Rows of an image that are worked on, with what is around them.

    Parameters
    ----------
    rows : `slice`
        Rows of the image.
    wide : `slice`
        The same and those around them, where the image has them.
    inside : `slice`
        Where ``rows`` are in ``wide``.
    """

    rows: slice
    wide: slice
    inside: slice


def row_pieces(n_rows: int, reach: int = 0, height: int = ROWS_AT_A_TIME) -> Iterator[RowPiece]:
    """Yield the rows of an image piece by piece.

    Parameters
    ----------
    n_rows : `int`
        Number of rows of the image.
    reach : `int`, optional
        How many rows on either side a result depends on.
    height : `int`, optional
        Rows of a piece; the last one may have fewer.

    Yields
    ------
    piece : `RowPiece`
        Disjoint rows, ascending, all of them.
    """
    for start in range(0, n_rows, height):
        stop = min(start + height, n_rows)
        first = max(start - reach, 0)
        yield RowPiece(
            rows=slice(start, stop),
            wide=slice(first, min(stop + reach, n_rows)),
            inside=slice(start - first, stop - first),
        )
