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

__all__ = ("StatisticsGatherer", "sampled_medians", "shift_to_origin")

import copy
import functools
import math
from collections.abc import Sequence

import numpy as np
import scipy.fft

from ....coadd.robust_coadd import fill_invalid, robust_coadd
from ....exposures.boxes import Box
from ....exposures.stack import ExposureStack, median_variances
from ....machine.threads import for_each
from .sampling import sharpen_spectra
from .statistics import SufficientStatistics

OUTLIER_SIGMA = 6.0
OUTLIER_FRACTION = 0.5
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the robust coadd."""

HOLE_BRIGHTNESS, HOLE_COVERAGE = 200.0, 0.9
"""Signal to noise of the coadd, and share of the weight of all exposures, at
which a pixel begins to be as bad as one that no exposure knows."""

MEDIAN_PIXELS = 5000
"""Pixels of each exposure, at most, that its median variance is taken from."""

N_SUMS = 4
"""Sums over every so many exposures that are made on their own, at once where
there are threads for it; the result does not depend on these."""

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
        medians = sampled_medians(part)
        weights = 1.0 / medians
        self._share = (weights / weights.sum()).astype(np.float32)
        self._transform_kernels(part.psf.at(*part.box.center))
        self._coadd = robust_coadd(part.image, part.variance, part.valid, medians)
        self._judge_pixels(medians.astype(np.float32))
        self._noise = float(1.0 / np.sqrt(weights.sum()))

    def _transform_kernels(self, kernels: np.ndarray) -> None:
        self._stamps = kernels
        height, width = self._part.shape
        self._kernels = np.empty((len(kernels), height, width // 2 + 1), np.complex64)

        def transform(first: int) -> np.ndarray:
            power = np.zeros(self._kernels.shape[1:], np.float32)
            for index in range(first, len(kernels), N_SUMS):
                spectrum = _centred_spectrum(kernels[index], self._part.shape)
                self._kernels[index] = sharpen_spectra(spectrum, self._part.shape)
                power += self._share[index] * (spectrum.real**2 + spectrum.imag**2)
            return power

        self._power = _total(for_each(transform, N_SUMS))

    def _judge_pixels(self, medians: np.ndarray) -> None:
        """Find outliers from the coadd, and how far each pixel can be trusted."""
        part = self._part
        self._suspect = np.empty(part.image.shape, np.bool_)
        self._trust = np.empty(part.image.shape, np.float32)
        allowance = np.float32(OUTLIER_FRACTION) * np.abs(self._coadd)

        # Exposure by exposure, here and elsewhere: what is done to one stays in the cache.
        def judge(index: int) -> None:
            # The variance of masked pixels is infinite: they are no outliers, and not trusted.
            deviation = part.image[index] - self._coadd
            np.abs(deviation, out=deviation)
            deviation -= allowance
            np.maximum(deviation, 0.0, out=deviation)
            deviation /= np.float32(OUTLIER_SIGMA)
            deviation *= deviation
            np.greater(deviation, part.variance[index], out=self._suspect[index])
            trust = np.divide(medians[index], part.variance[index], out=self._trust[index])
            np.minimum(trust, 1.0, out=trust)

        for_each(judge, len(part))

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
        model = None if latent is None else scipy.fft.rfft2(latent.astype(np.float32, copy=False))

        def sum_some(first: int) -> np.ndarray:
            total = np.zeros(self._power.shape, np.complex64)
            for index in range(first, len(self._part), N_SUMS):
                data = self._filled_by_coadd(index) if model is None else self._trusted_residual(index, model)
                data *= self._share[index]
                spectrum = scipy.fft.rfft2(data)
                spectrum *= self._kernels[index].conj()
                total += spectrum
            return total

        total = _total(for_each(sum_some, N_SUMS))
        if model is not None:
            total += self._power * model
        return SufficientStatistics(total, self._power, self._part.shape, self._noise)

    def _filled_by_coadd(self, index: int) -> np.ndarray:
        """Return an exposure with the coadd where it is masked or an outlier."""
        is_good = self._part.valid[index] & ~self._suspect[index]
        return fill_invalid(self._part.image[index], is_good, self._coadd)

    def _trusted_residual(self, index: int, spectrum: np.ndarray) -> np.ndarray:
        """Return the data less the model of a latent spectrum, as far as these can be trusted."""
        spectrum = self._kernels[index] * spectrum
        model = scipy.fft.irfft2(spectrum, s=self._part.shape, overwrite_x=True)
        image = self._part.image[index]
        residual = image - model
        residual *= self._trust[index]
        where = np.nonzero(self._suspect[index])
        deviation = np.abs(image[where] - model[where])
        limit = OUTLIER_SIGMA * np.sqrt(self._part.variance[index][where])
        is_outlier = deviation > limit + MODEL_FRACTION * np.abs(model[where])
        residual[tuple(axis[is_outlier] for axis in where)] = 0.0
        return residual


def sampled_medians(part: ExposureStack) -> np.ndarray:
    """Return the median variance of each exposure, of some of its pixels.

    Parameters
    ----------
    part : `ExposureStack`
        The exposures.

    Returns
    -------
    medians : `numpy.ndarray`
        Shape ``(n,)``, of all pixels where some of them do not tell.
    """
    step = max(math.isqrt(part.shape[0] * part.shape[1] // MEDIAN_PIXELS), 1)
    medians = median_variances(part.variance[:, ::step, ::step], part.valid[:, ::step, ::step])
    return medians if np.isfinite(medians).all() else part.median_variances()


def _total(sums: Sequence[np.ndarray]) -> np.ndarray:
    return functools.reduce(np.add, sums)


def _centred_spectrum(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the transform of a kernel whose centre is at pixel (0, 0)."""
    # Few rows have anything in them to transform; the centre is moved by a phase.
    rows = scipy.fft.rfft(kernel.astype(np.float32, copy=False), n=shape[1], axis=1)
    spectrum = scipy.fft.fft(rows, n=shape[0], axis=0)
    spectrum *= shift_to_origin(shape, len(kernel) // 2)
    return spectrum


@functools.lru_cache(maxsize=8)
def shift_to_origin(shape: tuple[int, int], radius: int) -> np.ndarray:
    """Return the phases that move an image's pixel (radius, radius) to (0, 0).

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of the image, which is periodic.
    radius : `int`
        In pixels.

    Returns
    -------
    phases : `numpy.ndarray`
        Complex64, shape ``(height, width // 2 + 1)``.
    """
    shift_y = np.exp(2j * np.pi * radius * scipy.fft.fftfreq(shape[0]))
    shift_x = np.exp(2j * np.pi * radius * scipy.fft.rfftfreq(shape[1]))
    return np.outer(shift_y, shift_x).astype(np.complex64)
