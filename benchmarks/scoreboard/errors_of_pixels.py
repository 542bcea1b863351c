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

"""Errors of pixels and fluxes."""

from __future__ import annotations

__all__ = (
    "MAGNITUDE_BINS",
    "aperture_correction",
    "aperture_fluxes",
    "aperture_share",
    "flux_errors",
    "relative_error",
    "rms_error",
    "robust_width",
    "sky_errors",
    "split_by_magnitude",
)

import math

import numpy as np

from lsst.acn import gaussian_kernel
from lsst.acn.exposures.robust import robust_sigma

MAGNITUDE_BINS = {"bright": (-math.inf, -2.3), "middle": (-2.3, -0.3), "faint": (-0.3, 0.7)}
"""Magnitudes less the depth of one exposure: < 23, 23 to 25 and 25 to 26 where
that depth is 25.3."""

APERTURE_FWHM = 2.0
"""Radius of the apertures in units of the FWHM of the target PSF."""


def rms_error(image: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Return the root mean square difference of some pixels.

    Parameters
    ----------
    image, truth : `numpy.ndarray`
        Image and truth at the same PSF.
    where : `numpy.ndarray`
        `True` for the pixels that count.

    Returns
    -------
    error : `float`
        In the unit of the images; NaN if no pixel counts.
    """
    if not where.any():
        return math.nan
    return float(np.sqrt(np.mean((image[where] - truth[where]).astype(np.float64) ** 2)))


def sky_errors(image: np.ndarray, truth: np.ndarray, where: np.ndarray, noise: float) -> dict[str, float]:
    """Return the error of the sky: all of it, and its mean and scatter.

    Parameters
    ----------
    image, truth : `numpy.ndarray`
        Image and truth at the same PSF.
    where : `numpy.ndarray`
        `True` for the pixels of the sky.
    noise : `float`
        Unit of the errors.

    Returns
    -------
    errors : `dict` [`str`, `float`]
        ``sky``, the root mean square of the errors, ``sky_mean``, their mean,
        and ``sky_scatter``, their standard deviation; NaN without any sky.
    """
    if not where.any():
        return dict.fromkeys(("sky", "sky_mean", "sky_scatter"), math.nan)
    errors = (image[where] - truth[where]).astype(np.float64) / noise
    return {
        "sky": rms_error(image, truth, where) / noise,
        "sky_mean": float(errors.mean()),
        "sky_scatter": float(errors.std()),
    }


def relative_error(image: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Return the root mean square difference over that of the truth from 0.

    Parameters
    ----------
    image, truth : `numpy.ndarray`
        Image and truth at the same PSF.
    where : `numpy.ndarray`
        `True` for the pixels that count.

    Returns
    -------
    error : `float`
        NaN if no pixel counts.
    """
    if not where.any():
        return math.nan
    return rms_error(image, truth, where) / rms_error(truth, np.zeros_like(truth), where)


def flux_errors(
    image: np.ndarray,
    truth: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    flux: np.ndarray,
    radius: float,
    correction: float = 1.0,
) -> np.ndarray:
    """Return the error of each source's aperture flux over its true flux.

    Parameters
    ----------
    image, truth : `numpy.ndarray`
        Image and truth.  Light of neighbours is in both, and drops out.
    y, x : `numpy.ndarray`
        True positions in pixels.
    flux : `numpy.ndarray`
        True total fluxes.
    radius : `float`
        Radius of the apertures in pixels.
    correction : `float`, optional
        What fluxes of the image are multiplied by, where its PSF leaves less
        light in an aperture than that of the truth.

    Returns
    -------
    errors : `numpy.ndarray`
        One per source.
    """
    seen, expected = (aperture_fluxes(plane, y, x, radius) for plane in (image, truth))
    return (correction * seen - expected) / flux


def aperture_fluxes(image: np.ndarray, y: np.ndarray, x: np.ndarray, radius: float) -> np.ndarray:
    """Return the sum of an image in a circle around each position, in pixels."""
    import sep

    sums, _, _ = sep.sum_circle(
        np.ascontiguousarray(image, np.float64), np.asarray(x, float), np.asarray(y, float), radius
    )
    return np.asarray(sums)


def aperture_share(kernel: np.ndarray, radius: float) -> float:
    """Return the share of a star's light inside an aperture.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        PSF kernel of unit sum.
    radius : `float`
        Radius of the aperture in pixels.

    Returns
    -------
    share : `float`
        Of the light in ``kernel``.
    """
    import sep

    middle = len(kernel) // 2
    # A margin, for an aperture may reach beyond the stamp.
    padded = np.pad(np.asarray(kernel, np.float64), int(np.ceil(radius)))
    middle += int(np.ceil(radius))
    inside, _, _ = sep.sum_circle(padded, [middle], [middle], radius)
    return float(inside[0] / padded.sum())


def aperture_correction(kernel: np.ndarray | None, target_fwhm: float, radius: float) -> float:
    """Return what makes a star's aperture flux that at the target PSF; 1 without a kernel."""
    if kernel is None:
        return 1.0
    return aperture_share(gaussian_kernel(target_fwhm), radius) / aperture_share(kernel, radius)


def split_by_magnitude(values: np.ndarray, mag: np.ndarray, depth: float) -> dict[str, np.ndarray]:
    """Return the values of the sources of each bin.

    Parameters
    ----------
    values : `numpy.ndarray`
        One per source.
    mag : `numpy.ndarray`
        Their magnitudes.
    depth : `float`
        Magnitude of a point source at 5 sigma in one exposure.

    Returns
    -------
    bins : `dict` [`str`, `numpy.ndarray`]
        By the names of `MAGNITUDE_BINS`.
    """
    return {
        name: values[(mag - depth >= brightest) & (mag - depth < faintest)]
        for name, (brightest, faintest) in MAGNITUDE_BINS.items()
    }


def robust_width(values: np.ndarray) -> float:
    """Return the standard deviation as the median absolute deviation has it.

    Parameters
    ----------
    values : `numpy.ndarray`
        Any numbers.

    Returns
    -------
    width : `float`
        NaN if there are none.
    """
    if not values.size:
        return math.nan
    return robust_sigma(values)
