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

"""Integer pixel boxes on the grid of a tract."""

from __future__ import annotations

__all__ = ("Box",)

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle of whole pixels, half open on both axes.

    Parameters
    ----------
    y_start, y_stop : `int`
        First row, and one past the last row.
    x_start, x_stop : `int`
        First column, and one past the last column.

    Raises
    ------
    ValueError
        Raised if the box has no pixels.
    """

    y_start: int
    y_stop: int
    x_start: int
    x_stop: int

    def __post_init__(self) -> None:
        if self.y_stop <= self.y_start or self.x_stop <= self.x_start:
            raise ValueError(f"Box {self} has no pixels.")

    def __str__(self) -> str:
        return f"[y={self.y_start}:{self.y_stop}, x={self.x_start}:{self.x_stop}]"

    @classmethod
    def from_shape(cls, shape: tuple[int, int], start: tuple[int, int] = (0, 0)) -> Box:
        """Return the box of a given shape.

        Parameters
        ----------
        shape : `tuple` [`int`, `int`]
            Height and width.
        start : `tuple` [`int`, `int`], optional
            First row and first column.

        Returns
        -------
        box : `Box`
            The box.
        """
        return cls(start[0], start[0] + shape[0], start[1], start[1] + shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width (`tuple` [`int`, `int`])."""
        return self.y_stop - self.y_start, self.x_stop - self.x_start

    @property
    def center(self) -> tuple[float, float]:
        """The (y, x) of the middle, where pixel centres are integers."""
        return 0.5 * (self.y_start + self.y_stop - 1), 0.5 * (self.x_start + self.x_stop - 1)

    def grown_by(self, margin: int) -> Box:
        """Return a larger box around this one.

        Parameters
        ----------
        margin : `int`
            Number of pixels to add on every side.

        Returns
        -------
        box : `Box`
            The larger box.
        """
        return Box(self.y_start - margin, self.y_stop + margin, self.x_start - margin, self.x_stop + margin)

    def on_finer_grid(self, factor: int) -> Box:
        """Return the same area on a grid of smaller pixels.

        Parameters
        ----------
        factor : `int`
            Smaller pixels per pixel, along each axis: pixel ``i`` is those
            from ``factor * i`` to ``factor * i + factor - 1``.

        Returns
        -------
        box : `Box`
            Of the smaller pixels.
        """
        return Box(*(factor * edge for edge in (self.y_start, self.y_stop, self.x_start, self.x_stop)))

    def on_coarser_grid(self, factor: int) -> Box:
        """Return the larger pixels that have a part in this area.

        Parameters
        ----------
        factor : `int`
            As `on_finer_grid` takes it.

        Returns
        -------
        box : `Box`
            Of the larger pixels.
        """
        return Box(
            self.y_start // factor,
            -(-self.y_stop // factor),
            self.x_start // factor,
            -(-self.x_stop // factor),
        )

    def contains(self, other: Box) -> bool:
        """Tell whether another box lies wholly inside this one.

        Parameters
        ----------
        other : `Box`
            The other box.

        Returns
        -------
        contains : `bool`
            `True` if it does.
        """
        return (
            self.y_start <= other.y_start
            and other.y_stop <= self.y_stop
            and self.x_start <= other.x_start
            and other.x_stop <= self.x_stop
        )

    def overlaps(self, other: Box) -> bool:
        """Tell whether this box and another share a pixel.

        Parameters
        ----------
        other : `Box`
            The other box.

        Returns
        -------
        overlaps : `bool`
            `True` if they do.
        """
        return (
            max(self.y_start, other.y_start) < min(self.y_stop, other.y_stop)
            and max(self.x_start, other.x_start) < min(self.x_stop, other.x_stop)
        )  # fmt: skip

    def intersection(self, other: Box) -> Box:
        """Return the pixels that this box and another share.

        Parameters
        ----------
        other : `Box`
            The other box.

        Returns
        -------
        box : `Box`
            The pixels in common.

        Raises
        ------
        ValueError
            Raised if there are none.
        """
        return Box(
            max(self.y_start, other.y_start),
            min(self.y_stop, other.y_stop),
            max(self.x_start, other.x_start),
            min(self.x_stop, other.x_stop),
        )

    def union(self, other: Box) -> Box:
        """Return the smallest box that holds both.

        Parameters
        ----------
        other : `Box`
            The other box.

        Returns
        -------
        box : `Box`
            Their hull.
        """
        return Box(
            min(self.y_start, other.y_start),
            max(self.y_stop, other.y_stop),
            min(self.x_start, other.x_start),
            max(self.x_stop, other.x_stop),
        )

    def slices_within(self, other: Box) -> tuple[slice, slice]:
        """Return the slices that cut this box from a larger array.

        Parameters
        ----------
        other : `Box`
            Pixels of the array.

        Returns
        -------
        rows, columns : `slice`
            Where this box is in the array.
        """
        return (
            slice(self.y_start - other.y_start, self.y_stop - other.y_start),
            slice(self.x_start - other.x_start, self.x_stop - other.x_start),
        )
