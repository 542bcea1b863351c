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

"""All that is measured of one restored patch."""

from __future__ import annotations

__all__ = ("PatchMeasurement", "measure_patch")

import dataclasses

import numpy as np

from ..exposure_quality import ExposureQuality, measure_exposures
from ..metrics import (
    FluxRatios,
    PixelClasses,
    SourceFluxes,
    classify_pixels,
    flux_ratios,
    measure_sources,
    predict_exposure,
)
from .exposure_fits import ExposureFits, fit_exposures
from .held_out_test import HeldOutTest
from .restored_patch import RestoredPatch


@dataclasses.dataclass(frozen=True, eq=False)
class PatchMeasurement:
    """A restoration and what was found out about it.

    Parameters
    ----------
    patch : `RestoredPatch`
        The restoration.
    pixels : `PixelClasses`
        Source and sky pixels of the coadd.
    fits : `ExposureFits`
        How well the latent image explains each exposure.
    sources : `SourceFluxes`
        Sources of the coadd, before and after.
    ratios : `FluxRatios`
        Their flux ratios by magnitude.
    zero_point : `float`
        Magnitude of a flux of 1 in the unit of the exposures.
    qualities : `list` [`ExposureQuality`]
        What each exposure is like.
    held_out : `HeldOutTest` or `None`
        Test on exposures that were left out, if there was one.
    """

    patch: RestoredPatch
    pixels: PixelClasses
    fits: ExposureFits
    sources: SourceFluxes
    ratios: FluxRatios
    zero_point: float
    qualities: list[ExposureQuality]
    held_out: HeldOutTest | None = None


def measure_patch(
    patch: RestoredPatch,
    *,
    source_threshold: float = 5.0,
    aperture_radius: float = 1.0,
    magnitude_edges: np.ndarray,
    zero_point: float,
    outlier_threshold: float = 5.0,
    n_cores: int = 1,
) -> PatchMeasurement:
    """Measure a restoration on the exposures that it was made from.

    Parameters
    ----------
    patch : `RestoredPatch`
        The restoration.
    source_threshold : `float`, optional
        Significance of source pixels.
    aperture_radius : `float`, optional
        Radius of the apertures, in units of the FWHM of the coadd's PSF.
    magnitude_edges : `numpy.ndarray`
        Edges of the bins of flux ratios.
    zero_point : `float`
        Magnitude of a flux of 1 in the unit of the exposures.
    outlier_threshold : `float`, optional
        Deviation from which a visit is an outlier, in standard deviations.
    n_cores : `int`, optional
        Exposures that may be looked at at once.

    Returns
    -------
    measurement : `PatchMeasurement`
        What was found, without a test on held-out exposures.
    """
    variance = patch.coadd.variance[0]
    pixels = classify_pixels(patch.coadd_image, variance, patch.coadd_fwhm, threshold=source_threshold)
    sources = measure_sources(
        patch.coadd_image,
        variance,
        predict_exposure(patch.latent, patch.latent_box, patch.coadd, 0),
        pixels,
        aperture_radius * patch.coadd_fwhm,
    )
    return PatchMeasurement(
        patch=patch,
        pixels=pixels,
        fits=fit_exposures(patch, pixels, outlier_threshold, n_cores),
        sources=sources,
        ratios=flux_ratios(sources, magnitude_edges, zero_point),
        zero_point=zero_point,
        qualities=measure_exposures(patch.exposures),
    )
