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

"""The flux of a point source at any place, as if it were alone."""

from __future__ import annotations

__all__ = ("point_flux_map",)

import numpy as np

from ..residual.target_division import without_target
from .cell_filters import CellSpectra, filtered_sum
from .flux_images import FluxImages


def point_flux_map(images: FluxImages) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the likeliest flux of a point source alone in each pixel.

    The matched filter of all exposures (Zackay & Ofek 2017, part I, eq. 17)
    is :math:`R + (P / T) * p`, with the restored image :math:`p` at the
    target PSF :math:`T` and the residual :math:`R` at its PSF :math:`P`.
    Divided by :math:`P(0)`, it is the flux of least variance that is linear
    in the exposures; the restored image drops out of it.

    Parameters
    ----------
    images : `FluxImages`
        The images.

    Returns
    -------
    flux, variance : `numpy.ndarray`
        Float32, shape ``images.box.shape``, in the unit of the images and in
        its square.
    """

    def filters(spectra: CellSpectra) -> tuple[np.ndarray, np.ndarray, float]:
        peak = spectra.peak
        picture = without_target(spectra.power, spectra.target) / peak
        return picture, np.full(spectra.power.shape, 1.0 / peak), 1.0 / peak**2

    return filtered_sum(images, filters, images.residual.psf.radius)
