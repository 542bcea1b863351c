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

"""Which share of the exposures carries a mask plane, pixel by pixel."""

from __future__ import annotations

__all__ = ("mask_fractions",)

from collections.abc import Iterable

import numpy as np

from ..exposures.mask_planes import REJECTED, canonical_plane_name
from ..exposures.stack import ExposureStack
from .mask_propagation import is_set, reaching, sum_of_weights


def mask_fractions(stack: ExposureStack, weights: np.ndarray, planes: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the share of the weight that exposures with a mask plane hold.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures with their masks.
    weights : `numpy.ndarray`
        Weight of each exposure, shape ``(n,)``.
    planes : `~collections.abc.Iterable` [`str`]
        Names of mask planes; ``REJECTED`` is what is left out, for whatever
        reason.

    Returns
    -------
    fractions : `dict` [`str`, `numpy.ndarray`]
        By plane: the weight of the exposures that carry it over that of all
        that reach the pixel, those without ``NO_DATA``.  Float32, shape
        ``(height, width)``; 0 where none reaches.
    """
    reaches = reaching(stack)
    total = sum_of_weights(weights, reaches)
    bits = {canonical_plane_name(name): bit for name, bit in stack.mask_planes.items()}
    result = {}
    for name in map(canonical_plane_name, planes):
        if name == REJECTED:
            carries = ~stack.valid
        elif name in bits:
            carries = is_set(stack.mask, bits[name])
        else:
            carries = np.zeros(stack.valid.shape, bool)
        carried = sum_of_weights(weights, carries & reaches)
        result[name] = np.divide(
            carried, total, out=np.zeros(stack.shape, np.float32), where=total > 0, casting="same_kind"
        )
    return result
