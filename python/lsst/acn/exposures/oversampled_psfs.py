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

"""PSF kernels that are sampled more finely than the exposures, on the grid that is asked for."""

from __future__ import annotations

__all__ = ("FIT_OVERSAMPLING", "resampled_kernels")

import functools
import math

import numpy as np

FIT_OVERSAMPLING = 3
"""Samples per pixel of PSFs that come without: of an odd number, pixels are whole squares."""

NODES_PER_CYCLE = 8
"""Of the integral over frequencies, for each cycle of the fastest wave."""


def resampled_kernels(kernels: np.ndarray, oversampling: int, factor: int) -> np.ndarray:
    r"""Return what pixels see of a star, sampled on another grid.

    An oversampled kernel has the light of a star in squares of
    :math:`1 / q` pixel.  A pixel sees the integral over its own area: in
    Fourier space, the kernel is multiplied by

    .. math::

        D_q(\nu) = \frac{\sin \pi\nu}{q \sin(\pi\nu / q)}

    along each axis, with :math:`\nu` in cycles per pixel.  What comes of it is
    sampled wherever the middle of a pixel may be: at steps of :math:`1 / r`.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Kernels whose middle is the place of the star, shape ``(..., k, k)``,
        ``k`` odd; all NaN where there is none.
    oversampling : `int`
        :math:`q`, samples per pixel along each axis, at least 2.
    factor : `int`
        :math:`r`, samples per pixel that are wanted.  Of an even number, none
        is in the middle of a pixel: the kernel is that of a pixel which stands
        at the lower of the two next to it.

    Returns
    -------
    resampled : `numpy.ndarray`
        Float32, each of unit sum, shape ``(..., m, m)``, ``m`` odd.
    """
    operator = _operator(kernels.shape[-1], oversampling, factor)
    missing = np.isnan(kernels).all(axis=(-1, -2), keepdims=True)
    found = operator @ np.nan_to_num(kernels.astype(np.float64)) @ operator.T
    total = np.where(missing, 1.0, found.sum(axis=(-1, -2), keepdims=True))
    return np.where(missing, np.nan, found / total).astype(np.float32)


@functools.lru_cache(maxsize=16)
def _operator(size: int, oversampling: int, factor: int) -> np.ndarray:
    """Return the matrix from a profile of a kernel to samples of what pixels see of it."""
    # Samples whose own square reaches into that of the kernel.
    radius = max(math.ceil(0.5 * factor * size / oversampling - 0.5), 1)
    # Pixel i is in the middle of samples r i to r i + r - 1, and stands at sample r i + (r - 1) // 2.
    aside = 0.5 * (factor - 1) - (factor - 1) // 2
    middles = (np.arange(-radius, radius + 1) + aside) / factor
    places = (np.arange(size) - size // 2) / oversampling
    distance = middles[:, None] - places
    half = 0.5 * oversampling
    # An even number, so that none is at frequency 0.
    n_nodes = 64 + 2 * math.ceil(0.5 * NODES_PER_CYCLE * half * float(np.abs(distance).max()))
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    frequencies = half * nodes
    pixel = np.sin(np.pi * frequencies) / (oversampling * np.sin(np.pi * frequencies / oversampling))
    waves = np.cos(2.0 * np.pi * distance[..., None] * frequencies)
    return waves @ (0.5 * weights * pixel)
