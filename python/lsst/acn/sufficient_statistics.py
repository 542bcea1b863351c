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

__all__ = ("SufficientStatistics", "gather_statistics", "typical_noise")

import dataclasses

import numpy as np
import scipy.fft

from .exposure_stack import ExposureStack
from .infill import fill_invalid, robust_coadd

OUTLIER_SIGMA = 6.0
OUTLIER_FRACTION = 0.5
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the robust coadd."""

MODEL_FRACTION = 0.25
"""Allowance for errors of the model of a first pass, as a fraction of it."""


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

    def back_projected_image(self) -> np.ndarray:
        """Return the image that belongs to ``back_projection``.

        Returns
        -------
        image : `numpy.ndarray`
            Float32, shape ``shape``.
        """
        return scipy.fft.irfft2(self.back_projection, s=self.shape)


def gather_statistics(part: ExposureStack, latent: np.ndarray | None = None) -> SufficientStatistics:
    r"""Sum up exposures on a cut-out of a patch.

    Without a latent image, masked pixels and outliers, among them cosmic rays
    that no mask knows of, are replaced by the robust coadd of the same
    exposures, so that exposures outside ``part`` have no say.

    With one, each exposure is compared with its own model :math:`m = f * x`
    and replaced by :math:`m + \rho\,(y - m)`, where :math:`\rho = \min(1,
    \tilde v / v)` is 0 for masked pixels and outliers.  This is the surrogate
    of the weighted least squares with a constant curvature: pixels of larger
    variance count for less, and saturated cores are filled with what their
    surroundings say, at the seeing of each exposure.

    Parameters
    ----------
    part : `ExposureStack`
        The exposures, on a box that has room around what is of interest: the
        images are taken as periodic.
    latent : `numpy.ndarray`, optional
        Latent image of the same shape as the exposures, from an earlier pass.

    Returns
    -------
    statistics : `SufficientStatistics`
        The sums, with the PSFs at the centre of the box.
    """
    medians = part.median_variances()
    kernels = _centred_spectra(part.psf.at(*part.box.center), part.shape)
    if latent is None:
        filled = _without_outliers(part)
    else:
        model = scipy.fft.irfft2(kernels * scipy.fft.rfft2(latent.astype(np.float32)), s=part.shape)
        filled = _towards_model(part, model, medians)
    spectra = scipy.fft.rfft2(filled)
    weights = 1.0 / medians
    share = (weights / weights.sum()).astype(np.float32)
    return SufficientStatistics(
        back_projection=np.einsum("t,tuv,tuv->uv", share, kernels.conj(), spectra),
        power=np.einsum("t,tuv->uv", share, kernels.real**2 + kernels.imag**2),
        shape=part.shape,
        noise=typical_noise(part),
    )


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


def _without_outliers(part: ExposureStack) -> np.ndarray:
    coadd = robust_coadd(part.image, part.variance, part.valid)
    limit = OUTLIER_SIGMA * np.sqrt(part.variance) + OUTLIER_FRACTION * np.abs(coadd)
    good = part.valid & (np.abs(part.image - coadd) <= limit)
    return fill_invalid(part.image, good, coadd)


def _towards_model(part: ExposureStack, model: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Return the model, moved to the data by as much as these can be trusted."""
    residual = part.image - model
    trust = np.minimum(medians[:, None, None] / part.variance, 1.0).astype(np.float32)
    limit = OUTLIER_SIGMA * np.sqrt(part.variance) + MODEL_FRACTION * np.abs(model)
    trust[~(part.valid & (np.abs(residual) <= limit))] = 0.0
    return model + trust * np.where(part.valid, residual, 0.0)


def _centred_spectra(kernels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return transforms of kernels whose centre is at pixel (0, 0)."""
    size = kernels.shape[-1]
    padded = np.zeros((len(kernels), *shape), np.float32)
    padded[:, :size, :size] = kernels
    return scipy.fft.rfft2(np.roll(padded, (-(size // 2), -(size // 2)), axis=(1, 2)))
