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

"""STARRED, the two-channel deconvolution of ``starred-astro``."""

from __future__ import annotations

__all__ = ("NAME", "is_installed", "starred")

import contextlib
import importlib.util
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.coadd.robust_coadd import robust_coadd
from lsst.acn.exposures.oversampled_psfs import resampled_kernels

from .cost import Cost
from .restored import Restored

NAME = "STARRED"

STRENGTH = 2.0
"""Sparsity in standard deviations of the noise in the gradient of the
likelihood; chosen on `fields.TUNING_FIELD`."""

ITERATIONS = 80
OUTLIER_SIGMA = 5.0
OUTLIER_SHARE = 0.3
IGNORED = 1e6
"""Factor on the variance of pixels that shall not count."""

NARROW_FLOOR = 1e-3


def is_installed() -> bool:
    """Return whether the optional extra ``peers`` is there."""
    return importlib.util.find_spec("starred") is not None


def starred(
    stack: ExposureStack,
    target_fwhm: float,
    *,
    strength: float = STRENGTH,
    iterations: int = ITERATIONS,
    upsampling: int = 1,
) -> Iterator[Restored]:
    r"""Yield the joint deconvolution of all exposures by STARRED.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures, on a square patch.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels of the image.
    strength : `float`, optional
        Sparsity in units of the gradient's noise.
    iterations : `int`, optional
        Number of L-BFGS-B iterations at most.
    upsampling : `int`, optional
        Its ``subsampling_factor``: pixels of the image per pixel of the
        exposures, along each axis.  With more than 1, PSFs have to have so
        many samples per pixel that they are at least two per pixel of the image.

    Yields
    ------
    restored : `Restored`
        At the target PSF.

    Notes
    -----
    STARRED (Michalewicz et al. 2023, Millon et al. 2024) makes an image at a
    Gaussian resolution of its own: here the target PSF, the exposures' PSFs
    having been deconvolved by it.  All light is in the channel that is
    regularised by starlets, for nobody says where the stars are.

    It has no mask and no robust loss: pixels that are masked, or stand out
    from a robust coadd by 5 standard deviations and 30 %, get a variance so
    large that they do not count, as do those of a margin that light beyond
    the edges can be put in.  Its penalty is multiplied by the number of
    exposures :math:`n`, while the noise of the likelihood's gradient, that
    the weights are made from, grows as :math:`\sqrt n` inside of them: to
    cut at the same significance everywhere, :math:`\lambda` is ``strength``
    over :math:`n`.
    """
    with Cost() as cost:
        order = np.argsort([float((kernel**2).sum()) for kernel in stack.psf.at(*stack.box.center)])
        # The weights are made for the first exposure's PSF: let that be the median one.
        first = order[len(order) // 2]
        stack = stack.select([first, *(index for index in range(len(stack)) if index != first)])
        image = _fit(stack, target_fwhm, strength, iterations, upsampling)
    yield Restored(NAME, image, cost.seconds, cost.peak_mib)


def _fit(
    stack: ExposureStack, target_fwhm: float, strength: float, iterations: int, upsampling: int
) -> np.ndarray:
    from starred.deconvolution.deconvolution import setup_model
    from starred.deconvolution.loss import Loss
    from starred.deconvolution.parameters import ParametersDeconv
    from starred.optim.optimization import Optimizer

    data, variance, start, margin = _prepare(stack, upsampling)
    start = start.repeat(upsampling, axis=0).repeat(upsampling, axis=1) / upsampling**2
    kernels = narrow_kernels(_kernels(stack, upsampling), target_fwhm)
    sky_variance = np.ones_like(variance) * _median_variances(stack)
    with _silence():
        model, initial, upper, lower, fixed = setup_model(data, variance, kernels, [], [], upsampling)
        initial["kwargs_background"]["h"] = start.ravel()
        # A bound instead of STARRED's penalty: at its kink L-BFGS gets stuck at once, and
        # AdaBelief takes several times as many iterations.
        lower["kwargs_background"]["h"] = [0.0] * start.size
        fixed["kwargs_background"]["mean"] = np.zeros(len(data))
        fixed["kwargs_analytic"] = dict(initial["kwargs_analytic"])
        parameters = ParametersDeconv(initial, fixed, upper, lower)
        loss = Loss(
            data,
            model,
            parameters,
            variance,
            regularization_strength_scales=strength / len(data),
            regularization_strength_hf=strength / len(data),
            W=_weights(model, sky_variance, initial, upsampling),
        )
        Optimizer(loss, parameters, method="l-bfgs-b").minimize(maxiter=iterations)
        result = np.asarray(model.getDeconvolved(parameters.best_fit_values(as_kwargs=True))[0])
    edge = upsampling * margin
    return result[edge:-edge, edge:-edge] * _unit(stack)


def _kernels(stack: ExposureStack, upsampling: int) -> np.ndarray:
    """Return the light of a star in the pixels of an image, these being those of the exposures or finer."""
    center = stack.box.center
    if upsampling == 1:
        return stack.psf.at(*center)
    finer = stack.psf.finer
    if finer is None or finer.oversampling % upsampling or finer.oversampling < 2 * upsampling:
        raise ValueError(
            f"PSFs need a multiple of {upsampling} samples per pixel, and at least twice as many."
        )
    return resampled_kernels(finer.at(*center), finer.oversampling // upsampling, 1)


def _unit(stack: ExposureStack) -> float:
    return float(np.sqrt(np.median(stack.median_variances())))


def _median_variances(stack: ExposureStack) -> np.ndarray:
    return (stack.median_variances() / _unit(stack) ** 2)[:, None, None]


def _prepare(stack: ExposureStack, upsampling: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return data, variance and start, in units of the noise, and the margin."""
    unit = _unit(stack)
    coadd = robust_coadd(stack.image, stack.variance, stack.valid)
    sigma = np.sqrt(stack.variance)
    excess = np.abs(stack.image - coadd) > OUTLIER_SIGMA * sigma + OUTLIER_SHARE * np.abs(coadd)
    # Dithered exposures of narrow PSFs differ from their coadd where there are stars.
    usable = stack.valid & ~excess if upsampling == 1 else stack.valid
    typical = stack.median_variances()[:, None, None]
    variance = np.where(usable, stack.variance, IGNORED * typical) / unit**2
    margin = stack.psf.radius // 2
    widths = ((0, 0), (margin, margin), (margin, margin))
    padded_variance = np.pad(variance, widths, constant_values=np.nan)
    padded_variance = np.where(np.isnan(padded_variance), IGNORED * typical / unit**2, padded_variance)
    data = np.pad(np.where(usable, stack.image, coadd) / unit, widths, mode="edge")
    start = np.pad(np.maximum(coadd, 0.0) / unit, margin, mode="edge")
    return data.astype(np.float32), padded_variance.astype(np.float32), start, margin


def narrow_kernels(kernels: np.ndarray, fwhm: float) -> np.ndarray:
    """Return what a Gaussian has to be convolved with to be the PSF.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        PSF kernels, shape ``(n, k, k)``.
    fwhm : `float`
        Full width at half maximum of the Gaussian in pixels.

    Returns
    -------
    narrow : `numpy.ndarray`
        Same shape, unit sum.
    """
    size = kernels.shape[-1]
    gaussian = np.fft.rfft2(np.fft.ifftshift(gaussian_kernel(fwhm, size).astype(np.float64)))
    spectra = np.fft.rfft2(np.fft.ifftshift(kernels.astype(np.float64), axes=(-2, -1)))
    quotient = spectra * np.conj(gaussian) / (np.abs(gaussian) ** 2 + NARROW_FLOOR**2)
    narrow = np.fft.fftshift(np.fft.irfft2(quotient, s=(size, size)), axes=(-2, -1))
    return narrow / narrow.sum(axis=(-2, -1), keepdims=True)


def _weights(model: Any, sky_variance: np.ndarray, initial: dict[str, Any], upsampling: int) -> Any:
    from starred.utils.noise_utils import propagate_noise

    return propagate_noise(
        model,
        np.sqrt(sky_variance),
        initial,
        method="SLIT",
        likelihood_type="chi2",
        upsampling_factor=upsampling,
    )[0]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep back what STARRED prints, and its warnings about sizes."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
