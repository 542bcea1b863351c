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

"""What a method makes of the exposures of a field."""

from __future__ import annotations

__all__ = ("Restored",)

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Restored:
    """What a method makes of a field.

    Parameters
    ----------
    method : `str`
        Name of the method.
    image : `numpy.ndarray`
        Image without NaN, shape ``(height, width)``.
    seconds, peak_mib : `float`
        Wall time and memory that it took.
    variance : `numpy.ndarray`, optional
        Variance plane, if the method has one.
    variance_seconds : `float`, optional
        Wall time that the variance plane took.
    psf : `numpy.ndarray`, optional
        PSF kernel of ``image``; by default it is at the target PSF.
    is_detection_image : `bool`, optional
        Whether sources can only be detected, not measured, in ``image``.
    """

    method: str
    image: np.ndarray
    seconds: float
    peak_mib: float
    variance: np.ndarray | None = None
    variance_seconds: float = math.nan
    psf: np.ndarray | None = None
    is_detection_image: bool = False
