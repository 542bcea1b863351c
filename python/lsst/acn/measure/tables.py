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

"""The numbers of a restoration as tables that can be stacked."""

from __future__ import annotations

__all__ = ("make_metrics_table", "make_visit_table")

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from astropy.table import Table

from ..exposure_quality import ExposureQuality
from ..exposures.source import ExposureSource
from ..metrics import (
    PixelClasses,
    ResidualStatistics,
    correlation_length,
    detection_scale,
    mean_log_spectrum,
    peak_signal_to_noise,
    sky_noise,
    structural_similarity,
)
from ..nuisances.description import correction_columns
from .columns import FLUX, METRICS_COLUMNS, VISIT_COLUMNS, ColumnMeaning
from .exposure_fits import ExposureFit, ExposureFits
from .held_out_test import HeldOutTest
from .measurement import PatchMeasurement

BRIGHT_SIGNAL_TO_NOISE = 50.0
"""Signal-to-noise ratio in the coadd from which a source counts as bright."""


def make_metrics_table(
    measurement: PatchMeasurement, record: Mapping[str, int | float | str] | None = None
) -> Table:
    """Return the numbers of a restoration as a table of one row.

    Parameters
    ----------
    measurement : `PatchMeasurement`
        What was measured.
    record : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`], \
            optional
        Provenance, for the metadata of the table.

    Returns
    -------
    table : `astropy.table.Table`
        One row of `columns.METRICS_COLUMNS`, whatever could be
        measured: the rest is NaN, so that the tables of many patches can be
        stacked.
    """
    patch = measurement.patch
    values = {
        **_identity(patch.exposures),
        "n_exposures": len(patch.exposures),
        "source_fraction": float(measurement.pixels.source.mean()),
        "sky_fraction": float(measurement.pixels.sky.mean()),
        "psf_fwhm_coadd": patch.coadd_fwhm * patch.pixel_scale,
        "psf_fwhm_restored": patch.restored_fwhm * patch.pixel_scale,
        **_image_values(measurement),
        **_noise_values(measurement),
        **_similarity_values(measurement),
        **_residual_values(measurement.fits, measurement.pixels),
        **_quality_values(measurement.qualities),
        **_flux_values(measurement),
        **_held_out_values(measurement.held_out),
    }
    return _make_table(
        {name: [value] for name, value in values.items()}, METRICS_COLUMNS, patch.exposures, record
    )


def make_visit_table(
    measurement: PatchMeasurement, record: Mapping[str, int | float | str] | None = None
) -> Table:
    """Return how well each exposure is explained.

    Parameters
    ----------
    measurement : `PatchMeasurement`
        What was measured.
    record : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`], \
            optional
        Provenance, for the metadata of the table.

    Returns
    -------
    table : `astropy.table.Table`
        A row per exposure of `columns.VISIT_COLUMNS`.
    """
    patch, fits, test = measurement.patch, measurement.fits, measurement.held_out
    visits = [each.visit for each in fits.exposures]
    excess = dict(zip(test.visits, test.restored.by_exposure, strict=True)) if test else {}
    values = {
        **{name: [value] * len(visits) for name, value in _identity(patch.exposures).items()},
        "visit": visits,
        "psf_fwhm": patch.exposure_fwhm * patch.pixel_scale,
        "n_pixels": [each.everywhere.n_pixels for each in fits.exposures],
        "chi2": fits.column(lambda each: each.everywhere.reduced_chi2),
        **_visit_residuals(fits, "source", lambda each: each.source),
        **_visit_residuals(fits, "sky", lambda each: each.sky),
        "psnr": fits.column(lambda each: each.psnr),
        "ssim": fits.column(lambda each: each.ssim),
        "is_outlier": [each.is_outlier for each in fits.exposures],
        "held_out_excess": [excess.get(visit, np.nan) for visit in visits],
        "psf_rim_light": [each.rim_light for each in measurement.qualities],
        "psf_offset": [each.offset for each in measurement.qualities],
        "psf_negative_light": [each.negative_light for each in measurement.qualities],
        "noise_ratio": [each.noise_ratio for each in measurement.qualities],
        "warnings": ["; ".join(each.warnings()) for each in measurement.qualities],
        **correction_columns(patch.applied_corrections),
    }
    return _make_table(values, VISIT_COLUMNS, patch.exposures, record)


def _make_table(
    values: Mapping[str, Any],
    columns: Mapping[str, ColumnMeaning],
    exposures: ExposureSource,
    record: Mapping[str, int | float | str] | None,
) -> Table:
    table = Table(meta=dict(record or {}))
    for name, (unit, description) in columns.items():
        table[name] = np.asarray(values[name])
        table[name].unit = exposures.unit if unit == FLUX else unit
        table[name].description = description
    return table


def _identity(exposures: ExposureSource) -> dict[str, Any]:
    geometry = exposures.geometry
    skymap, tract, patch = (geometry.skymap, geometry.tract, geometry.patch.id) if geometry else ("", -1, -1)
    return {"skymap": str(skymap), "tract": int(tract), "patch": int(patch), "band": exposures.band or ""}


def _image_values(measurement: PatchMeasurement) -> dict[str, float]:
    """Return what Table 1 of the paper has."""
    patch = measurement.patch
    values = {}
    images = {"coadd": patch.coadd_image, "restored": patch.restored_image, "latent": patch.latent_image}
    for name, image in images.items():
        values[f"sharpness_{name}"] = mean_log_spectrum(image)
        values[f"sky_sigma_{name}"] = sky_noise(image)
    before, after = values["sky_sigma_coadd"], values["sky_sigma_restored"]
    values["sharpness_change"] = values["sharpness_restored"] - values["sharpness_coadd"]
    values["sky_sigma_change"] = 100.0 * (after / before - 1.0) if before > 0 else np.nan
    return values


def _noise_values(measurement: PatchMeasurement) -> dict[str, float]:
    """Return how the noise of each image goes together, and what detection makes of it."""
    patch, sky = measurement.patch, measurement.pixels.sky
    values = {}
    for name, stack in (("coadd", patch.coadd), ("restored", patch.restored)):
        image, where = stack.image[0], sky & stack.valid[0]
        kernel = stack.psf.at(*patch.box.center)[0]
        values[f"noise_correlation_length_{name}"] = correlation_length(image, where)
        values[f"detection_scale_{name}"] = detection_scale(image, stack.variance[0], kernel, where)
    return values


def _similarity_values(measurement: PatchMeasurement) -> dict[str, float]:
    """Return what Table 2 of the paper has."""
    patch, fits = measurement.patch, measurement.fits
    both = patch.coadd.valid[0] & patch.restored.valid[0]
    images = patch.coadd.image[0], patch.restored.image[0], both, fits.full_scale
    return {
        "data_range": fits.full_scale,
        "psnr_exposures": _mean(fits.column(lambda each: each.psnr)),
        "ssim_exposures": _mean(fits.column(lambda each: each.ssim)),
        "psnr_coadd": peak_signal_to_noise(*images),
        "ssim_coadd": structural_similarity(*images),
    }


def _residual_values(fits: ExposureFits, pixels: PixelClasses) -> dict[str, Any]:
    """Return what Figure 4 of the paper shows as images, in numbers."""
    values: dict[str, Any] = {}
    for name, where in (("source", pixels.source), ("sky", pixels.sky)):
        pooled = _pooled([getattr(each, name) for each in fits.exposures])
        values |= {f"residual_{name}_{number}": value for number, value in pooled.items()}
        stacked = fits.residual[where & np.isfinite(fits.residual)]
        values[f"stacked_residual_{name}_rms"] = np.sqrt(_mean(stacked**2))
    visits = fits.outlier_visits
    return values | {"n_outlier_visits": len(visits), "outlier_visits": _listed(visits)}


def _quality_values(qualities: Iterable[ExposureQuality]) -> dict[str, Any]:
    wrong = {each.visit: each.warnings() for each in qualities if each.warnings()}
    said = [f"Visit {visit}: {', '.join(warnings)}." for visit, warnings in wrong.items()]
    return {"n_warned_visits": len(wrong), "exposure_warnings": " ".join(said)}


def _pooled(parts: list[ResidualStatistics]) -> dict[str, float]:
    """Return the statistics of the pixels of all exposures together."""
    parts = [part for part in parts if part.n_pixels]
    if not parts:
        return dict.fromkeys(("mean", "rms", "sigma", "outliers"), np.nan)
    weights = np.array([part.n_pixels for part in parts], np.float64)

    def mean(value: Callable[[ResidualStatistics], float]) -> float:
        return float(np.average([value(part) for part in parts], weights=weights))

    return {
        "mean": mean(lambda part: part.mean),
        "rms": float(np.sqrt(mean(lambda part: part.reduced_chi2))),
        "sigma": float(np.median([part.sigma for part in parts])),
        "outliers": mean(lambda part: part.outlier_fraction),
    }


def _flux_values(measurement: PatchMeasurement) -> dict[str, Any]:
    sources, ratios = measurement.sources, measurement.ratios
    bright = sources.ratio[sources.is_complete & (sources.signal_to_noise >= BRIGHT_SIGNAL_TO_NOISE)]
    return {
        "n_sources": len(sources.x),
        "n_bright_sources": len(bright),
        "flux_ratio": float(np.median(bright)) if len(bright) else np.nan,
        "flux_ratio_magnitude": ratios.magnitude,
        "flux_ratio_median": ratios.median,
        "flux_ratio_scatter": ratios.scatter,
        "flux_ratio_count": ratios.count,
    }


def _held_out_values(test: HeldOutTest | None) -> dict[str, Any]:
    if test is None:
        missing = (name for name in METRICS_COLUMNS if name.startswith("held_out_excess"))
        return {**dict.fromkeys(missing, np.nan), "held_out_n_pixels": 0, "held_out_visits": ""}
    return {
        "held_out_excess": test.restored.value,
        "held_out_excess_error": test.restored.error,
        "held_out_excess_coadd": test.coadd.value,
        "held_out_excess_coadd_as_latent": test.coadd_as_latent.value,
        "held_out_excess_sky": test.restored_sky.value,
        "held_out_n_pixels": test.restored.n_pixels,
        "held_out_visits": _listed(test.visits),
    }


def _visit_residuals(
    fits: ExposureFits, name: str, part: Callable[[ExposureFit], ResidualStatistics]
) -> dict[str, np.ndarray]:
    return {
        f"chi2_{name}": fits.column(lambda each: part(each).reduced_chi2),
        f"residual_{name}_mean": fits.column(lambda each: part(each).mean),
        f"residual_{name}_sigma": fits.column(lambda each: part(each).sigma),
    }


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _listed(visits: Iterable[int]) -> str:
    return " ".join(str(visit) for visit in visits)
