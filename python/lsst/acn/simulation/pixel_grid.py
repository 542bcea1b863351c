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

"""Where the pixels lie on which an exposure is drawn."""

from __future__ import annotations

__all__ = ("PixelGrid",)

import dataclasses
import math
from typing import Any

import numpy as np

from ..exposures.boxes import Box


@dataclasses.dataclass(frozen=True)
class PixelGrid:
    """Pixels that may be turned and shifted with respect to those of the tract.

    Parameters
    ----------
    box : `Box`
        The pixels, in coordinates of the grid's own.
    shift : `tuple` [`float`, `float`], optional
        What is added to the (y, x) of a tract pixel after the turn.
    angle : `float`, optional
        Turn in radians.
    pivot : `tuple` [`float`, `float`], optional
        The (y, x) in tract pixels around which it is turned.
    """

    box: Box
    shift: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)

    def from_tract(self, y: Any, x: Any) -> tuple[Any, Any]:
        """Return where points of the tract are on this grid.

        Parameters
        ----------
        y, x : `float` or `numpy.ndarray`
            Tract pixels.

        Returns
        -------
        y, x : `float` or `numpy.ndarray`
            Pixels of this grid.
        """
        if self.angle:
            y, x = _turned(y, x, self.pivot, self.angle)
        return y + self.shift[0], x + self.shift[1]

    def to_tract(self, y: Any, x: Any) -> tuple[Any, Any]:
        """Return where points of this grid are in the tract.

        Parameters
        ----------
        y, x : `float` or `numpy.ndarray`
            Pixels of this grid.

        Returns
        -------
        y, x : `float` or `numpy.ndarray`
            Tract pixels.
        """
        y, x = y - self.shift[0], x - self.shift[1]
        return _turned(y, x, self.pivot, -self.angle) if self.angle else (y, x)

    def shifted_by(self, shift: tuple[float, float]) -> PixelGrid:
        """Return a grid on which everything is elsewhere.

        Parameters
        ----------
        shift : `tuple` [`float`, `float`]
            By how much, (y, x) along the axes of the tract.

        Returns
        -------
        grid : `PixelGrid`
            With the same pixels.
        """
        y, x = _turned(*shift, (0.0, 0.0), self.angle)
        return dataclasses.replace(self, shift=(self.shift[0] + y, self.shift[1] + x))

    def on(self, box: Box) -> PixelGrid:
        """Return the same grid with other pixels.

        Parameters
        ----------
        box : `Box`
            The pixels, in coordinates of the grid's own.

        Returns
        -------
        grid : `PixelGrid`
            The grid.
        """
        return dataclasses.replace(self, box=box)

    def covering(self, box: Box, margin: int) -> PixelGrid:
        """Return the same grid with all pixels that a box of the tract needs.

        Parameters
        ----------
        box : `Box`
            Tract pixels.
        margin : `int`
            Further pixels on every side.

        Returns
        -------
        grid : `PixelGrid`
            The grid.
        """
        corners = [(y, x) for y in (box.y_start, box.y_stop - 1) for x in (box.x_start, box.x_stop - 1)]
        ys, xs = zip(*(self.from_tract(*corner) for corner in corners), strict=True)
        around = Box(math.floor(min(ys)), math.ceil(max(ys)) + 1, math.floor(min(xs)), math.ceil(max(xs)) + 1)
        return self.on(around.grown_by(margin))

    def galsim_scale(self, pixel_scale: float) -> dict[str, Any]:
        """Return the argument that tells GalSim of the pixels.

        Parameters
        ----------
        pixel_scale : `float`
            Side of a pixel in arcsec.

        Returns
        -------
        argument : `dict`
            For `galsim.GSObject.drawImage`; profiles lie along the axes of
            the tract.
        """
        import galsim

        if not self.angle:
            return {"scale": pixel_scale}
        c, s = pixel_scale * math.cos(self.angle), pixel_scale * math.sin(self.angle)
        return {"wcs": galsim.JacobianWCS(c, -s, s, c)}


def _turned(y: Any, x: Any, pivot: tuple[float, float], angle: float) -> tuple[Any, Any]:
    """Return points turned from y to x around a pivot."""
    c, s = np.cos(angle), np.sin(angle)
    v, u = y - pivot[0], x - pivot[1]
    return pivot[0] + c * v - s * u, pivot[1] + c * u + s * v
