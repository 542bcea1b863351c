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

"""How much fine structure an image has."""

from __future__ import annotations

__all__ = ("mean_log_spectrum",)

import numpy as np
import scipy.fft


def mean_log_spectrum(image: np.ndarray) -> float:
    r"""Return S_F, the mean natural logarithm of the Fourier magnitude.

    Parameters
    ----------
    image : `numpy.ndarray`
        Image, shape ``(height, width)``; pixels that are not finite count as
        0.

    Returns
    -------
    s_f : `float`
        Mean over all frequencies of the two-dimensional transform,
        :math:`S_F = \langle \ln |\hat x_{uv}| \rangle` (Sukurdeep, Navarro &
        Budavari 2025, Table 1).

    Notes
    -----
    A factor of :math:`a` in the unit adds :math:`\ln a`, so that differences
    of S_F mean something but ratios do not.  White noise of standard
    deviation :math:`\sigma` in :math:`N` pixels has
    :math:`S_F = \ln(\sigma \sqrt N) - \gamma / 2` with Euler's
    :math:`\gamma`: noise raises S_F as well as sharpness does.
    """
    values = np.where(np.isfinite(image), image, 0.0).astype(np.float64, copy=False)
    magnitude = np.abs(scipy.fft.rfft2(values))
    logarithm = np.log(np.maximum(magnitude, np.finfo(np.float32).tiny, out=magnitude), out=magnitude)
    # All columns but the first, and the last of an even number, stand for two.
    sums = logarithm.sum(axis=0)
    alone = sums[0] + (sums[-1] if values.shape[1] % 2 == 0 else 0.0)
    return float((2.0 * sums.sum() - alone) / values.size)
