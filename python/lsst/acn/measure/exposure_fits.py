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

"""How well a latent image explains each exposure."""

from __future__ import annotations

__all__ = ("ExposureFit", "ExposureFits", "fit_exposures")

import dataclasses
from collections.abc import Callable

import numpy as np

from ..coadd.coaddition import exposure_weights
from ..exposures.noise_unit import noise_unit
from ..exposures.stack import ExposureStack
from ..machine.threads import cores, in_turn
from ..metrics import (
    PixelClasses,
    ResidualStatistics,
    data_range,
    flag_outliers,
    normalized_residual,
    peak_signal_to_noise,
    predict_exposure,
    residual_statistics,
    structural_similarity,
)
from .restored_patch import RestoredPatch


@dataclasses.dataclass(frozen=True)
class ExposureFit:
    """What one exposure has to say on a restoration.

    Parameters
    ----------
    visit : `int`
        Identifier of the exposure.
    everywhere, source, sky : `ResidualStatistics`
        Residuals of its prediction: in all valid pixels, in source pixels
        and in sky pixels.
    psnr : `float`
        Peak signal-to-noise ratio of the restored image against it, in dB.
    ssim : `float`
        Structural similarity of the two.
    is_outlier : `bool`
        Whether its reduced chi-square is unlike that of the others, in source
        pixels or in sky pixels, with regard to its error.
    """

    visit: int
    everywhere: ResidualStatistics
    source: ResidualStatistics
    sky: ResidualStatistics
    psnr: float
    ssim: float
    is_outlier: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class ExposureFits:
    """All exposures together.

    Parameters
    ----------
    exposures : `tuple` [`ExposureFit`]
        One for each exposure.
    residual : `numpy.ndarray`
        Weighted mean of the residuals of all exposures in units of its
        noise, NaN where no exposure is valid, shape ``(height, width)``.
    full_scale : `float`
        Data range of the PSNR and the SSIM.
    """

    exposures: tuple[ExposureFit, ...]
    residual: np.ndarray
    full_scale: float

    def column(self, value: Callable[[ExposureFit], float]) -> np.ndarray:
        """Return one number of every exposure.

        Parameters
        ----------
        value : `~collections.abc.Callable`
            Takes an `ExposureFit`, returns the number.

        Returns
        -------
        values : `numpy.ndarray`
            Float64, shape ``(n,)``.
        """
        return np.array([value(exposure) for exposure in self.exposures], np.float64)

    @property
    def outlier_visits(self) -> list[int]:
        """Visits that are unlike the others (`list` [`int`])."""
        return [exposure.visit for exposure in self.exposures if exposure.is_outlier]


def fit_exposures(
    patch: RestoredPatch, pixels: PixelClasses, outlier_threshold: float = 5.0, n_cores: int = 1
) -> ExposureFits:
    """Compare every exposure with what the latent image predicts for it.

    Parameters
    ----------
    patch : `RestoredPatch`
        The restoration.
    pixels : `PixelClasses`
        Source and sky pixels.
    outlier_threshold : `float`, optional
        Deviation from which a visit is an outlier, in standard deviations.
    n_cores : `int`, optional
        Exposures that may be looked at at once.

    Returns
    -------
    fits : `ExposureFits`
        The comparison.
    """
    full_scale = data_range(patch.coadd.image[0], patch.coadd.valid[0])
    # In units of the noise, single precision holds the squares of weighted deviations.
    unit = noise_unit(patch.exposures)
    weights = (exposure_weights(patch.exposures) * unit**2).astype(np.float32)
    signal, noise = np.zeros((2, *patch.box.shape), np.float32)
    fits = []

    def fit(index: int) -> tuple[ExposureFit, np.ndarray, np.ndarray]:
        stack = patch.corrected_exposures.exposure(index)
        residual = normalized_residual(stack, 0, predict_exposure(patch.latent, patch.latent_box, stack, 0))
        one = _fit_exposure(patch, pixels, stack, residual, full_scale)
        return one, residual, _weighted_deviation(stack, weights[index] / unit)

    # A few exposures at a time: the predictions of all would need as much
    # memory as the stack.
    with cores(n_cores):
        for one, residual, deviation in in_turn(fit, range(len(weights)), len(weights)):
            fits.append(one)
            residual *= deviation
            signal += residual
            deviation *= deviation
            noise += deviation
    noise[noise == 0] = np.nan
    signal /= np.sqrt(noise, out=noise)
    return ExposureFits(_flagged(fits, outlier_threshold), signal, full_scale)


def _weighted_deviation(stack: ExposureStack, weight: np.floating) -> np.ndarray:
    """Return a multiple of the standard deviation of each pixel of one exposure, 0 where it is not valid."""
    deviation = np.where(stack.valid[0], stack.variance[0], np.float32(0.0))
    np.sqrt(deviation, out=deviation)
    deviation *= weight
    return deviation


def _fit_exposure(
    patch: RestoredPatch, pixels: PixelClasses, stack: ExposureStack, residual: np.ndarray, full_scale: float
) -> ExposureFit:
    restored, valid = patch.restored.image[0], stack.valid[0]
    both = valid & patch.restored.valid[0]
    return ExposureFit(
        visit=stack.visits[0],
        everywhere=residual_statistics(residual, valid),
        source=residual_statistics(residual, valid & pixels.source),
        sky=residual_statistics(residual, valid & pixels.sky),
        psnr=peak_signal_to_noise(stack.image[0], restored, both, full_scale),
        ssim=structural_similarity(stack.image[0], restored, both, full_scale),
    )


def _outliers(statistics: list[ResidualStatistics], threshold: float) -> np.ndarray:
    chi2, errors = (
        np.array([getattr(each, name) for each in statistics]) for name in ("reduced_chi2", "chi2_error")
    )
    return flag_outliers(chi2, threshold, errors=errors)


def _flagged(exposures: list[ExposureFit], threshold: float) -> tuple[ExposureFit, ...]:
    source, sky = (
        _outliers([getattr(each, name) for each in exposures], threshold) for name in ("source", "sky")
    )
    return tuple(
        dataclasses.replace(exposure, is_outlier=bool(flag))
        for exposure, flag in zip(exposures, source | sky, strict=True)
    )
