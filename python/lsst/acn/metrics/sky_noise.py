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

"""The noise of the background."""

from __future__ import annotations

__all__ = ("sky_noise",)

import numpy as np


def sky_noise(image: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Return sigma_sky, the noise of the background as ``sep`` sees it.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image, shape ``(height, width)``.
    valid : `numpy.ndarray`, optional
        `True` where a pixel counts; pixels that are not finite never do.

    Returns
    -------
    sigma : `float`
        Global rms of the background in meshes of 64 pixels, in the unit of
        the image (Sukurdeep, Navarro & Budavari 2025, Table 1); 0 if most of
        the background is one and the same value, NaN if no pixel counts.

    Notes
    -----
    Pixels of a convolved image are correlated, so that the noise of an
    aperture is larger than this rms and the number of pixels suggest.
    """
    import sep

    counts = np.isfinite(image)
    if valid is not None:
        counts &= valid
    if not counts.any():
        return float("nan")
    values = np.ascontiguousarray(np.where(counts, image, 0.0), np.float32)
    sigma = float(sep.Background(values, mask=~counts).globalrms)
    # Where there is no noise at all, sep says 1, whatever the unit.
    if sigma == 1.0:
        sigma = float(sep.Background(2.0 * values, mask=~counts).globalrms) / 2.0
        return 0.0 if sigma == 0.5 else sigma
    return sigma
