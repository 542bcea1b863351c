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

"""How much more than is wanted is restored, so that light has no way in."""

from __future__ import annotations

__all__ = ("family_margin", "largest_margin", "least_margin")

import math

import scipy.fft

LEAST_MARGIN = 1.25
"""Margin around what is restored, in radii of the PSF kernels."""

MAX_EXTRA_MARGIN = 12
"""Pixels more than that within which a fast size is looked for."""


def family_margin(radius: int, shape: tuple[int, int], least: int | None = None) -> int:
    """Return how much more than a box is restored, on every side.

    Parameters
    ----------
    radius : `int`
        Of the PSF kernels, in pixels.
    shape : `tuple` [`int`, `int`]
        Height and width of what is wanted.
    least : `int`, optional
        Pixels that it cannot do without; by default so many that light has
        no way in from beyond them.

    Returns
    -------
    margin : `int`
        The next number of pixels with which Fourier transforms are of sizes
        that are fast.
    """
    if least is None:
        least = least_margin(radius)
    choices = range(least, least + MAX_EXTRA_MARGIN)

    def is_fast(margin: int) -> bool:
        sizes = [size + 2 * margin for size in shape]
        # Factors up to 11 are all fast; the limit for real=True is 5 and leaves too few sizes.
        return all(scipy.fft.next_fast_len(size, real=False) == size for size in sizes)

    return next(filter(is_fast, choices), least)


def largest_margin(radius: int) -> int:
    """Return the greatest margin that `family_margin` may choose.

    Parameters
    ----------
    radius : `int`
        Of the PSF kernels.

    Returns
    -------
    margin : `int`
        In pixels.
    """
    return least_margin(radius) + MAX_EXTRA_MARGIN


def least_margin(radius: int) -> int:
    """Return the margin that light has no way in from beyond.

    Parameters
    ----------
    radius : `int`
        Of the PSF kernels, in pixels.

    Returns
    -------
    margin : `int`
        In pixels.
    """
    return math.ceil(LEAST_MARGIN * radius)
