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

"""Noise of a simulated exposure, and the variance plane that goes with it."""

from __future__ import annotations

__all__ = ("NoiseConfig", "add_noise", "sky_noise")

import dataclasses

import numpy as np

from .sky.photometry import flux_of

RESAMPLING_REACH = {"none": 0, "bilinear": 1, "lanczos3": 3}
"""Half width in pixels of the kernels that may correlate noise."""


@dataclasses.dataclass(frozen=True)
class NoiseConfig:
    """How photons and read-out make noise.

    Parameters
    ----------
    electrons_per_njy : `float`, optional
        Electrons detected in one exposure for each nJy.
    read_share : `float`, optional
        Share of the variance of the sky that is read noise, which is
        Gaussian; the rest is Poisson.
    variance_from_data : `bool`, optional
        Whether the variance plane is estimated from the noisy pixels rather
        than from the noiseless model, as pipelines must: from the counts
        before the sky is subtracted, and the read noise.
    variance_factor : `float`, optional
        By what the variance plane is too large.
    resampling : `str`, optional
        Kernel that correlates the noise of neighbouring pixels as a warp
        does: "none", "bilinear" or "lanczos3", at a random sub-pixel shift
        for each exposure.  The variance plane is that of single pixels, as a
        warp has it.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    electrons_per_njy: float = 10.0
    read_share: float = 0.03
    variance_from_data: bool = False
    variance_factor: float = 1.0
    resampling: str = "none"

    def __post_init__(self) -> None:
        if self.electrons_per_njy <= 0 or not 0 <= self.read_share <= 1:
            raise ValueError(
                "electrons_per_njy must be positive and read_share lie from 0 to 1; got "
                f"{self.electrons_per_njy} and {self.read_share}."
            )
        if self.variance_factor <= 0:
            raise ValueError(f"variance_factor must be positive; got {self.variance_factor}.")
        if self.resampling not in RESAMPLING_REACH:
            raise ValueError(
                f"resampling must be one of {', '.join(RESAMPLING_REACH)}; got {self.resampling!r}."
            )


def sky_noise(depth: float, kernel: np.ndarray) -> float:
    """Return the sky noise of a pixel that gives an exposure its depth.

    A point source of that depth has a signal-to-noise ratio of 5 when its
    flux is measured with the PSF as weight, the best that can be done on
    white noise.

    Parameters
    ----------
    depth : `float`
        AB magnitude of the point source.
    kernel : `numpy.ndarray`
        PSF kernel of unit sum.

    Returns
    -------
    sigma : `float`
        Standard deviation in nJy.
    """
    effective_pixels = 1.0 / float(np.sum(np.asarray(kernel, np.float64) ** 2))
    return float(flux_of(depth) / 5.0 / np.sqrt(effective_pixels))


def add_noise(
    clean: np.ndarray, sigma: float, config: NoiseConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a noisy exposure of a noiseless one.

    Parameters
    ----------
    clean : `numpy.ndarray`
        Noiseless flux of each pixel in nJy.
    sigma : `float`
        Standard deviation of the sky in nJy.
    config : `NoiseConfig`
        Kinds of noise.
    rng : `numpy.random.Generator`
        Source of the draws.

    Returns
    -------
    image : `numpy.ndarray`
        Noisy flux in nJy, same shape.
    variance : `numpy.ndarray`
        Variance in nJy squared, same shape.
    """
    gain = config.electrons_per_njy
    # Transforms leave tiny negative fluxes, which no Poisson mean may have.
    source = np.maximum(clean, 0.0)
    photon_sky = (1.0 - config.read_share) * sigma**2 * gain
    noise = rng.poisson((source + photon_sky) * gain) / gain - photon_sky - source
    noise += np.sqrt(config.read_share) * sigma * rng.standard_normal(clean.shape)
    variance = sigma**2 + source / gain
    if config.variance_from_data:
        counts = np.maximum(photon_sky + clean + noise, 0.0)
        # One electron at least, for no pipeline hands out a variance of 0.
        variance = config.read_share * sigma**2 + np.maximum(counts, 1.0 / gain) / gain
    if config.variance_factor != 1.0:
        variance = config.variance_factor * variance
    if config.resampling != "none":
        noise, variance = _resample(noise, variance, config.resampling, rng)
    return clean + noise, variance


def _resample(
    noise: np.ndarray, variance: np.ndarray, resampling: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate noise by a separable interpolation kernel."""
    from scipy.ndimage import convolve1d

    for axis, shift in enumerate(rng.uniform(-0.5, 0.5, 2)):
        weights = _interpolation_weights(resampling, shift)
        noise = convolve1d(noise, weights, axis=axis, mode="wrap")
        variance = convolve1d(variance, weights**2, axis=axis, mode="wrap")
    return noise, variance


def _interpolation_weights(resampling: str, shift: float) -> np.ndarray:
    reach = RESAMPLING_REACH[resampling]
    offset = np.arange(-reach, reach + 1) - shift
    if resampling == "bilinear":
        weights = np.maximum(1.0 - np.abs(offset), 0.0)
    else:
        weights = np.where(np.abs(offset) < reach, np.sinc(offset) * np.sinc(offset / reach), 0.0)
    return weights / weights.sum()
