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

"""The formulas of the residual, on the pixels of one cell."""

from __future__ import annotations

__all__ = ("CellResidual", "PictureSpectra", "mean_autocorrelation", "predicted_cell", "residual_of_cell")

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.fft

from ..arrays.numpy_arrays import numpy_arrays
from ..coadd.outlier_limit import MOST_RESIDUAL, OUTLIER_SIGMA, outlier_limit
from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from ..forward.forward_model import ForwardModel
from .target_division import centred_spectrum, without_target

SEEING_FRACTION = 0.75
"""Allowance for real differences between exposures of differing seeing, as a
fraction of what all of them show beyond the restored image."""

MAX_VARIANCE = 10.0
"""Variance of a pixel, in median variances of its exposure, above which it
counts for less.  The sky of a sound exposure and the cores of most stars stay
below it: weights that go with the brightness of a star make its flux depend on
errors of the PSF."""

LEAST_COVERAGE = 0.01
"""Share of the weight of all exposures below which nothing is said of a pixel."""


@dataclasses.dataclass(frozen=True, eq=False)
class PictureSpectra:
    """How an image before its last convolution becomes the restored one.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        What it is convolved with to become the restored image.
    target_psf : `numpy.ndarray`
        PSF of the restored image.
    """

    kernel: np.ndarray
    target_psf: np.ndarray

    def ratio(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the spectrum that turns it into an image with a PSF of a point.

        Parameters
        ----------
        shape : `tuple` [`int`, `int`]
            Height and width of the images.

        Returns
        -------
        ratio : `numpy.ndarray`
            Complex64, shape ``(height, width // 2 + 1)``.
        """
        kernel, target = (centred_spectrum(each, shape) for each in (self.kernel, self.target_psf))
        return without_target(kernel, target).astype(np.complex64)


@dataclasses.dataclass(frozen=True, eq=False)
class CellResidual:
    """The residual on one cell.

    Parameters
    ----------
    image, variance, coverage : `numpy.ndarray`
        As a `ResidualImage` has them, on the pixels of the cell.
    psf : `numpy.ndarray` or `None`
        PSF of the residual; `None` if no exposure reaches the cell.
    """

    image: np.ndarray
    variance: np.ndarray
    coverage: np.ndarray
    psf: np.ndarray | None


def residual_of_cell(
    stack: ExposureStack,
    cell: Box,
    restored: np.ndarray,
    restored_box: Box,
    spectra: PictureSpectra,
    medians: np.ndarray,
) -> CellResidual:
    """Return what a restored image leaves over in one cell.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures, on the cell and half a PSF kernel around it, where the
        patch has that.
    cell : `Box`
        Pixels that are wanted.
    restored : `numpy.ndarray`
        Image that ``spectra.kernel`` turns into the restored one.
    restored_box : `Box`
        Its pixels: those of the patch and half a PSF kernel around them.
    spectra : `PictureSpectra`
        Its way to the restored image.
    medians : `numpy.ndarray`
        Median variance of each exposure, shape ``(n,)``.

    Returns
    -------
    residual : `CellResidual`
        On the cell.
    """
    around = stack.cutout(cell.grown_by(stack.psf.radius).intersection(stack.box))
    latent_box = around.box.grown_by(stack.psf.radius)
    kernels = around.psf.at(*cell.center)
    model = ForwardModel(around.shape, stack.psf.size)
    psfs = [_spectrum(kernel, model) for kernel in kernels]
    latent = model.transform(restored[latent_box.slices_within(restored_box)])
    residual = _residual(around.image, latent * spectra.ratio(model.fft_shape), psfs, model)
    used = _used_share(around, residual, medians) * around.sampling_counts()

    weights = (1.0 / medians).astype(np.float64)
    shares = (weights / weights.sum()).astype(np.float32)[:, None, None] * used
    squares = (_spectrum(kernel**2, model) for kernel in kernels)
    sums = _weighted_sums(residual, around.variance, shares, psfs, squares, model)
    inside = cell.slices_within(latent_box)
    covered = shares[:, *cell.slices_within(around.box)].mean(axis=(1, 2), dtype=np.float64)
    raw, raw_variance, reach = (each[inside] for each in sums)
    return _normalized(raw, raw_variance, reach, kernels, covered)


def predicted_cell(
    stack: ExposureStack, cell: Box, restored: np.ndarray, restored_box: Box, spectra: PictureSpectra
) -> np.ndarray:
    """Return what a restored image predicts of the exposures in one cell.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures; their PSFs are looked at.
    cell : `Box`
        Pixels that are wanted.
    restored : `numpy.ndarray`
        As `residual_of_cell` takes it.
    restored_box : `Box`
        Its pixels.
    spectra : `PictureSpectra`
        Its way to the restored image.

    Returns
    -------
    predicted : `numpy.ndarray`
        Noiseless exposures, shape ``(n, *cell.shape)``.
    """
    model = ForwardModel(cell.shape, stack.psf.size)
    psfs = [_spectrum(kernel, model) for kernel in stack.psf.at(*cell.center)]
    latent_box = cell.grown_by(stack.psf.radius)
    latent = model.transform(restored[latent_box.slices_within(restored_box)])
    nothing = np.zeros((len(stack), *cell.shape), np.float32)
    return -_residual(nothing, latent * spectra.ratio(model.fft_shape), psfs, model)


def _residual(image: np.ndarray, latent: Any, psfs: list[np.ndarray], model: ForwardModel) -> np.ndarray:
    """Return what the restored image leaves over of each exposure."""
    (group,) = model.groups()
    # One exposure after the other, which stays in the cache.
    parts = [each - model.expose(latent, psf, group)[0] for each, psf in zip(image, psfs, strict=True)]
    return np.concatenate(parts)


def _weighted_sums(
    residual: np.ndarray,
    variance: np.ndarray,
    weights: np.ndarray,
    psfs: Iterable[np.ndarray],
    squares: Iterable[np.ndarray],
    model: ForwardModel,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sums over exposures: of the residual, of its variance and of the weight."""
    (group,) = model.groups()
    sums: list[Any] = [0.0, 0.0, 0.0]
    for left, noise, weight, psf, square in zip(residual, variance, weights, psfs, squares, strict=True):
        known = np.where(weight > 0, noise, np.float32(0.0))
        sums[0] += model.gather([(weight * left)[None]], psf, group)
        sums[1] += model.gather([(weight**2 * known)[None]], square, group)
        sums[2] += model.gather([weight[None]], square, group)
    total, total_variance, reach = map(model.latent_of, sums)
    return total, total_variance, reach


def _spectrum(kernel: np.ndarray, model: ForwardModel) -> np.ndarray:
    """Return what `ForwardModel.spectra` does of one kernel, rows without light left out."""
    height, width = model.fft_shape
    rows = scipy.fft.rfft(np.asarray(kernel, np.float32), n=width, axis=-1)
    return scipy.fft.fft(rows, n=height, axis=-2)[None]


def _used_share(stack: ExposureStack, residual: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Return how far each pixel is used: 0 if it is masked or an outlier."""
    limit = np.float32(MAX_VARIANCE) * medians.astype(np.float32)[:, None, None]
    used = stack.valid.astype(np.float32)
    is_noisy = stack.valid & (stack.variance > limit)
    if is_noisy.any():
        np.divide(limit, stack.variance, where=is_noisy, out=used)
    # The residual of a masked pixel is less than infinite.
    deviation = np.clip(residual, -MOST_RESIDUAL, MOST_RESIDUAL) / np.float32(OUTLIER_SIGMA)
    rows, columns = np.nonzero((deviation**2 > stack.variance).any(axis=0))
    if len(rows):
        valid, there = stack.valid[:, rows, columns], residual[:, rows, columns]
        model = stack.image[:, rows, columns] - there
        tolerance = outlier_limit(numpy_arrays(), stack.variance[:, rows, columns], model)
        # What all exposures agree on is no outlier, but what the restored image lacks.
        typical = np.nanmedian(np.where(valid, there, np.nan), axis=0)
        apart = np.abs(there - typical) - np.float32(SEEING_FRACTION) * np.abs(typical)
        is_outlier = (np.abs(there) > tolerance) & (apart > tolerance)
        used[:, rows, columns] *= ~is_outlier
    return used


def _normalized(
    raw: np.ndarray, raw_variance: np.ndarray, reach: np.ndarray, kernels: np.ndarray, shares: np.ndarray
) -> CellResidual:
    """Return the sums as an image with the PSF of those exposures that reach the cell."""
    total = shares.sum()
    if total < LEAST_COVERAGE:
        nothing = np.zeros(raw.shape, np.float32)
        return CellResidual(nothing, np.full(raw.shape, np.inf, np.float32), nothing, None)
    psf = mean_autocorrelation(kernels, shares / total)
    peak = psf[len(psf) // 2, len(psf) // 2]
    known = reach > LEAST_COVERAGE * peak * total
    scale = np.where(known, peak / np.where(known, reach, 1.0), 0.0)
    variance = np.where(known, scale**2 * raw_variance, np.inf)
    return CellResidual(
        (scale * raw).astype(np.float32),
        variance.astype(np.float32),
        (reach / (peak * total)).astype(np.float32),
        psf,
    )


def mean_autocorrelation(kernels: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the kernels' correlations with themselves.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        PSF kernels, shape ``(n, k, k)``.
    shares : `numpy.ndarray`
        Weights, of unit sum, shape ``(n,)``.

    Returns
    -------
    mean : `numpy.ndarray`
        Float64, shape ``(2 k - 1, 2 k - 1)``.
    """
    size = 2 * kernels.shape[-1] - 1
    spectra = scipy.fft.rfft2(kernels.astype(np.float64), s=(size, size))
    power = np.tensordot(shares, np.abs(spectra) ** 2, axes=1)
    return scipy.fft.fftshift(scipy.fft.irfft2(power, s=(size, size)))
