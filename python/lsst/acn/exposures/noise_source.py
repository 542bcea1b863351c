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

"""What has noise of exposures to give, such as warps of noise."""

from __future__ import annotations

__all__ = ("NoiseSource",)

from typing import Protocol

import numpy as np

from .boxes import Box


class NoiseSource(Protocol):
    """One realisation of the noise of exposures, to be had in pieces."""

    def standard_noise(self, visit: int, box: Box) -> np.ndarray | None:
        """Return noise in units of its own standard deviation.

        Parameters
        ----------
        visit : `int`
            Identifier of the exposure.
        box : `Box`
            Pixels wanted.

        Returns
        -------
        noise : `numpy.ndarray` or `None`
            Float32, shape ``box.shape``, NaN in pixels that nothing is known
            of; `None` if nothing is known of the exposure.
        """
