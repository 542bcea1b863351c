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

"""All that some exposures say about a latent image, in two spectra."""

from __future__ import annotations

__all__ = ("SufficientStatistics", "make_statistics", "typical_noise")

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.spectra import filtered
from ....exposures.stack import ExposureStack
from ...accelerated_updates import quadratic_factor

FAINTEST = 0.05
"""Least pixel of a latent image that multiplicative updates start from, in
standard deviations of the noise of the back-projected image."""


class SufficientStatistics(NamedTuple):
    r"""Sums over exposures that any quadratic restoration depends on.

    With weights :math:`c_t` (inverse median variances), PSF transforms
    :math:`F_t` and exposure transforms :math:`Y_t`,

    .. math::

        B = \frac{\sum_t c_t F_t^* Y_t}{\sum_t c_t}, \qquad
        P = \frac{\sum_t c_t |F_t|^2}{\sum_t c_t}.

    Parameters
    ----------
    back_projection : array
        :math:`B`, complex64, shape ``(height, width // 2 + 1)``.
    power : array
        :math:`P`, float32, same shape; 1 at zero frequency.
    image : array
        The image that belongs to :math:`B`, periodic, shape ``(height,
        width)``.
    mean_power : array
        Mean of :math:`P` over all frequencies: the sum of the squared PSF,
        one over its effective area in pixels.
    noise : array
        Standard deviation of a pixel of the weighted mean of the exposures.
    """

    back_projection: Any
    power: Any
    image: Any
    mean_power: Any
    noise: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width (`tuple` [`int`, `int`])."""
        return tuple(self.image.shape)

    @property
    def point_source_noise(self) -> Any:
        """Standard deviation of the flux of an isolated point source, by
        matched filter (scalar array).
        """
        return self.noise / self.mean_power ** np.float32(0.5)

    @property
    def image_noise(self) -> Any:
        """Standard deviation of a pixel of the back-projected image (scalar array).

        Its power spectrum is that of the exposures' mean times ``power``.
        """
        return self.point_source_noise * self.mean_power

    @property
    def faintest(self) -> Any:
        """What a pixel of a latent image, which multiplicative updates start
        from, cannot be below (scalar array).
        """
        return np.float32(FAINTEST) * self.image_noise

    def noise_through(self, xp: Arrays, transfer: Any) -> Any:
        """Return the noise of a pixel of the back-projected image, filtered.

        Parameters
        ----------
        xp : `Arrays`
            Array functions.
        transfer : array
            Real factor of each frequency, shape ``(height, width // 2 + 1)``.

        Returns
        -------
        noise : array
            Standard deviation, scalar.
        """
        return self.noise * xp.sqrt(_mean_of_frequencies(xp, self.power * transfer * transfer, self.shape))

    def factor(self, xp: Arrays, penalty: Any) -> Callable[[Any], Any]:
        """Return the factor of the multiplicative updates that fit the sums.

        Parameters
        ----------
        xp : `Arrays`
            Array functions.
        penalty : array
            Sparsity, in the unit of ``image``, of all pixels or of each.

        Returns
        -------
        factor : `~collections.abc.Callable`
            From `~lsst.acn.methods.accelerated_updates.quadratic_factor`; what
            a latent image is compared through is every PSF and its mirror
            image, averaged.
        """
        target = xp.maximum(self.image, np.float32(0.0))
        return quadratic_factor(xp, target, lambda point: filtered(xp, point, self.power), penalty)


def make_statistics(
    xp: Arrays, back_projection: Any, power: Any, shape: tuple[int, int], noise: Any
) -> SufficientStatistics:
    """Return the statistics that belong to two spectra.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    back_projection, power : array
        As `SufficientStatistics` has them.
    shape : `tuple` [`int`, `int`]
        Height and width of the images.
    noise : array
        As `SufficientStatistics` has it.

    Returns
    -------
    statistics : `SufficientStatistics`
        With what follows from them.
    """
    mean_power = _mean_of_frequencies(xp, power, shape)
    return SufficientStatistics(back_projection, power, xp.irfft2(back_projection, shape), mean_power, noise)


def _mean_of_frequencies(xp: Arrays, power: Any, shape: tuple[int, int]) -> Any:
    # Frequencies that a real transform leaves out count twice.
    counts = np.full(shape[1] // 2 + 1, 2.0, np.float32)
    counts[0] = 1.0
    if shape[1] % 2 == 0:
        counts[-1] = 1.0
    return xp.sum(xp.sum(power, 0) * xp.constant(counts)) / np.float32(shape[0] * shape[1])


def typical_noise(stack: ExposureStack) -> float:
    """Return the noise of a pixel of the weighted mean of all exposures.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.

    Returns
    -------
    noise : `float`
        One over the root of the sum of the inverse median variances.
    """
    return float(1.0 / np.sqrt((1.0 / stack.median_variances()).sum()))
