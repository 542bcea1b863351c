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

"""The width of a PSF kernel."""

from __future__ import annotations

__all__ = ("psf_fwhm",)

import numpy as np
from scipy.ndimage import zoom

FINER = 10
"""Factor by which a kernel is enlarged to measure its width."""


def psf_fwhm(kernel: np.ndarray) -> float:
    """Return the full width at half maximum of a PSF kernel.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        PSF kernel, shape ``(k, k)``.

    Returns
    -------
    fwhm : `float`
        Diameter, in pixels, of the circle with the area in which the kernel
        is at least half as high as at its peak.
    """
    fine = zoom(kernel, FINER, order=3, grid_mode=True, mode="nearest")
    return float(2.0 * np.sqrt(np.count_nonzero(fine >= 0.5 * fine.max()) / np.pi) / FINER)
