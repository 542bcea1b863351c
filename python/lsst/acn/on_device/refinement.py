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

"""Multiplicative updates of what a network made, as tensors."""

from __future__ import annotations

__all__ = ("refine_bright",)

from typing import Any

from ..methods.cross_exposure.family.refinement import BRIGHT, PENALTY, SPARED
from .family import DeviceFamily
from .updates import multiplicative_updates


def refine_bright(latent: Any, family: DeviceFamily, updates: int) -> Any:
    """Return a latent image that fits the exposures better where it is bright.

    Parameters
    ----------
    latent : tensor
        In the unit of the family, on its pixels.
    family : `DeviceFamily`
        That it was mixed from.
    updates : `int`
        Number of accelerated updates.

    Returns
    -------
    refined : tensor
        As `lsst.acn.methods.cross_exposure.family.refinement.refine_bright` makes it.
    """
    from keras import ops

    statistics, unit = family.statistics, family.unit
    start = ops.maximum(latent * unit, statistics.faintest)
    penalty = PENALTY * statistics.image_noise / (1.0 + latent / SPARED)
    stages = [(penalty, updates)]
    updated = multiplicative_updates(start, statistics.target, statistics.apply_power, stages)[-1] / unit
    brightness = (ops.maximum(family.significance, 0.0) / BRIGHT) ** 3
    return latent + brightness / (1.0 + brightness) * (updated - latent)
