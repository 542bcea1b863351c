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

"""Light where exposures have no data, from what their surroundings say."""

from __future__ import annotations

__all__ = ("fill_holes",)

import dataclasses

import numpy as np
import scipy.fft

from ...accelerated_updates import multiplicative_updates
from .exposure_sums import StatisticsGatherer
from .statistics import SufficientStatistics

PASSES = 2
"""The second fills by the model of the first with the PSF of each exposure,
where the first had only one kernel for all of them."""

UPDATES = 30
"""In each pass."""

SPARSITY = 1.2
"""In standard deviations of the noise of the back-projected image."""

LEAST_LIGHT = 1e-3
"""What the model of the known pixels cannot fall below, in the same unit."""


def fill_holes(gatherer: StatisticsGatherer, latent: np.ndarray) -> np.ndarray:
    r"""Return a latent image that knows what is missing from the exposures.

    Were missing pixels filled by the model of the last pass alone, the core
    of a saturated star would come back by a small share in every pass.
    Instead, the sums that the exposures do hold, without any filling, are
    fitted: with :math:`h = \sum_t c_t (1 - \rho_t) / \sum_t c_t`, the share
    of the weight that each pixel lacks, and the symmetric kernel :math:`k`
    with the power spectrum :math:`P` of all PSFs together,

    .. math::

        N x = P x - k^T h\,(k * x), \qquad
        N x \approx \frac{\sum_t c_t f_t^T \rho_t\,(f_t * x)}{\sum_t c_t}.

    Only what the filling changes of the given latent image, by the PSF of
    each exposure, goes through the one kernel.

    Parameters
    ----------
    gatherer : `StatisticsGatherer`
        Of the pixels around some holes.
    latent : `numpy.ndarray`
        Latent image to start from, of the shape of the exposures.

    Returns
    -------
    latent : `numpy.ndarray`
        Non-negative, same shape.
    """
    missing = _MissingLight(1.0 - gatherer.coverage(), np.sqrt(gatherer.power))
    for _ in range(PASSES):
        statistics = gatherer.sum_up(latent)
        known = statistics.back_projection - missing(scipy.fft.rfft2(latent))
        latent = _fit_known_pixels(dataclasses.replace(statistics, back_projection=known), missing, latent)
    return latent


class _MissingLight:
    """What of the back-projected model comes from pixels without data."""

    def __init__(self, share: np.ndarray, kernel: np.ndarray) -> None:
        self._share = share
        self._kernel = kernel

    def __call__(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the spectrum that belongs to that of a latent image."""
        model = scipy.fft.irfft2(self._kernel * spectrum, s=self._share.shape)
        model *= self._share
        missing = scipy.fft.rfft2(model)
        missing *= self._kernel
        return missing


def _fit_known_pixels(known: SufficientStatistics, missing: _MissingLight, latent: np.ndarray) -> np.ndarray:
    shape, noise = known.shape, known.image_noise
    target = np.maximum(known.back_projected_image(), 0.0)

    def operator(point: np.ndarray) -> np.ndarray:
        spectrum = scipy.fft.rfft2(point)
        model = scipy.fft.irfft2(known.power * spectrum - missing(spectrum), s=shape)
        return np.maximum(model, np.float32(LEAST_LIGHT * noise), out=model)

    start = np.maximum(latent, known.faintest)
    return multiplicative_updates(start, target, operator, [(np.float32(SPARSITY * noise), UPDATES)])[-1]
