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


"""Stamps that are moved by parts of a pixel."""

from __future__ import annotations

__all__ = ("centroid", "moved", "shift_matrices")

import numpy as np

CORE = 0.7
"""Standard deviation of the Gaussian that weighs pixels of a centroid, in units
of the FWHM of a kernel."""

STEPS = 10
"""Times that a centroid is measured around the last one."""


def shift_matrices(shifts: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Return what moves the pixels of a row, and how that changes with the way.

    Parameters
    ----------
    shifts : `numpy.ndarray`
        In pixels, shape ``(n,)``.
    size : `int`
        Pixels of the row.

    Returns
    -------
    matrices, slopes : `numpy.ndarray`
        :math:`\mathrm{sinc}(i - j - d)` and its derivative by :math:`d`, shape
        ``(n, size, size)``: exact for what is sampled well.
    """
    place = np.arange(size)
    distance = place[:, None] - place[None, :] - np.asarray(shifts, np.float64)[:, None, None]
    matrices = np.sinc(distance)
    safe = np.where(np.abs(distance) < 1e-6, 1.0, distance)
    slopes = np.where(np.abs(distance) < 1e-6, 0.0, (matrices - np.cos(np.pi * safe)) / safe)
    return matrices, slopes


def moved(stamps: np.ndarray, along_y: np.ndarray, along_x: np.ndarray) -> np.ndarray:
    """Return stamps times matrices along either axis.

    Parameters
    ----------
    stamps : `numpy.ndarray`
        Shape ``(..., k, k)``.
    along_y, along_x : `numpy.ndarray`
        From `shift_matrices`, shapes that broadcast to ``(..., k, k)``.

    Returns
    -------
    moved : `numpy.ndarray`
        Shape ``(..., k, k)``.
    """
    return along_y @ stamps @ np.swapaxes(along_x, -1, -2)


def centroid(kernel: np.ndarray, fwhm: float) -> np.ndarray:
    """Return where the core of a kernel is.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Shape ``(k, k)``.
    fwhm : `float`
        About its width, in pixels.

    Returns
    -------
    place : `numpy.ndarray`
        Row and column from the middle pixel, in pixels.
    """
    radius = len(kernel) // 2
    along = np.arange(-radius, radius + 1)
    place = np.zeros(2)
    for _ in range(STEPS):
        y, x = along - place[0], along - place[1]
        weighted = kernel * np.exp(-0.5 * (y[:, None] ** 2 + x[None, :] ** 2) / (CORE * fwhm) ** 2)
        total = weighted.sum()
        # A weight as wide as the kernel halves the way to the centroid, about.
        place = place + 2.0 * np.array([weighted.sum(1) @ y, weighted.sum(0) @ x]) / total
    return place
