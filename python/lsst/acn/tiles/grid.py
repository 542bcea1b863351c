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

"""Cutting a patch into overlapping tiles and blending them again."""

from __future__ import annotations

__all__ = ("TileBlender", "draw_tiles", "tile_grid")

import numpy as np

from ..exposures.boxes import Box


def _starts(size: int, tile: int, overlap: int) -> list[int]:
    """Return equally spaced starts of tiles that overlap by at least so much."""
    if size <= tile:
        return [0]
    count = 1 + int(np.ceil((size - tile) / max(tile - overlap, 1)))
    return [round(start) for start in np.linspace(0, size - tile, count)]


def tile_grid(box: Box, size: int, overlap: int) -> list[Box]:
    """Return equal tiles that cover ``box`` and lie inside it.

    Parameters
    ----------
    box : `Box`
        What to cover.
    size : `int`
        Greatest side of a tile.  Tiles are no larger than as many of them
        need to cover ``box``.
    overlap : `int`
        Smallest number of pixels that neighbours share.

    Returns
    -------
    tiles : `list` [`Box`]
        The tiles, row by row.
    """
    height, width = (_least_side(side, size, overlap) for side in box.shape)
    return [
        Box.from_shape((height, width), (box.y_start + y, box.x_start + x))
        for y in _starts(box.shape[0], height, overlap)
        for x in _starts(box.shape[1], width, overlap)
    ]


def _least_side(length: int, size: int, overlap: int) -> int:
    """Return the least side of the tiles, as many as are needed with ``size``."""
    number = len(_starts(length, size, overlap))
    return -(-(length + (number - 1) * overlap) // number)


def draw_tiles(box: Box, size: int, rng: np.random.Generator) -> list[Box]:
    """Return as many tiles as cover ``box`` once, at random places.

    Each tile of a regular grid is moved by up to half its size on each axis,
    kept inside ``box``, so that seams never fall on the same pixels and yet
    every epoch sees the whole patch.

    Parameters
    ----------
    box : `Box`
        What to draw from.
    size : `int`
        Side of a tile; smaller where ``box`` is smaller.
    rng : `numpy.random.Generator`
        Source of the random draws.

    Returns
    -------
    tiles : `list` [`Box`]
        The tiles, in random order.
    """
    grid = tile_grid(box, size, 0)
    height, width = grid[0].shape
    moves = rng.integers(-(size // 2), size // 2 + 1, (len(grid), 2))
    tiles = [
        Box.from_shape(
            (height, width),
            (
                int(np.clip(tile.y_start + dy, box.y_start, box.y_stop - height)),
                int(np.clip(tile.x_start + dx, box.x_start, box.x_stop - width)),
            ),
        )
        for tile, (dy, dx) in zip(grid, moves, strict=True)
    ]
    return [tiles[index] for index in rng.permutation(len(tiles))]


class TileBlender:
    """Sum of restored tiles, each with a weight that falls to its edges.

    Parameters
    ----------
    box : `Box`
        Pixels of the blended image.
    overlap : `int`
        Number of pixels over which a tile fades in.
    """

    def __init__(self, box: Box, overlap: int) -> None:
        self._box = box
        self._overlap = overlap
        self._sum = np.zeros(box.shape, np.float32)
        self._weight = np.zeros(box.shape, np.float32)

    def _ramp(self, start: int, stop: int, first: int, last: int) -> np.ndarray:
        """Return the weights along one axis; edges of the patch do not fade."""
        index = np.arange(start, stop)
        from_start = np.inf if start == first else index - start + 1
        from_stop = np.inf if stop == last else stop - index
        nearest = np.minimum(np.broadcast_to(from_start, index.shape), from_stop)
        return np.minimum(nearest / (self._overlap + 1), 1.0).astype(np.float32)

    def add(self, tile: Box, image: np.ndarray) -> None:
        """Add one restored tile.

        Parameters
        ----------
        tile : `Box`
            Pixels of the tile, inside the blended image's box.
        image : `numpy.ndarray`
            Values, shape ``tile.shape``.
        """
        box = self._box
        rows = self._ramp(tile.y_start, tile.y_stop, box.y_start, box.y_stop)
        columns = self._ramp(tile.x_start, tile.x_stop, box.x_start, box.x_stop)
        weight = np.outer(rows, columns)
        where = tile.slices_within(box)
        self._sum[where] += weight * image
        self._weight[where] += weight

    def result(self, *, empty: float | None = None) -> np.ndarray:
        """Return the blended image, float32.

        Parameters
        ----------
        empty : `float`, optional
            Value of pixels that are in no tile, if there may be such.

        Returns
        -------
        image : `numpy.ndarray`
            Weighted mean of the tiles at every pixel.

        Raises
        ------
        ValueError
            Raised if some pixel is in no tile, and may not be.
        """
        if empty is None and not (self._weight > 0).all():
            raise ValueError(f"The tiles do not cover {self._box}.")
        result = np.full_like(self._sum, 0.0 if empty is None else empty)
        return np.divide(self._sum, self._weight, where=self._weight > 0, out=result)
