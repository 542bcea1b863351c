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

__all__ = ("StatisticsGatherer", "SufficientStatistics", "typical_noise")

import copy
import dataclasses

import numpy as np
import scipy.fft

from .boxes import Box
from .exposure_stack import ExposureStack
from .infill import fill_invalid, robust_coadd

OUTLIER_SIGMA = 6.0
OUTLIER_FRACTION = 0.5
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the robust coadd."""

HOLE_BRIGHTNESS, HOLE_COVERAGE = 200.0, 0.9
"""Signal to noise of the coadd, and share of the weight of all exposures, at
which a pixel begins to be as bad as one that no exposure knows."""

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


class StatisticsGatherer:
    r"""Sums up exposures on a cut-out of a patch, once or time and again.

    Parameters
    ----------
    part : `ExposureStack`
        The exposures, on a box that has room around what is of interest: the
        images are taken as periodic, with the PSFs at the centre of the box.
    """

    def __init__(self, part: ExposureStack) -> None:
        self._part = part
        medians = part.median_variances()
        weights = 1.0 / medians
        self._share = (weights / weights.sum()).astype(np.float32)
        self._transform_kernels(part.psf.at(*part.box.center))
        self._coadd = robust_coadd(part.image, part.variance, part.valid, medians)
        self._sigma = np.sqrt(part.variance, where=part.valid, out=np.zeros_like(part.variance))
        limit = OUTLIER_SIGMA * self._sigma + OUTLIER_FRACTION * np.abs(self._coadd)
        self._suspect = np.abs(part.image - self._coadd) > limit
        self._trust = np.minimum(medians[:, None, None] / part.variance, 1.0).astype(np.float32)
        self._trust *= part.valid
        self._noise = _noise_of(weights)

    def _transform_kernels(self, kernels: np.ndarray) -> None:
        self._stamps = kernels
        self._kernels = _centred_spectra(kernels, self._part.shape)
        self._power = np.einsum("t,tuv->uv", self._share, self._kernels.real**2 + self._kernels.imag**2)

    @property
    def holes(self) -> np.ndarray:
        """`True` where no exposure knows a pixel, or where it is bright and
        many do not: there the fill has to be as good as data
        (`numpy.ndarray`).
        """
        is_bright = np.abs(self._coadd) > HOLE_BRIGHTNESS * self._noise
        return ~self._part.valid.any(axis=0) | (is_bright & (self.coverage() < HOLE_COVERAGE))

    @property
    def kernel_radius(self) -> int:
        """Half side of the PSF kernels in pixels (`int`)."""
        return self._part.psf.radius

    def cropped(self, rows: slice, columns: slice) -> StatisticsGatherer:
        """Return a gatherer of some of the pixels, by the same weights.

        Parameters
        ----------
        rows, columns : `slice`
            Which pixels, with a start and a stop.

        Returns
        -------
        gatherer : `StatisticsGatherer`
            Its image, too, is taken as periodic.
        """
        box = self._part.box
        start = box.y_start + rows.start, box.x_start + columns.start
        result = copy.copy(self)
        shape = rows.stop - rows.start, columns.stop - columns.start
        result._part = self._part.cutout(Box.from_shape(shape, start))
        result._coadd = self._coadd[rows, columns]
        for name in ("_sigma", "_suspect", "_trust"):
            setattr(result, name, getattr(self, name)[:, rows, columns])
        result._transform_kernels(self._stamps)
        return result

    def coverage(self) -> np.ndarray:
        r"""Return how much of the weight of all exposures each pixel has.

        Returns
        -------
        coverage : `numpy.ndarray`
            :math:`\sum_t c_t \rho_t / \sum_t c_t` with the trust
            :math:`\rho_t` of `sum_up`: 1 where all exposures are as good as
            usual, 0 where there are none, float32.
        """
        return np.einsum("t,tyx->yx", self._share, self._trust)

    def sum_up(self, latent: np.ndarray | None = None) -> SufficientStatistics:
        r"""Return the sums.

        Without a latent image, masked pixels and outliers, among them cosmic
        rays that no mask knows of, are replaced by the robust coadd of the
        same exposures, so that exposures outside the cut-out have no say.

        With one, each exposure is compared with its own model :math:`m = f *
        x` and replaced by :math:`m + \rho\,(y - m)`, where :math:`\rho =
        \min(1, \tilde v / v)` is 0 for masked pixels, and for outliers from
        both the coadd and the model.  This is the surrogate of the weighted
        least squares with a constant curvature: pixels of larger variance
        count for less, and holes are filled with what their surroundings say,
        at the seeing of each exposure.

        Parameters
        ----------
        latent : `numpy.ndarray`, optional
            Latent image of the same shape as the exposures, from an earlier
            pass.

        Returns
        -------
        statistics : `SufficientStatistics`
            The sums.
        """
        if latent is None:
            filled = fill_invalid(self._part.image, self._part.valid & ~self._suspect, self._coadd)
        else:
            filled = self._towards_model(latent)
        spectra = scipy.fft.rfft2(filled)
        spectra *= self._kernels.conj()
        return SufficientStatistics(
            back_projection=np.einsum("t,tuv->uv", self._share, spectra),
            power=self._power,
            shape=self._part.shape,
            noise=self._noise,
        )

    def _towards_model(self, latent: np.ndarray) -> np.ndarray:
        """Return the model, moved to the data as far as these can be trusted."""
        part = self._part
        spectrum = scipy.fft.rfft2(latent.astype(np.float32, copy=False))
        model = scipy.fft.irfft2(self._kernels * spectrum, s=part.shape)
        # Few pixels are suspects, and all else is four passes over the exposures.
        where = np.nonzero(self._suspect)
        deviation = np.abs(part.image[where] - model[where])
        is_outlier = deviation > OUTLIER_SIGMA * self._sigma[where] + MODEL_FRACTION * np.abs(model[where])
        residual = part.image - model
        residual *= self._trust
        residual[tuple(axis[is_outlier] for axis in where)] = 0.0
        model += residual
        return model


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
    return _noise_of(1.0 / stack.median_variances())


def _noise_of(weights: np.ndarray) -> float:
    return float(1.0 / np.sqrt(weights.sum()))


def _centred_spectra(kernels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return transforms of kernels whose centre is at pixel (0, 0)."""
    size = kernels.shape[-1]
    padded = np.zeros((len(kernels), *shape), np.float32)
    padded[:, :size, :size] = kernels
    return scipy.fft.rfft2(np.roll(padded, (-(size // 2), -(size // 2)), axis=(1, 2)))
