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

"""Multiplicative updates of what a network made, where sources are bright."""

from __future__ import annotations

__all__ = ("refine_bright",)

from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ...accelerated_updates import accelerated_updates
from .convergence import sparing_factor
from .family import RestorationFamily

BRIGHT = 20.0
"""Signal to noise at which half of the updated image is let in."""

SURELY_BRIGHT = 1e6
"""Signal to noise, in units of either level, above which no more is added to certainty."""

VERY_BRIGHT, MORE_UPDATES = 100.0, 25
"""The same for an image after so many updates more, which bright stars need and
crowds of them; where light is fainter, they would fit the noise."""


def refine_bright(xp: Arrays, latent: Any, family: RestorationFamily, updates: int) -> Any:
    r"""Return a latent image that fits the exposures better where it is bright.

    ImageMM starts from the given image and is let in by its local signal to
    noise alone: :math:`x + g\,(x_{MM} - x)` with :math:`g = s^3 / (1 + s^3)`
    and :math:`s` the signal to noise over 20; after more updates, over 100.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    latent : array
        Latent image in the unit of the family, on all pixels that the family
        was made from.
    family : `RestorationFamily`
        Not cropped.
    updates : `int`
        Number of accelerated updates; `MORE_UPDATES` follow.

    Returns
    -------
    refined : array
        Same shape and unit.

    Raises
    ------
    ValueError
        Raised if the family is cropped.
    """
    statistics, unit = family.statistics, family.unit
    if tuple(latent.shape) != statistics.shape:
        raise ValueError("Only a whole family, not a part of it, can be refined.")
    start = xp.maximum(latent * unit, statistics.faintest)
    factor = sparing_factor(xp, statistics, latent)
    few, many = accelerated_updates(xp, start, [(factor, updates), (factor, MORE_UPDATES)])
    for updated, level in ((few, BRIGHT), (many, VERY_BRIGHT)):
        significance = xp.maximum(family.significance, np.float32(0.0)) / np.float32(level)
        brightness = xp.minimum(significance, np.float32(SURELY_BRIGHT)) ** 3
        latent = latent + brightness / (1.0 + brightness) * (updated / unit - latent)
    return latent
