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

"""What all exposures may share and nothing tells: a shift and a flux scale."""

from __future__ import annotations

__all__ = ("shared_variance",)

import numpy as np

from ..exposures.row_pieces import row_pieces
from .corrections import ExposureCorrections


def shared_variance(image: np.ndarray, corrections: ExposureCorrections) -> np.ndarray:
    r"""Return the variance that shifts and flux scales of the exposures add to that of a restored image.

    Only differences between exposures can be found.  Where those of n
    exposures scatter by :math:`s`, their mean is off by :math:`s / \sqrt n`,
    and so is the image.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image, shape ``(height, width)``.
    corrections : `ExposureCorrections`
        Differences that were found between its exposures.

    Returns
    -------
    variance : `numpy.ndarray`
        Float32, shape of ``image``; 0 where exposures do not differ.
    """
    along_y, along_x, scale = (
        _variance_of_mean(corrections.column(name)) for name in ("shift_y", "shift_x", "flux_scale")
    )
    variance = np.zeros(image.shape, np.float32)
    if not (along_y or along_x or scale):
        return variance
    for piece in row_pieces(len(image), reach=1):
        part, inside = image[piece.wide], piece.inside
        variance[piece.rows] = scale * part[inside] ** 2
        if min(part.shape) > 1:
            slope_y, slope_x = np.gradient(part)
            variance[piece.rows] += along_y * slope_y[inside] ** 2 + along_x * slope_x[inside] ** 2
    return variance


def _variance_of_mean(values: np.ndarray) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0
