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

"""Sums over exposures, whose masked pixels and outliers are filled in."""

from __future__ import annotations

__all__ = ("StatisticsGatherer",)

import copy

import numpy as np
import scipy.fft

from .boxes import Box
from .exposure_stack import ExposureStack
from .infill import fill_invalid, robust_coadd
from .sufficient_statistics import SufficientStatistics, typical_noise

OUTLIER_SIGMA = 6.0
OUTLIER_FRACTION = 0.5
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the robust coadd."""

HOLE_BRIGHTNESS, HOLE_COVERAGE = 200.0, 0.9
"""Signal to noise of the coadd, and share of the weight of all exposures, at
which a pixel begins to be as bad as one that no exposure knows."""

MODEL_FRACTION = 0.25
"""Allowance for errors of the model of a first pass, as a fraction of it."""


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
        self._judge_pixels(medians.astype(np.float32))
        self._noise = typical_noise(part)

    def _transform_kernels(self, kernels: np.ndarray) -> None:
        self._stamps = kernels
        self._kernels = _centred_spectra(kernels, self._part.shape)
        self._power = np.zeros(self._kernels.shape[1:], np.float32)
        for share, kernel in zip(self._share, self._kernels, strict=True):
            self._power += share * (kernel.real**2 + kernel.imag**2)

    def _judge_pixels(self, medians: np.ndarray) -> None:
        """Find outliers from the coadd, and how far each pixel can be trusted."""
        part = self._part
        self._suspect = np.empty(part.image.shape, np.bool_)
        self._trust = np.empty(part.image.shape, np.float32)
        allowance = OUTLIER_FRACTION * np.abs(self._coadd)
        # One exposure after the other, here and below: what is done to it stays in the cache.
        for index, median in enumerate(medians):
            limit = np.sqrt(
                part.variance[index], where=part.valid[index], out=np.zeros(part.shape, np.float32)
            )
            limit *= OUTLIER_SIGMA
            limit += allowance
            suspect = np.greater(np.abs(part.image[index] - self._coadd), limit, out=self._suspect[index])
            suspect &= part.valid[index]
            trust = np.divide(median, part.variance[index], out=self._trust[index])
            np.minimum(trust, 1.0, out=trust)
            trust *= part.valid[index]

    @property
    def holes(self) -> np.ndarray:
        """`True` where no exposure knows a pixel, or where it is bright and
        many do not: there the fill has to be as good as data
        (`numpy.ndarray`).
        """
        is_bright = np.abs(self._coadd) > HOLE_BRIGHTNESS * self._noise
        return ~self._part.valid.any(axis=0) | (is_bright & (self.coverage() < HOLE_COVERAGE))

    @property
    def power(self) -> np.ndarray:
        """Weighted mean of the power spectra of the PSFs (`numpy.ndarray`)."""
        return self._power

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
        for name in ("_suspect", "_trust"):
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
        latent_spectrum = None if latent is None else scipy.fft.rfft2(latent.astype(np.float32, copy=False))
        back_projection = np.zeros(self._power.shape, np.complex64)
        for index, kernel in enumerate(self._kernels):
            if latent_spectrum is None:
                filled = self._filled_by_coadd(index)
            else:
                model = scipy.fft.irfft2(kernel * latent_spectrum, s=self._part.shape, overwrite_x=True)
                filled = self._moved_to_data(index, model)
            spectrum = scipy.fft.rfft2(filled)
            spectrum *= kernel.conj()
            spectrum *= self._share[index]
            back_projection += spectrum
        return SufficientStatistics(back_projection, self._power, self._part.shape, self._noise)

    def _filled_by_coadd(self, index: int) -> np.ndarray:
        """Return an exposure with the coadd where it is masked or an outlier."""
        is_good = self._part.valid[index] & ~self._suspect[index]
        return fill_invalid(self._part.image[index], is_good, self._coadd)

    def _moved_to_data(self, index: int, model: np.ndarray) -> np.ndarray:
        """Return the model, moved to the data as far as these can be trusted."""
        image = self._part.image[index]
        residual = image - model
        residual *= self._trust[index]
        where = np.nonzero(self._suspect[index])
        deviation = np.abs(image[where] - model[where])
        limit = OUTLIER_SIGMA * np.sqrt(self._part.variance[index][where])
        is_outlier = deviation > limit + MODEL_FRACTION * np.abs(model[where])
        residual[tuple(axis[is_outlier] for axis in where)] = 0.0
        residual += model
        return residual


def _centred_spectra(kernels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return transforms of kernels whose centre is at pixel (0, 0)."""
    height, width = shape
    radius = kernels.shape[-1] // 2
    # Few rows have anything in them to transform; the centre is moved by a phase.
    rows = scipy.fft.rfft(kernels.astype(np.float32, copy=False), n=width, axis=2)
    spectra = scipy.fft.fft(rows, n=height, axis=1)
    shift_y = np.exp(2j * np.pi * radius * scipy.fft.fftfreq(height))
    shift_x = np.exp(2j * np.pi * radius * scipy.fft.rfftfreq(width))
    spectra *= np.outer(shift_y, shift_x).astype(np.complex64)
    return spectra
