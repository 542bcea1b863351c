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

"""Sums over the exposures of a tile, as tensors."""

from __future__ import annotations

__all__ = ("ExposureSums", "TileExposures")

import dataclasses
from typing import Any

import numpy as np

from ..arrays.namespace import Transforms
from ..methods.cross_exposure.family.exposure_sums import (
    HOLE_BRIGHTNESS,
    HOLE_COVERAGE,
    MODEL_FRACTION,
    OUTLIER_FRACTION,
    OUTLIER_SIGMA,
    shift_to_origin,
)
from ..methods.cross_exposure.family.sampling import sampling_spectrum
from .arrays import scaled
from .robust_coadd import robust_coadd


@dataclasses.dataclass(frozen=True, eq=False)
class TileExposures:
    """What a device is given of the exposures of a tile.

    Parameters
    ----------
    image, variance : tensor
        Shape ``(n, height, width)``, float32; the variance of pixels that are
        not valid is infinite.
    kernels : tensor
        PSF kernels at the centre, shape ``(n, k, k)``, float32.
    medians : tensor
        Median variances, shape ``(n,)``, float32.
    share : tensor
        Weights, shape ``(n,)``, float32; their sum is 1.
    noise : tensor
        Noise of a pixel of the weighted mean of the exposures, scalar.
    """

    image: Any
    variance: Any
    kernels: Any
    medians: Any
    share: Any
    noise: Any


class ExposureSums:
    """Sums up the exposures of a tile, as `StatisticsGatherer` does.

    Parameters
    ----------
    exposures : `TileExposures`
        The exposures, on a box that has room around what is of interest.
    transforms : `Transforms`
        Of the backend.
    """

    def __init__(self, exposures: TileExposures, transforms: Transforms) -> None:
        from keras import ops

        self.transforms = transforms
        self.shape: tuple[int, int] = tuple(exposures.image.shape[1:])
        self.kernel_radius = exposures.kernels.shape[-1] // 2
        self.noise = exposures.noise
        self._image, self._variance = exposures.image, exposures.variance
        self._share = exposures.share[:, None, None]
        self._valid = ops.isfinite(exposures.variance)
        self._spectra = self._sharpened(exposures.kernels)
        self.power = ops.sum(self._share * self._size(self._spectra) ** 2, axis=0)
        self._coadd = robust_coadd(
            transforms, exposures.image, exposures.variance, exposures.share / exposures.noise**2
        )
        deviation = ops.abs(self._image - self._coadd) - OUTLIER_FRACTION * ops.abs(self._coadd)
        self._suspect = (ops.maximum(deviation, 0.0) / OUTLIER_SIGMA) ** 2 > self._variance
        self._trust = ops.minimum(exposures.medians[:, None, None] / self._variance, 1.0)
        self.coverage = ops.sum(self._share * self._trust, axis=0)

    def _sharpened(self, kernels: Any) -> Any:
        """Return the transforms of kernels centred on pixel (0, 0), as a
        sampled latent image has them.
        """
        from keras import ops

        phase = shift_to_origin(self.shape, self.kernel_radius) / sampling_spectrum(self.shape)
        real, imag = (ops.convert_to_tensor(part.astype(np.float32)) for part in (phase.real, phase.imag))
        spectra = self.transforms.rfft2(kernels, self.shape) * self.transforms.make_complex(real, imag)
        return scaled(self.transforms, spectra, 1.0 / ops.maximum(self._size(spectra), 1.0))

    def _size(self, spectrum: Any) -> Any:
        from keras import ops

        real, imag = self.transforms.real(spectrum), self.transforms.imag(spectrum)
        return ops.sqrt(real * real + imag * imag)

    @property
    def holes(self) -> Any:
        """Where the fill has to be as good as data (tensor of bool)."""
        from keras import ops

        is_bright = ops.abs(self._coadd) > HOLE_BRIGHTNESS * self.noise
        is_unknown = ops.logical_not(ops.any(self._valid, axis=0))
        return ops.logical_or(is_unknown, ops.logical_and(is_bright, self.coverage < HOLE_COVERAGE))

    def sum_up(self, latent: Any = None) -> Any:
        """Return the back projection of the exposures.

        Parameters
        ----------
        latent : tensor, optional
            Latent image whose model fills masked pixels; without one, the
            robust coadd does.

        Returns
        -------
        back_projection : tensor
            Complex, shape ``(height, width // 2 + 1)``.
        """
        from keras import ops

        if latent is None:
            is_good = ops.logical_and(self._valid, ops.logical_not(self._suspect))
            return self._projected(ops.where(is_good, self._image, self._coadd))
        spectrum = self.transforms.rfft2(latent, self.shape)
        model = self.transforms.irfft2(self._spectra * spectrum, self.shape)
        projected = self._projected(self._trusted(self._image - model, model))
        return projected + scaled(self.transforms, spectrum, self.power)

    def _projected(self, data: Any) -> Any:
        spectra = self.transforms.rfft2(self._share * data, self.shape)
        return self.transforms.sum(self.transforms.conj(self._spectra) * spectra, 0)

    def _trusted(self, residual: Any, model: Any) -> Any:
        """Return residuals as far as their pixels can be trusted."""
        from keras import ops

        limit = OUTLIER_SIGMA * ops.sqrt(self._variance) + MODEL_FRACTION * ops.abs(model)
        is_outlier = ops.logical_and(self._suspect, ops.abs(residual) > limit)
        return ops.where(is_outlier, 0.0, self._trust * residual)
