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

"""What the columns of the tables of measurements mean."""

from __future__ import annotations

__all__ = ("FLUX", "IDENTITY_COLUMNS", "METRICS_COLUMNS", "VISIT_COLUMNS", "ColumnMeaning")

from typing import NamedTuple

FLUX = "flux"
"""Stands for the unit of the images."""


class ColumnMeaning(NamedTuple):
    """Unit of a column and what it holds.

    Parameters
    ----------
    unit : `str` or `None`
        Unit in a form that astropy reads, or `FLUX`.
    description : `str`
        One sentence.
    """

    unit: str | None
    description: str


def _plain(**descriptions: str) -> dict[str, ColumnMeaning]:
    """Return columns without a unit."""
    return {name: ColumnMeaning(None, description) for name, description in descriptions.items()}


def _of_residuals(pixels: str) -> dict[str, ColumnMeaning]:
    of = f"(y - f*x)/sigma of all exposures in {pixels} pixels."
    return _plain(
        **{
            f"residual_{pixels}_mean": f"Mean of {of}",
            f"residual_{pixels}_rms": f"Root mean square of {of}",
            f"residual_{pixels}_sigma": f"Median over exposures of the robust width of {of}",
            f"residual_{pixels}_outliers": f"Share beyond 5 standard deviations of {of}",
            f"stacked_residual_{pixels}_rms": "Root mean square of the weighted mean of the residuals of all "
            f"exposures, over its noise, in {pixels} pixels.",
        }
    )


def _with_error(name: str, unit: str | None, description: str) -> dict[str, ColumnMeaning]:
    """Return the columns of a correction: 0 where it is not significant, with its standard error."""
    return {
        name: ColumnMeaning(unit, f"{description}; 0 where it is not significant."),
        f"{name}_error": ColumnMeaning(unit, f"Standard error of {name}; infinite where it was not fitted."),
    }


IDENTITY_COLUMNS = _plain(
    skymap="Name of the skymap.",
    tract="Identifier of the tract.",
    patch="Identifier of the patch.",
    band="Name of the band.",
)

METRICS_COLUMNS = {
    **IDENTITY_COLUMNS,
    **_plain(
        n_exposures="Number of exposures.",
        source_fraction="Share of the pixels that are source pixels.",
        sky_fraction="Share of the pixels that are sky pixels.",
    ),
    "psf_fwhm_coadd": ColumnMeaning("arcsec", "FWHM of the PSF in the middle of the coadd."),
    "psf_fwhm_restored": ColumnMeaning("arcsec", "FWHM of the PSF of the restored image."),
    **_plain(
        sharpness_coadd="S_F, mean log Fourier magnitude, of the coadd.",
        sharpness_restored="S_F of the restored image.",
        sharpness_latent="S_F of the latent image.",
        sharpness_change="S_F of the restored image less that of the coadd.",
    ),
    "sky_sigma_coadd": ColumnMeaning(FLUX, "Noise of the background of the coadd."),
    "sky_sigma_restored": ColumnMeaning(FLUX, "Noise of the background of the restored image."),
    "sky_sigma_latent": ColumnMeaning(FLUX, "Noise of the background of the latent image."),
    "sky_sigma_change": ColumnMeaning(
        "%", "Change of the background noise from coadd to restored: how flat its sky is, not how deep it is."
    ),
    "noise_correlation_length_coadd": ColumnMeaning(
        "pix", "Distance at which the correlation of the sky pixels of the coadd has fallen to 1/e."
    ),
    "noise_correlation_length_restored": ColumnMeaning("pix", "The same for the restored image."),
    **_plain(
        detection_scale_coadd="What a threshold of detection on the coadd has to be multiplied by to mean "
        "what it says: width of its sky pixels, smoothed by its PSF, over that of white noise.",
        detection_scale_restored="The same for the restored image.",
    ),
    "data_range": ColumnMeaning(FLUX, "Full scale of PSNR and SSIM: 99.9 % less 0.1 % quantile of coadd."),
    "psnr_exposures": ColumnMeaning("dB", "Mean PSNR of the restored image against each exposure."),
    "psnr_coadd": ColumnMeaning("dB", "PSNR of the restored image against the coadd."),
    **_plain(
        ssim_exposures="Mean SSIM, in windows of 7 x 7 pixels, of the restored image and each exposure.",
        ssim_coadd="SSIM of the restored image and the coadd.",
    ),
    **_of_residuals("source"),
    **_of_residuals("sky"),
    **_plain(
        n_outlier_visits="Number of outlier visits.",
        outlier_visits="Visits whose chi-square is unlike that of the others.",
        n_warned_visits="Number of visits whose PSF or variances are not what a restoration needs.",
        exposure_warnings="What is wrong with them.",
        n_sources="Number of sources of the coadd.",
        n_bright_sources="Number of those with a complete aperture and signal-to-noise ratio 50 or more.",
        flux_ratio="Median flux ratio, restored over coadd, of these bright sources.",
    ),
    "flux_ratio_magnitude": ColumnMeaning("mag", "Middle of each bin of magnitude in the coadd."),
    **_plain(
        flux_ratio_median="Median flux ratio in each bin.",
        flux_ratio_scatter="Robust standard deviation of the flux ratio in each bin.",
        flux_ratio_count="Number of sources in each bin.",
        held_out_excess="mean((y - f*x)^2/v) - 1 in source pixels of held-out exposures, for a restoration "
        "without them.",
        held_out_excess_error="Standard error of held_out_excess.",
        held_out_excess_coadd="The same for the coadd without them as it stands, mean((y - coadd)^2/v) - 1.",
        held_out_excess_coadd_as_latent="The same with that coadd for x, so that it is blurred twice.",
        held_out_excess_sky="The same as held_out_excess, in sky pixels.",
        held_out_n_pixels="Number of source pixels of held-out exposures.",
        held_out_visits="Visits that were held out.",
    ),
}  # fmt: skip
"""Columns of ``restored_coadd_metrics``."""

VISIT_COLUMNS = {
    **IDENTITY_COLUMNS,
    **_plain(visit="Identifier of the visit."),
    "psf_fwhm": ColumnMeaning("arcsec", "FWHM of the PSF in the middle of the patch."),
    **_plain(
        n_pixels="Number of valid pixels.",
        chi2="Reduced chi-square, mean((y - f*x)^2/v), in all valid pixels.",
        chi2_source="Reduced chi-square in source pixels.",
        chi2_sky="Reduced chi-square in sky pixels.",
        residual_source_mean="Mean of (y - f*x)/sigma in source pixels.",
        residual_source_sigma="Robust width of (y - f*x)/sigma in source pixels.",
        residual_sky_mean="Mean of (y - f*x)/sigma in sky pixels.",
        residual_sky_sigma="Robust width of (y - f*x)/sigma in sky pixels.",
    ),
    "psnr": ColumnMeaning("dB", "PSNR of the restored image against this exposure."),
    **_plain(
        ssim="SSIM of the restored image and this exposure.",
        is_outlier="Whether chi2_source or chi2_sky is unlike that of the other visits.",
        held_out_excess="Chi-square excess in source pixels, for a restoration without this exposure; NaN if "
        "it was not held out.",
        psf_rim_light="Share of the light of a star beyond the rim of the PSF kernel.",
    ),
    "psf_offset": ColumnMeaning("pix", "Distance of the centroid of the PSF from the middle of its kernel."),
    **_plain(
        psf_negative_light="Sum of the negative pixels of the PSF kernel over that of all, without signs.",
        noise_ratio="Robust scatter of empty pixels over what the variance plane says; NaN if unknown.",
        warnings="What is wrong with the PSF or the variances, empty if nothing is.",
    ),
    **_with_error("residual_sky", FLUX, "Sky that was taken off, in the middle of the patch"),
    **_with_error("residual_sky_slope_x", FLUX, "Its rise from there to the edge at largest x"),
    **_with_error("residual_sky_slope_y", FLUX, "Its rise from there to the edge at largest y"),
    **_with_error("flux_scale", None, "Excess of the flux scale over that of all exposures"),
    **_with_error("shift_x", "pix", "How far sources are displaced along x"),
    **_with_error("shift_y", "pix", "How far sources are displaced along y"),
    **_with_error("psf_width", "pix2", "Mean second moment along x and y of the PSF less that of its model"),
    **_with_error("psf_plus", "pix2", "Half the difference of those along x and y, less that of the model"),
    **_with_error("psf_cross", "pix2", "Second moment across of the PSF less that of its model"),
    "common_sky": ColumnMeaning(FLUX, "Sky that was taken off all exposures, its mean over the patch."),
    "common_sky_error": ColumnMeaning(FLUX, "Standard error of common_sky."),
}
"""Columns of ``restored_coadd_visit_metrics``."""
