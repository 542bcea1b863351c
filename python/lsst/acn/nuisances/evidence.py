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


"""What the exposures of a tile say about what is wrong with them."""

from __future__ import annotations

__all__ = ("TileEvidence", "gather_evidence")

import dataclasses

import numpy as np
import scipy.fft
from scipy.ndimage import binary_dilation

from ..arrays.fourier_images import convolved
from ..arrays.numpy_arrays import numpy_arrays
from ..coadd.outlier_limit import outlier_limit
from ..exposures.boxes import Box
from ..exposures.psf_kernels import FWHM_PER_SIGMA
from ..exposures.robust import SIGMA_PER_MAD
from ..exposures.stack import ExposureStack
from ..methods.cross_exposure.family.exposure_sums import ExposureSums, sum_up
from ..methods.cross_exposure.family.first_model import first_model
from ..methods.cross_exposure.family.margins import family_margin
from ..methods.cross_exposure.family.path import follow_path
from ..methods.cross_exposure.family.restored_family import covering_stack
from ..methods.cross_exposure.family.tile_exposures import tile_exposures
from .corrections import plane_coordinates
from .exposure_fit import MODEL_ERRORS, REACH, NormalEquations, exposure_equations, stretch_shares
from .kernel_changes import psf_variance
from .sky_level import sky_level
from .star_shapes import StarShape, measure_stars

PATH = ((0.5, 30),)
"""Sparsity and updates by which a latent image is brought to fit its exposures."""

CLEAR = 5.0
"""Signal to noise from which on a source is one whose wings are known."""

GROWN = 2
"""Pixels around such sources that are theirs, too."""

EDGE = 2.5
"""Distance from the edges of a patch, in FWHM of the mean PSF, within which
pixels have no say: light from beyond, which only a mirror image stands for, is
not that of any exposure."""

FULL_COVERAGE = 0.9
"""Share of the weight of all exposures that a pixel of the empty sky has."""


@dataclasses.dataclass(frozen=True, eq=False)
class TileEvidence:
    """What the exposures of a tile say.

    Parameters
    ----------
    tile : `Box`
        The pixels.
    equations : `dict` [`int`, `NormalEquations`]
        Of each visit.
    stars : `list` [`StarShape`]
        Bright, concentrated sources.
    sky : `numpy.ndarray`
        Weighted mean of the exposures less the wings of clear sources, NaN
        where these are and where not all exposures are valid, shape
        ``tile.shape``.
    sigma : `float`
        Standard deviation of the noise of its pixels, as their scatter has it.
    """

    tile: Box
    equations: dict[int, NormalEquations]
    stars: list[StarShape]
    sky: np.ndarray
    sigma: float


def gather_evidence(
    stack: ExposureStack, tile: Box, patch: Box, model_error: float = MODEL_ERRORS[0]
) -> TileEvidence | None:
    """Restore a tile, and compare its exposures with the predictions for them.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures on the tile and what is around it.
    tile : `Box`
        The pixels that are compared.
    patch : `Box`
        The patch, for the places of the pixels in it.
    model_error : `float`, optional
        Error of the predictions as a share of them.

    Returns
    -------
    evidence : `TileEvidence` or `None`
        `None` where no exposure has a valid pixel.
    """
    if not stack.cutout(tile.intersection(stack.box)).valid.any():
        return None
    margin = family_margin(stack.psf.radius, tile.shape)
    covering = covering_stack(stack, tile.grown_by(margin), edges_matter=False)
    xp = numpy_arrays()
    sums, latent = first_model(xp, tile_exposures(covering))
    latent = follow_path(xp, sum_up(xp, sums, latent), PATH, latent)[-1]
    return _compare(covering, sums, latent, tile, patch, margin, model_error)


def _compare(
    stack: ExposureStack,
    sums: ExposureSums,
    latent: np.ndarray,
    tile: Box,
    patch: Box,
    margin: int,
    model_error: float,
) -> TileEvidence:
    shape = tuple(latent.shape)
    spectrum = scipy.fft.rfft2(latent)
    inside = np.s_[margin:-margin, margin:-margin]
    around = np.s_[margin - REACH : REACH - margin, margin - REACH : REACH - margin]
    kernel = np.tensordot(sums.share.ravel(), sums.kernels, 1)
    is_edge = _near_edges(tile, patch, EDGE * FWHM_PER_SIGMA * float(np.sqrt(psf_variance(kernel))))
    v, u = plane_coordinates(patch, tile)
    equations, sigma2 = {}, 0.0
    coadd, light, noise2 = np.zeros((3, *tile.shape), np.float32)
    repeated = stack.sampling**2
    is_silent = is_edge | (stack.sampling_counts() == 0)[inside if repeated > 1 else ...]
    for index, visit in enumerate(stack.visits):
        model = scipy.fft.irfft2(sums.spectra[index] * spectrum, shape)
        image = _on_all_pixels(sums.image[index], model, stack)[inside]
        variance = _without_outliers(sums, index, model)[inside]
        said = np.where(is_silent, np.float32(np.inf), variance)
        shares = stretch_shares(sums.kernels[index])
        equations[visit] = exposure_equations(
            image, said, model[around], v, u, model_error, sampling=stack.sampling, shares=shares
        )
        share, predicted = float(sums.share[index].item()), model[inside]
        valid = np.isfinite(variance)
        coadd += share * np.where(valid, image, predicted)
        light += share * predicted
        # What is repeated is no more certain for it.
        noise2 += share**2 * repeated * np.where(valid, variance, 0.0)
        rest = (image - predicted)[valid]
        if rest.size:
            sigma2 += (share * SIGMA_PER_MAD * np.median(np.abs(rest - np.median(rest)))) ** 2
    # What no exposure shows is not known at all.
    noise2[noise2 == 0] = np.inf
    stars = measure_stars(coadd, np.sqrt(noise2), latent[inside], light, kernel)
    sigma = float(np.sqrt(sigma2))
    otf = np.sum(sums.share * sums.spectra, axis=0)
    sky = _without_sources(coadd, latent, otf, kernel, sigma, margin)
    return TileEvidence(
        tile, equations, stars, np.where(sums.coverage[inside] > FULL_COVERAGE, sky, np.nan), sigma
    )


def _near_edges(tile: Box, patch: Box, reach: float) -> np.ndarray:
    """Return which pixels of a tile are so near to an edge of the patch."""
    rows, columns = np.arange(tile.y_start, tile.y_stop), np.arange(tile.x_start, tile.x_stop)
    from_edge = np.minimum(rows - patch.y_start, patch.y_stop - 1 - rows)[:, None]
    from_edge = np.minimum(from_edge, np.minimum(columns - patch.x_start, patch.x_stop - 1 - columns))
    return from_edge < reach


def _on_all_pixels(image: np.ndarray, model: np.ndarray, stack: ExposureStack) -> np.ndarray:
    """Return an exposure, on a finer grid with what a pixel leaves of its model in all that repeat it."""
    step = stack.sampling
    if step == 1:
        return image
    rows, columns = (
        np.clip(np.arange(start, stop) // step * step + (step - 1) // 2 - start, 0, stop - start - 1)
        for start, stop in ((stack.box.y_start, stack.box.y_stop), (stack.box.x_start, stack.box.x_stop))
    )
    return model + (image - model)[rows[:, None], columns]


def _without_outliers(sums: ExposureSums, index: int, model: np.ndarray) -> np.ndarray:
    """Return the variance of an exposure, infinite where it is an outlier from coadd and model."""
    variance = sums.variance[index]
    limit = outlier_limit(numpy_arrays(), variance, model)
    is_outlier = sums.suspect[index] & (np.abs(sums.image[index] - model) > limit)
    return np.where(is_outlier, np.float32(np.inf), variance)


def _without_sources(
    coadd: np.ndarray, latent: np.ndarray, otf: np.ndarray, kernel: np.ndarray, sigma: float, margin: int
) -> np.ndarray:
    """Return a coadd less the wings of clear sources, NaN where these are."""
    found = sky_level(coadd, sigma)
    level = 0.0 if found is None else found.level
    noise = sigma * np.sqrt(np.sum(kernel.astype(np.float64) ** 2))
    seen = convolved(np.pad(coadd - level, margin, mode="symmetric"), kernel)
    is_source = binary_dilation(seen > CLEAR * noise, iterations=GROWN)
    wings = scipy.fft.irfft2(otf * scipy.fft.rfft2(np.where(is_source, latent, 0.0)), latent.shape)
    inside = np.s_[margin:-margin, margin:-margin]
    return np.where(is_source[inside], np.nan, coadd - wings[inside])
