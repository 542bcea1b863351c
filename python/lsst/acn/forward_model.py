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

"""The forward model: a latent image seen through the PSF of each exposure."""

from __future__ import annotations

__all__ = ("ForwardModel",)

from typing import Any

import numpy as np
import scipy.fft

from .fourier import Transforms, numpy_transforms


class ForwardModel:
    """Valid convolution of a latent image with PSF kernels, and its adjoint.

    This is the noiseless part of the paper's eq. 1,
    :math:`y^{(t)} = f^{(t)} * x`, for latent images that are padded by
    ``k - 1`` pixels in total on each axis, so that every pixel of an exposure
    gets all of its light.  Both directions are exact to rounding: the Fourier
    transforms are at least as long as the latent image, and what wraps around
    falls on pixels that a valid convolution does not have.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of an exposure.
    kernel_size : `int`
        Odd side ``k`` of a PSF kernel.
    transforms : `Transforms`, optional
        Whose arrays to work on; NumPy's by default.
    """

    def __init__(
        self, shape: tuple[int, int], kernel_size: int, transforms: Transforms | None = None
    ) -> None:
        self.shape = shape
        self.kernel_size = kernel_size
        self.latent_shape = (shape[0] + kernel_size - 1, shape[1] + kernel_size - 1)
        # The transform along columns is complex, and has more fast lengths.
        height, width = self.latent_shape
        self.fft_shape = (scipy.fft.next_fast_len(height), scipy.fft.next_fast_len(width, real=True))
        self._transforms = transforms or numpy_transforms()

    def spectra(self, kernels: np.ndarray) -> np.ndarray:
        """Return what `apply` and `adjoint` take in place of kernels.

        Parameters
        ----------
        kernels : `numpy.ndarray`
            PSF kernels, shape ``(..., n, k, k)``.

        Returns
        -------
        spectra : `numpy.ndarray`
            Complex64 real Fourier transforms, shape ``(..., n, u, v)``.
        """
        return scipy.fft.rfft2(np.asarray(kernels, np.float32), s=self.fft_shape).astype(np.complex64)

    def apply(self, latent: Any, spectra: Any) -> Any:
        """Return the noiseless exposures of a latent image.

        Parameters
        ----------
        latent : array
            Latent image, shape ``(..., height + k - 1, width + k - 1)``.
        spectra : array
            From `spectra`, shape ``(..., n, u, v)``.

        Returns
        -------
        exposures : array
            Shape ``(..., n, height, width)``.
        """
        transforms = self._transforms
        latent_spectrum = transforms.rfft2(latent, self.fft_shape)[..., None, :, :]
        full = transforms.irfft2(latent_spectrum * spectra, self.fft_shape)
        lead = self.kernel_size - 1
        return full[..., lead : lead + self.shape[0], lead : lead + self.shape[1]]

    def adjoint(self, exposures: Any, spectra: Any) -> Any:
        """Return the adjoint of `apply` on a stack of images.

        Parameters
        ----------
        exposures : array
            Shape ``(..., n, height, width)``.
        spectra : array
            From `spectra`, shape ``(..., n, u, v)``.

        Returns
        -------
        latent : array
            Sum over exposures of the correlations with their kernels, shape
            ``(..., height + k - 1, width + k - 1)``.
        """
        transforms = self._transforms
        lead = self.kernel_size - 1
        widths = [(0, 0)] * (len(exposures.shape) - 2)
        widths += [
            (lead, total - lead - side) for total, side in zip(self.fft_shape, self.shape, strict=True)
        ]
        spectrum = transforms.rfft2(transforms.pad(exposures, widths), self.fft_shape)
        total = transforms.sum(transforms.conj(spectra) * spectrum, -3)
        full = transforms.irfft2(total, self.fft_shape)
        return full[..., : self.latent_shape[0], : self.latent_shape[1]]
