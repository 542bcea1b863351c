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

__all__ = ("SufficientStatistics", "typical_noise")

import dataclasses

import numpy as np
import scipy.fft

from ....exposures.stack import ExposureStack

FAINTEST = 0.05
"""Least pixel of a latent image that multiplicative updates start from, in
standard deviations of the noise of the back-projected image."""


@dataclasses.dataclass(frozen=True, eq=False)
class SufficientStatistics:
    r"""Sums over exposures that any quadratic restoration depends on.

    With weights :math:`c_t` (inverse median variances), PSF transforms
    :math:`F_t` and exposure transforms :math:`Y_t`,

    .. math::

        B = \frac{\sum_t c_t F_t^* Y_t}{\sum_t c_t}, \qquad
        P = \frac{\sum_t c_t |F_t|^2}{\sum_t c_t}.

    Parameters
    ----------
    back_projection : `numpy.ndarray`
        :math:`B`, complex64, shape ``(u, v)``.
    power : `numpy.ndarray`
        :math:`P`, float32, same shape; 1 at zero frequency.
    shape : `tuple` [`int`, `int`]
        Height and width of the images, which are periodic.
    noise : `float`
        Standard deviation of a pixel of the weighted mean of the exposures.
    """

    back_projection: np.ndarray
    power: np.ndarray
    shape: tuple[int, int]
    noise: float

    @property
    def mean_power(self) -> float:
        """Mean of ``power`` over all frequencies: the sum of the squared
        PSF, one over its effective area in pixels (`float`).
        """
        full = 2.0 * float(self.power.sum(dtype=np.float64)) - float(
            self.power[:, 0].sum(dtype=np.float64)
        )  # fmt: skip
        if self.shape[1] % 2 == 0:
            full -= float(self.power[:, -1].sum(dtype=np.float64))
        return full / (self.shape[0] * self.shape[1])

    @property
    def point_source_noise(self) -> float:
        """Standard deviation of the flux of an isolated point source, by
        matched filter (`float`).
        """
        return self.noise / float(np.sqrt(self.mean_power))

    @property
    def image_noise(self) -> float:
        """Standard deviation of a pixel of the back-projected image (`float`).

        Its power spectrum is that of the exposures' mean times ``power``.
        """
        return self.point_source_noise * self.mean_power

    @property
    def faintest(self) -> np.float32:
        """What a pixel of a latent image, which multiplicative updates start
        from, cannot be below (`numpy.float32`).
        """
        return np.float32(FAINTEST * self.image_noise)

    def back_projected_image(self) -> np.ndarray:
        """Return the image that belongs to ``back_projection``.

        Returns
        -------
        image : `numpy.ndarray`
            Float32, shape ``shape``.
        """
        return scipy.fft.irfft2(self.back_projection, s=self.shape)

    def apply_power(self, latent: np.ndarray) -> np.ndarray:
        """Return what the back-projected image of a latent image would be.

        Parameters
        ----------
        latent : `numpy.ndarray`
            Shape ``shape``.

        Returns
        -------
        image : `numpy.ndarray`
            Blurred by every PSF and its mirror image, and averaged.
        """
        spectrum = scipy.fft.rfft2(latent)
        spectrum *= self.power
        return scipy.fft.irfft2(spectrum, s=self.shape, overwrite_x=True)


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
