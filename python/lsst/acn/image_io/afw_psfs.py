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

"""PSF models of ``lsst.afw``."""

from __future__ import annotations

__all__ = ("box_from_afw", "finer_kernel_at", "kernel_at")

from typing import Any

import numpy as np

from ..exposures.boxes import Box


def box_from_afw(box: Any) -> Box:
    """Return the same pixels as a `Box`.

    Parameters
    ----------
    box : ``lsst.geom.Box2I``
        Pixels of the tract.

    Returns
    -------
    box : `Box`
        The same.
    """
    return Box(box.getMinY(), box.getMaxY() + 1, box.getMinX(), box.getMaxX() + 1)


def kernel_at(psf: Any, y: float, x: float) -> np.ndarray | None:
    """Return what pixels see of a PSF.

    Parameters
    ----------
    psf : ``lsst.afw.detection.Psf``
        The model.
    y, x : `float`
        Row and column on the grid of the tract.

    Returns
    -------
    kernel : `numpy.ndarray` or `None`
        Square, the star in the middle of the middle pixel; `None` where the
        model has no PSF.
    """
    from lsst.geom import Point2D
    from lsst.pex.exceptions import Exception as AfwError

    try:
        kernel = psf.computeKernelImage(Point2D(x, y))
    except AfwError:
        # A PSF made of many raises where none of these reaches.
        return None
    return None if kernel is None else _centered(kernel)


def finer_kernel_at(psf: Any, y: float, x: float) -> np.ndarray | None:
    """Return a PSF before pixels see it.

    Parameters
    ----------
    psf : ``lsst.afw.detection.Psf``
        The model.
    y, x : `float`
        Row and column on the grid of the tract.

    Returns
    -------
    kernel : `numpy.ndarray` or `None`
        As of `~lsst.acn.exposures.interleaved_psfs.finer_kernel`; `None` where
        the model has no PSF.
    """
    from lsst.geom import Point2D
    from lsst.pex.exceptions import Exception as AfwError

    # SciPy is not loaded before it is needed.
    from ..exposures.interleaved_psfs import finer_kernel
    from ..exposures.subpixel_fit import fit_subpixels

    kernel = kernel_at(psf, y, x)
    if kernel is None:
        return None
    row, column = round(y), round(x)

    def star_at(dy: float, dx: float) -> tuple[np.ndarray, Box]:
        image = psf.computeImage(Point2D(column + dx, row + dy))
        box = box_from_afw(image.getBBox())
        return image.array, Box(
            box.y_start - row, box.y_stop - row, box.x_start - column, box.x_stop - column
        )

    try:
        return finer_kernel(kernel, star_at)
    except AfwError:
        # At an edge of what the model knows.
        return fit_subpixels(kernel)


def _centered(kernel: Any) -> np.ndarray:
    """Return a kernel on a square stamp; a warped one need not be square."""
    box = box_from_afw(kernel.getBBox())
    reach = max(-box.y_start, box.y_stop - 1, -box.x_start, box.x_stop - 1)
    square = Box(-reach, reach + 1, -reach, reach + 1)
    stamp = np.zeros(square.shape)
    stamp[box.slices_within(square)] = kernel.array
    return stamp
