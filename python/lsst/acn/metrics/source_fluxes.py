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

"""Fluxes of the sources of the coadd, before and after restoration."""

from __future__ import annotations

__all__ = ("FluxRatios", "SourceFluxes", "flux_ratios", "measure_sources")

import dataclasses
from itertools import pairwise

import numpy as np

from ..exposures.robust import robust_sigma
from ..exposures.variances import have_errors
from .source_pixels import PixelClasses

MIN_AREA = 5
"""Smallest number of pixels of a detection."""

DETECTION_SIGMA = 1.5
"""Threshold of each pixel of a detection, in standard deviations."""


@dataclasses.dataclass(frozen=True, eq=False)
class SourceFluxes:
    """Aperture fluxes of sources in two images of the same PSF.

    Parameters
    ----------
    x, y : `numpy.ndarray`
        Column and row of each source, from the first pixel of the image.
    coadd : `numpy.ndarray`
        Flux in the coadd, in the unit of the images.
    coadd_error : `numpy.ndarray`
        Its standard deviation from the variance plane.
    restored : `numpy.ndarray`
        Flux in the restored image, brought to the PSF of the coadd.
    is_complete : `numpy.ndarray`
        Whether the aperture lies inside the image and is free of masked
        pixels; other fluxes are too small.
    radius : `float`
        Radius of the apertures in pixels.
    """

    x: np.ndarray
    y: np.ndarray
    coadd: np.ndarray
    coadd_error: np.ndarray
    restored: np.ndarray
    is_complete: np.ndarray
    radius: float

    @property
    def signal_to_noise(self) -> np.ndarray:
        """Flux over its error in the coadd (`numpy.ndarray`)."""
        return self.coadd / self.coadd_error

    @property
    def ratio(self) -> np.ndarray:
        """Flux in the restored image over that in the coadd (`numpy.ndarray`)."""
        return self.restored / self.coadd

    def magnitudes(self, zero_point: float) -> np.ndarray:
        """Return the magnitudes of the sources in the coadd.

        Parameters
        ----------
        zero_point : `float`
            Magnitude of a source of flux 1.

        Returns
        -------
        magnitudes : `numpy.ndarray`
            NaN where the flux is not positive.
        """
        flux = np.where(self.coadd > 0, self.coadd, np.nan)
        return zero_point - 2.5 * np.log10(flux)


@dataclasses.dataclass(frozen=True, eq=False)
class FluxRatios:
    """Flux ratios by magnitude.

    Parameters
    ----------
    magnitude : `numpy.ndarray`
        Middle of each bin.
    count : `numpy.ndarray`
        Number of sources in it.
    median, scatter : `numpy.ndarray`
        Median of the ratios, NaN where there are none, and their standard
        deviation as the median absolute deviation gives it, NaN where there
        are fewer than two.
    """

    magnitude: np.ndarray
    count: np.ndarray
    median: np.ndarray
    scatter: np.ndarray


def measure_sources(
    coadd: np.ndarray,
    variance: np.ndarray,
    prediction: np.ndarray,
    pixels: PixelClasses,
    radius: float,
) -> SourceFluxes:
    """Detect sources on the coadd and measure them before and after.

    Parameters
    ----------
    coadd : `numpy.ndarray`
        Coadd, shape ``(height, width)``; pixels that are not finite are
        masked.
    variance : `numpy.ndarray`
        Its variance, same shape.
    prediction : `numpy.ndarray`
        The latent image convolved with the PSF of the coadd, same shape.
    pixels : `PixelClasses`
        Source and sky pixels of the coadd.
    radius : `float`
        Radius of the apertures in pixels.

    Returns
    -------
    sources : `SourceFluxes`
        Sources that hold a source pixel.

    Notes
    -----
    At a common PSF the same aperture holds the same share of the light, and
    of the same neighbours, in both images, so that the ratio is free of
    aperture losses.  The median of the sky pixels is taken away from each.
    """
    import sep

    usable = have_errors(coadd, variance)
    image = _above_sky(np.where(usable, coadd, 0.0), pixels.sky)
    noise = np.sqrt(np.where(usable, variance, 1.0)).astype(np.float64)
    x, y = _detect(image, noise, ~usable, pixels.source)
    flux, error, flag = sep.sum_circle(image, x, y, radius, err=noise, mask=~usable)
    image = _above_sky(np.where(usable, prediction, 0.0), pixels.sky)
    restored, _, _ = sep.sum_circle(image, x, y, radius, mask=~usable)
    is_complete = (flag & (sep.APER_HASMASKED | sep.APER_TRUNC)) == 0
    return SourceFluxes(x, y, flux, error, restored, is_complete, radius)


def _above_sky(image: np.ndarray, sky: np.ndarray) -> np.ndarray:
    level = np.median(image[sky]) if sky.any() else 0.0
    return np.ascontiguousarray(image - level, np.float64)


def _detect(
    image: np.ndarray, noise: np.ndarray, mask: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row of the detections that hold a source pixel."""
    import sep

    # The defaults are too small for a crowded patch.
    sep.set_extract_pixstack(max(image.size, 300_000))
    sep.set_sub_object_limit(8192)
    objects, segments = sep.extract(
        image, DETECTION_SIGMA, err=noise, mask=mask, minarea=MIN_AREA, segmentation_map=True
    )
    real = np.isin(np.arange(1, len(objects) + 1), segments[source])
    return np.asarray(objects["x"][real], np.float64), np.asarray(objects["y"][real], np.float64)


def flux_ratios(
    sources: SourceFluxes, edges: np.ndarray, zero_point: float, min_signal_to_noise: float = 5.0
) -> FluxRatios:
    """Return flux ratios by magnitude in the coadd.

    Parameters
    ----------
    sources : `SourceFluxes`
        The sources.
    edges : `numpy.ndarray`
        Edges of the bins in ascending order.
    zero_point : `float`
        Magnitude of a source of flux 1.
    min_signal_to_noise : `float`, optional
        Sources below are left out, and those with an incomplete aperture.

    Returns
    -------
    ratios : `FluxRatios`
        One entry per bin.

    Notes
    -----
    Near the detection limit those sources are found whose noise is positive,
    so that an unbiased restoration has a median ratio below 1 there.
    """
    edges = np.asarray(edges, np.float64)
    chosen = sources.is_complete & (sources.signal_to_noise >= min_signal_to_noise)
    magnitude, ratio = sources.magnitudes(zero_point)[chosen], sources.ratio[chosen]
    bins = [ratio[(magnitude >= low) & (magnitude < high)] for low, high in pairwise(edges)]
    return FluxRatios(
        magnitude=0.5 * (edges[:-1] + edges[1:]),
        count=np.array([values.size for values in bins], np.int64),
        median=np.array([np.median(values) if values.size else np.nan for values in bins]),
        scatter=np.array([_scatter(values) for values in bins]),
    )


def _scatter(values: np.ndarray) -> float:
    if values.size < 2:
        return float("nan")
    return robust_sigma(values)
