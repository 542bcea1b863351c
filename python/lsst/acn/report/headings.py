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

"""What the columns of tables of metrics are called where people read them."""

from __future__ import annotations

__all__ = ("heading_of",)

HEADINGS = {
    "n_exposures": "Exposures",
    "source_fraction": "Source pixels, share",
    "sky_fraction": "Sky pixels, share",
    "psf_fwhm_coadd": "PSF FWHM, coadd",
    "psf_fwhm_restored": "PSF FWHM, restored",
    "sharpness_coadd": "Sharpness, coadd",
    "sharpness_restored": "Sharpness, restored",
    "sharpness_latent": "Sharpness, latent image",
    "sharpness_change": "Sharpness gained",
    "sky_sigma_coadd": "Sky noise, coadd",
    "sky_sigma_restored": "Sky noise, restored",
    "sky_sigma_latent": "Sky noise, latent image",
    "sky_sigma_change": "Sky noise, change, not of depth",
    "noise_correlation_length_coadd": "Noise correlation length, coadd",
    "noise_correlation_length_restored": "Noise correlation length, restored",
    "detection_scale_coadd": "Detection threshold scale, coadd",
    "detection_scale_restored": "Detection threshold scale, restored",
    "data_range": "Full scale of PSNR",
    "psnr_exposures": "PSNR to exposures",
    "psnr_coadd": "PSNR to coadd",
    "ssim_exposures": "SSIM to exposures",
    "ssim_coadd": "SSIM to coadd",
    "residual_source_rms": "Residual rms, sources",
    "residual_source_mean": "Residual mean, sources",
    "residual_source_sigma": "Residual width, sources",
    "residual_source_outliers": "Residuals beyond 5 σ, sources",
    "stacked_residual_source_rms": "Mean residual rms, sources",
    "residual_sky_rms": "Residual rms, sky",
    "residual_sky_mean": "Residual mean, sky",
    "residual_sky_sigma": "Residual width, sky",
    "residual_sky_outliers": "Residuals beyond 5 σ, sky",
    "stacked_residual_sky_rms": "Mean residual rms, sky",
    "n_outlier_visits": "Outlier visits",
    "outlier_visits": "Which visits are outliers",
    "n_warned_visits": "Visits with warnings",
    "exposure_warnings": "Warnings",
    "n_sources": "Sources",
    "n_bright_sources": "Bright sources",
    "flux_ratio": "Flux, restored over coadd",
    "flux_ratio_magnitude": "Magnitude in the coadd",
    "flux_ratio_median": "Flux ratio, median",
    "flux_ratio_scatter": "Flux ratio, scatter",
    "flux_ratio_count": "Sources in the bin",
    "held_out_excess": "Held-out χ² excess",
    "held_out_excess_error": "Held-out χ² excess, error",
    "held_out_excess_coadd": "Held-out χ² excess, coadd",
    "held_out_excess_coadd_as_latent": "Held-out χ² excess, coadd blurred again",
    "held_out_excess_sky": "Held-out χ² excess, sky",
    "held_out_n_pixels": "Held-out pixels",
    "held_out_visits": "Held-out visits",
}
"""Of the columns of ``restored_coadd_metrics``."""


def heading_of(name: str) -> str:
    """Return what a column is called.

    Parameters
    ----------
    name : `str`
        Name of the column.

    Returns
    -------
    heading : `str`
        A few words; of a column that is not known, its name as words.
    """
    return HEADINGS.get(name) or name.replace("_", " ").strip().capitalize() or name
