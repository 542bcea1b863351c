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

__all__ = ("ExposureSums", "compare", "make_sums", "sum_up", "window_sums")

from typing import Any, NamedTuple

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.spectra import shift_to_origin
from ....coadd.outlier_limit import MOST_RESIDUAL, OUTLIER_SIGMA, outlier_limit
from ....coadd.robust_coadd import clipped_mean
from .sampling import sharpen_spectra
from .statistics import SufficientStatistics, make_statistics
from .tile_exposures import TileExposures

OUTLIER_FRACTION = 0.5
"""Allowance for real differences between exposures of differing seeing, as a
fraction of the robust coadd."""

HOLE_BRIGHTNESS, HOLE_COVERAGE = 200.0, 0.9
"""Signal to noise of the coadd, and share of the weight of all exposures, at
which a pixel begins to be as bad as one that no exposure knows."""

NEIGHBOURS = 5
"""Side of the squares of pixels that variances are averaged over: a weight that
follows the noise of its own pixel takes light away."""

WORST_RATIO = 1e6
"""Variance of a pixel over the median of its exposure that is told from larger ones."""

TOLERANCE = 1.1
"""How much more than those of all exposures together a variance may rise before
its pixel is trusted less."""

MOST_CHI2 = 25.0
"""Squared residual of a pixel, in units of its variance, that counts as misfit
at most: a cosmic ray in one exposure is no fault of the model."""


class ExposureSums(NamedTuple):
    r"""What the exposures of a tile are, and how far they can be trusted.

    Parameters
    ----------
    image, variance : array
        The exposures, shape ``(n, height, width)``.
    kernels : array
        Their PSF kernels, shape ``(n, k, k)``.
    share : array
        Weight :math:`c_t` of each exposure, shape ``(n, 1, 1)``; their sum is 1.
    spectra : array
        Transforms of the PSFs as a sampled latent image has them, complex64,
        shape ``(n, height, width // 2 + 1)``.
    power : array
        Weighted mean of the power spectra of the PSFs.
    coadd : array
        Robust mean of the exposures, shape ``(height, width)``.
    is_good, suspect : array
        Where an exposure is valid and no outlier from the coadd, and where it
        is one, bool, shape of ``image``.
    trust : array
        :math:`\rho_t`, from `_trusted`: 1 where an exposure is as good as
        usual, 0 where it is not valid, shape of ``image``; times the number of
        pixels that each one stands for.
    coverage : array
        :math:`\sum_t c_t \rho_t`: 1 where all exposures are as good as usual,
        0 where there are none, shape ``(height, width)``.
    noise : array
        Noise of a pixel of the weighted mean of the exposures, scalar.
    """

    image: Any
    variance: Any
    kernels: Any
    share: Any
    spectra: Any
    power: Any
    coadd: Any
    is_good: Any
    suspect: Any
    trust: Any
    coverage: Any
    noise: Any

    def holes(self, xp: Arrays) -> Any:
        """Return where no exposure knows a pixel, or where it is bright and
        many do not: there the fill has to be as good as data.

        Parameters
        ----------
        xp : `Arrays`
            Array functions.

        Returns
        -------
        holes : array
            Bool, shape ``(height, width)``.
        """
        is_bright = xp.abs(self.coadd) > np.float32(HOLE_BRIGHTNESS) * self.noise
        return ~(self.coverage > 0) | (is_bright & (self.coverage < HOLE_COVERAGE))


def make_sums(xp: Arrays, exposures: TileExposures) -> ExposureSums:
    """Judge the pixels of exposures, and transform their PSFs.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures.

    Returns
    -------
    sums : `ExposureSums`
        To be summed up, once or time and again.
    """
    image, variance, kernels, medians, share, noise, counts = exposures
    coadd = clipped_mean(xp, image, variance, share / noise**2)
    allowance = np.float32(OUTLIER_FRACTION) * xp.abs(coadd)

    def judge(image: Any, variance: Any) -> tuple[Any, Any]:
        deviation = xp.clip(xp.abs(image - coadd) - allowance, np.float32(0.0), np.float32(MOST_RESIDUAL))
        deviation = deviation / np.float32(OUTLIER_SIGMA)
        # The variance of masked pixels is infinite: they are no outliers.
        suspect = deviation * deviation > variance
        return xp.isfinite(variance) & ~suspect, suspect

    is_good, suspect = xp.each(judge, image, variance)
    share = share[:, None, None]
    trust = _trusted(xp, variance, medians[:, None, None], share)
    spectra, power = _transformed(xp, kernels, share, tuple(image.shape[1:]))
    coverage = xp.total(lambda share, trust: share * trust, share, trust)
    if tuple(counts.shape) != (1, 1):
        trust = xp.each(lambda trust: trust * counts, trust)
    return ExposureSums(
        image, variance, kernels, share, spectra, power, coadd, is_good, suspect, trust, coverage, noise
    )


def _trusted(xp: Arrays, variance: Any, medians: Any, share: Any) -> Any:
    r"""Return how far pixels can be trusted.

    .. math::

        \rho_t = \min\left(1, 1.1\,\frac{\sum_u c_u r_u / \sum_u c_u}{r_t}\right),

    with the variance :math:`r_t` over the median of its exposure, averaged
    over neighbouring pixels, and sums over the exposures that are valid.  The
    noise of a source's own light is in all exposures and no reason to trust
    any of them less.
    """
    ones = xp.constant(np.ones(NEIGHBOURS, np.float32))

    def rise(variance: Any, median: Any) -> Any:
        known = xp.isfinite(variance)
        ratio = xp.where(known, xp.minimum(variance / median, np.float32(WORST_RATIO)), np.float32(0.0))
        both = xp.stack([ratio, xp.where(known, np.float32(1.0), np.float32(0.0))])
        both = xp.correlate(xp.correlate(both, ones, -2), ones, -1)
        return xp.where(known, both[0] / xp.maximum(both[1], np.float32(1.0)), np.float32(np.inf))

    rises = xp.each(rise, variance, medians)
    weight = xp.total(lambda rise, share: xp.where(xp.isfinite(rise), share, np.float32(0.0)), rises, share)
    total = xp.total(
        lambda rise, share: share * xp.where(xp.isfinite(rise), rise, np.float32(0.0)), rises, share
    )
    usual = np.float32(TOLERANCE) * total / xp.maximum(weight, np.float32(1e-12))
    return xp.each(lambda rise: xp.minimum(usual / rise, np.float32(1.0)), rises)


def _transformed(xp: Arrays, kernels: Any, share: Any, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Return the transforms of PSFs centred on pixel (0, 0), as a sampled
    latent image has them, and the weighted mean of their power.
    """
    phase = xp.constant(shift_to_origin(shape, kernels.shape[-1] // 2))
    spectra = xp.each(lambda kernel: sharpen_spectra(xp, xp.rfft2(kernel, shape) * phase, shape), kernels)
    power = xp.total(lambda spectrum, share: share * xp.abs2(spectrum), spectra, share)
    return spectra, power


def window_sums(
    xp: Arrays, sums: ExposureSums, start: tuple[Any, Any], shape: tuple[int, int]
) -> ExposureSums:
    """Return some of the pixels, with the same weights.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        Of all pixels.
    start : `tuple` [array, array]
        First row and column.
    shape : `tuple` [`int`, `int`]
        Height and width.

    Returns
    -------
    part : `ExposureSums`
        Its images, too, are taken as periodic.
    """
    spectra, power = _transformed(xp, sums.kernels, sums.share, shape)
    names = ("image", "variance", "coadd", "is_good", "suspect", "trust", "coverage")
    parts = {name: xp.cut(getattr(sums, name), start, shape) for name in names}
    return sums._replace(spectra=spectra, power=power, **parts)


def sum_up(xp: Arrays, sums: ExposureSums, latent: Any = None) -> SufficientStatistics:
    r"""Return the sums over exposures.

    Without a latent image, masked pixels and outliers, among them cosmic rays
    that no mask knows of, are replaced by the robust coadd of the same
    exposures, so that exposures outside the tile have no say.

    With one, each exposure is compared with its own model :math:`m = f * x`
    and replaced by :math:`m + \rho\,(y - m)`, where :math:`\rho` is 0 also
    for outliers from both the coadd and the model.  This is the surrogate of
    the weighted least squares with a constant curvature: pixels of larger
    variance count for less, and holes are filled with what their surroundings
    say, at the seeing of each exposure.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    latent : array, optional
        Latent image of the shape of the exposures, from an earlier pass.

    Returns
    -------
    statistics : `SufficientStatistics`
        The sums.
    """
    shape = tuple(sums.image.shape[1:])
    if latent is None:

        def project(image: Any, is_good: Any, share: Any, spectrum: Any) -> Any:
            filled = xp.where(is_good, image, sums.coadd)
            return xp.conj(spectrum) * xp.rfft2(share * filled, shape)

        total = xp.total(project, sums.image, sums.is_good, sums.share, sums.spectra)
        return make_statistics(xp, total, sums.power, shape, sums.noise)
    return compare(xp, sums, latent)[0]


def compare(xp: Arrays, sums: ExposureSums, latent: Any) -> tuple[SufficientStatistics, Any]:
    r"""Return the sums over exposures, and how far they are from their models.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    latent : array
        Latent image of the shape of the exposures, from an earlier pass.

    Returns
    -------
    statistics : `SufficientStatistics`
        As `sum_up` has them.
    chi2 : array
        :math:`\sum_t c_t \rho_t \min((y_t - m_t)^2 / v_t, 25)`, in all about
        as much as the coverage where the model is right.
    """
    shape = tuple(sums.image.shape[1:])
    model_spectrum = xp.rfft2(latent, shape)

    def unless_outlier(trusted: Any, residual: Any, model: Any, variance: Any) -> Any:
        limit = outlier_limit(xp, variance, model)
        return xp.where(xp.abs(residual) > limit, np.float32(0.0), trusted)

    def project_residual(
        image: Any, variance: Any, suspect: Any, trust: Any, share: Any, spectrum: Any
    ) -> tuple[Any, Any]:
        model = xp.irfft2(spectrum * model_spectrum, shape)
        residual = image - model
        bounded = xp.clip(residual, np.float32(-MOST_RESIDUAL), np.float32(MOST_RESIDUAL))
        chi2 = xp.minimum(bounded * bounded / variance, np.float32(MOST_CHI2))
        trusted = xp.change_few(suspect, unless_outlier, trust * residual, residual, model, variance)
        return xp.conj(spectrum) * xp.rfft2(share * trusted, shape), share * trust * chi2

    planes = sums.image, sums.variance, sums.suspect, sums.trust, sums.share, sums.spectra
    total, chi2 = xp.total(project_residual, *planes)
    total = total + xp.scaled(model_spectrum, sums.power)
    return make_statistics(xp, total, sums.power, shape, sums.noise), chi2
