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

__all__ = ("ExposureGroup", "ForwardModel")

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft

from ..arrays.namespace import Arrays
from ..arrays.numpy_arrays import numpy_arrays


@dataclasses.dataclass(frozen=True)
class ExposureGroup:
    """Exposures that a forward model works on at once.

    Parameters
    ----------
    kernels : `slice`
        Their part of the spectra of all kernels.
    exposures : `tuple` [`slice`, ...]
        Which exposures they are, in so many pieces.
    """

    kernels: slice
    exposures: tuple[slice, ...]


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
    xp : `Arrays`, optional
        Whose arrays to work on; NumPy's by default.
    """

    def __init__(self, shape: tuple[int, int], kernel_size: int, xp: Arrays | None = None) -> None:
        self.shape = shape
        self.kernel_size = kernel_size
        self.latent_shape = (shape[0] + kernel_size - 1, shape[1] + kernel_size - 1)
        # The transform along columns is complex, and has more fast lengths.
        height, width = self.latent_shape
        self.fft_shape = (scipy.fft.next_fast_len(height), scipy.fft.next_fast_len(width, real=True))
        self._xp = numpy_arrays() if xp is None else xp

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
        (group,) = self.groups()
        (exposures,) = self.expose(self.transform(latent), spectra, group)
        return exposures

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
        (group,) = self.groups()
        pieces = [exposures[..., which, :, :] for which in group.exposures]
        return self.latent_of(self.gather(pieces, spectra, group))

    def groups(self, number: int | None = None) -> list[ExposureGroup]:
        """Return the exposures that are worked on at once.

        Parameters
        ----------
        number : `int`, optional
            Kernels in a group, at most; by default all.  Here, there is only
            one group; models that take exposures apart have more.

        Returns
        -------
        groups : `list` [`ExposureGroup`]
            All exposures, each once.
        """
        return [ExposureGroup(slice(None), (slice(None),))]

    def transform(self, latent: Any) -> Any:
        """Return the spectrum of a latent image.

        Parameters
        ----------
        latent : array
            As `apply` takes it.

        Returns
        -------
        spectrum : array
            For `expose`.
        """
        return self._xp.rfft2(latent, self.fft_shape)

    def expose(self, spectrum: Any, spectra: Any, group: ExposureGroup) -> list[Any]:
        """Return the noiseless exposures of a group.

        Parameters
        ----------
        spectrum : array
            From `transform`.
        spectra : array
            From `spectra`, of all exposures.
        group : `ExposureGroup`
            One of `groups`.

        Returns
        -------
        exposures : `list`
            For each slice of ``group.exposures``, shape ``(..., m, height,
            width)``.
        """
        kernels = spectra[..., group.kernels, :, :]
        full = self._xp.irfft2(spectrum[..., None, :, :] * kernels, self.fft_shape)
        return [self._valid(full)]

    def gather(self, exposures: Sequence[Any], spectra: Any, group: ExposureGroup) -> Any:
        """Return the adjoint of `expose`, still as a spectrum.

        Parameters
        ----------
        exposures : `~collections.abc.Sequence`
            As `expose` returns them.
        spectra : array
            From `spectra`, of all exposures.
        group : `ExposureGroup`
            One of `groups`.

        Returns
        -------
        spectrum : array
            Sum over the exposures of the group; these add up to what
            `latent_of` takes.
        """
        xp = self._xp
        (images,) = exposures
        padded = xp.pad(images, self._widths(images, self.shape, self.kernel_size - 1))
        spectrum = xp.rfft2(padded, self.fft_shape)
        return xp.sum(xp.conj(spectra[..., group.kernels, :, :]) * spectrum, -3)

    def latent_of(self, spectrum: Any) -> Any:
        """Return the image of the sum of what `gather` returned.

        Parameters
        ----------
        spectrum : array
            The sum.

        Returns
        -------
        latent : array
            Shape ``(..., height + k - 1, width + k - 1)``.
        """
        full = self._xp.irfft2(spectrum, self.fft_shape)
        return full[..., : self.latent_shape[0], : self.latent_shape[1]]

    def _valid(self, full: Any) -> Any:
        lead = self.kernel_size - 1
        return full[..., lead : lead + self.shape[0], lead : lead + self.shape[1]]

    def _widths(self, array: Any, shape: tuple[int, int], lead: int) -> list[tuple[int, int]]:
        """Return how many zeros make images as large as the transforms."""
        widths = [(0, 0)] * (len(array.shape) - 2)
        return widths + [
            (lead, total - lead - side) for total, side in zip(self.fft_shape, shape, strict=True)
        ]
