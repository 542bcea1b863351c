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

"""What the sums say of light that is wide, and of what the members leave out."""

from __future__ import annotations

__all__ = ("LIGHT_SCALES", "REST_SCALES", "Evidence", "local_misfit", "significance_at", "weigh_evidence")

from typing import Any, NamedTuple

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.spectra import filter_spectrum, filtered
from .statistics import SufficientStatistics

LIGHT_SCALES = (4.0, 8.0)
"""Standard deviations in pixels of the Gaussians that gather faint light, which
no single pixel tells from noise."""

REST_SCALES = (0.0, 4.0)
"""The same of what a restoration leaves out."""

MISFIT_SCALE = 2.0
"""The same of the local misfit."""

LEAST_COVERAGE = 1e-3
"""Coverage that counts for nothing: without exposures there is no misfit."""


class Evidence(NamedTuple):
    r"""What restorations are judged by, in numbers that know no unit.

    None of it depends on the order of the exposures, nor on their number but
    by its scatter.

    Parameters
    ----------
    light : array
        Signed signal to noise of the back-projected image seen through the
        Gaussians of `LIGHT_SCALES`, shape ``(height, width, 2)``.  The error
        of a sky is there, too, where the restored image is 0.
    rest : array
        That of what a sparse restoration leaves out of it, through those of
        `REST_SCALES`, same shape.
    misfit : array
        Logarithm of the local :math:`\chi^2` of a pixel of an exposure against
        its model, shape ``(height, width)``; 0 where they agree.
    """

    light: Any
    rest: Any
    misfit: Any


def weigh_evidence(xp: Arrays, statistics: SufficientStatistics, rest: Any, misfit: Any) -> Evidence:
    """Return what restorations are judged by.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    statistics : `SufficientStatistics`
        The sums over exposures.
    rest : array
        Transform of what a restoration leaves out of the back-projected image.
    misfit : array
        From `local_misfit`.

    Returns
    -------
    evidence : `Evidence`
        On all pixels of the exposures.
    """

    def at_scales(spectrum: Any, scales: tuple[float, ...]) -> Any:
        return xp.stack([significance_at(xp, statistics, spectrum, scale) for scale in scales], axis=-1)

    light = at_scales(statistics.back_projection, LIGHT_SCALES)
    return Evidence(light, at_scales(rest, REST_SCALES), misfit)


def significance_at(xp: Arrays, statistics: SufficientStatistics, spectrum: Any, scale: float) -> Any:
    """Return the signal to noise of back-projected light seen through a Gaussian.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    statistics : `SufficientStatistics`
        The sums over exposures.
    spectrum : array
        Transform of the light.
    scale : `float`
        Standard deviation of the Gaussian in pixels; 0 for none.

    Returns
    -------
    significance : array
        Shape ``(height, width)``.
    """
    if not scale:
        return xp.irfft2(spectrum, statistics.shape) / statistics.image_noise
    transfer = xp.constant(filter_spectrum(statistics.shape, scale))
    smooth = xp.irfft2(xp.scaled(spectrum, transfer), statistics.shape)
    return smooth / statistics.noise_through(xp, transfer)


def local_misfit(xp: Arrays, chi2: Any, coverage: Any) -> Any:
    r"""Return how far exposures are from their models around each pixel.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    chi2 : array
        Weighted sum of :math:`\chi^2` over exposures, from
        `~lsst.acn.methods.cross_exposure.family.exposure_sums.compare`.
    coverage : array
        Sum of the weights.

    Returns
    -------
    misfit : array
        Logarithm of the mean over exposures and a Gaussian of `MISFIT_SCALE`
        pixels, shape ``(height, width)``.
    """
    transfer = xp.constant(filter_spectrum(tuple(chi2.shape), MISFIT_SCALE))
    # What is 0 but for the rounding of transforms is at least that.
    found, expected = (
        xp.maximum(filtered(xp, plane, transfer), np.float32(0.0)) + np.float32(LEAST_COVERAGE)
        for plane in (chi2, coverage)
    )
    return xp.log(found / expected)
