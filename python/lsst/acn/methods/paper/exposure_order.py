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

"""An order of the exposures that is their own, whatever order they come in."""

from __future__ import annotations

__all__ = ("in_order_of_content",)

import numpy as np

from ...exposures.stack import ExposureStack


def in_order_of_content(stack: ExposureStack) -> ExposureStack:
    """Return the same exposures in an order that only their content sets.

    Each exposure has weights of its own, which begin at random: with the
    exposures in another order, a network is another one.

    Parameters
    ----------
    stack : `ExposureStack`
        Exposures in any order.

    Returns
    -------
    ordered : `ExposureStack`
        The exposures, by the sum of their pixels in units of the noise; those
        of equal sums by where the light is, then by their variance, then by
        their PSFs.  It is ``stack`` itself if that is in order already.

    Notes
    -----
    Neither visits nor a hash of the pixels would do: the same exposures may
    come with other numbers, or in another unit, rounded differently.
    """
    keys = [_content(stack, index) for index in range(len(stack))]
    order = sorted(range(len(stack)), key=keys.__getitem__)
    return stack if order == list(range(len(stack))) else stack.select(order)


def _content(stack: ExposureStack, index: int) -> tuple[float, ...]:
    """Return what an exposure is sorted by; no part depends on the other exposures."""
    valid = stack.valid[index]
    # Copies of one layout in memory, so that the sums are the same to the last bit.
    image, variance = (plane[index][valid].astype(np.float64) for plane in (stack.image, stack.variance))
    kernel = np.nan_to_num(stack.psf.kernels[index].astype(np.float64)).ravel()
    scaled = image / np.sqrt(variance)
    return float(scaled.sum()), *(_first_moment(values) for values in (scaled, variance, kernel))


def _first_moment(values: np.ndarray) -> float:
    """Return a sum that tells values from the same values in other places."""
    return float((values * np.arange(len(values))).sum())
