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

"""The forward model of two exposures at a time, in complex numbers."""

from __future__ import annotations

__all__ = ("PairedForwardModel",)

from typing import Any

import numpy as np
import scipy.fft

from .forward_model import ForwardModel
from .fourier import Transforms


class PairedForwardModel(ForwardModel):
    r"""`ForwardModel` by complex transforms of pairs of exposures.

    A real latent image convolved with :math:`f^{(s)} + i f^{(t)}` has one
    exposure as its real part and another as its imaginary part.  This takes
    as many operations as real transforms do, but TensorFlow's inverse real
    transform on CPU costs twice as much as its complex one.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width of an exposure.
    kernel_size : `int`
        Odd side ``k`` of a PSF kernel.
    n_exposures : `int`
        Number ``n`` of exposures.
    transforms : `Transforms`, optional
        Whose arrays to work on; NumPy's by default.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        kernel_size: int,
        n_exposures: int,
        transforms: Transforms | None = None,
    ) -> None:
        super().__init__(shape, kernel_size, transforms)
        self.fft_shape = tuple(scipy.fft.next_fast_len(side) for side in self.latent_shape)
        self._n_exposures = n_exposures
        self._n_pairs = (n_exposures + 1) // 2

    def spectra(self, kernels: np.ndarray) -> np.ndarray:
        """Return what `apply` and `adjoint` take in place of kernels.

        Parameters
        ----------
        kernels : `numpy.ndarray`
            PSF kernels, shape ``(..., n, k, k)``.

        Returns
        -------
        spectra : `numpy.ndarray`
            Complex64 Fourier transforms of pairs, shape ``(..., (n + 1) // 2,
            u, v)``.
        """
        paired = np.zeros((*kernels.shape[:-3], self._n_pairs, *kernels.shape[-2:]), np.complex64)
        paired.real = kernels[..., : self._n_pairs, :, :]
        paired.imag[..., : self._n_exposures - self._n_pairs, :, :] = kernels[..., self._n_pairs :, :, :]
        return scipy.fft.fft2(paired, s=self.fft_shape).astype(np.complex64)

    def apply(self, latent: Any, spectra: Any) -> Any:
        transforms = self._transforms
        widths = self._widths(latent, self.latent_shape, 0)
        padded = transforms.pad(latent, widths)
        latent_spectrum = transforms.fft2(transforms.make_complex(padded, 0 * padded))
        full = transforms.ifft2(latent_spectrum[..., None, :, :] * spectra)
        lead = self.kernel_size - 1
        pairs = full[..., lead : lead + self.shape[0], lead : lead + self.shape[1]]
        second = transforms.imag(pairs)[..., : self._n_exposures - self._n_pairs, :, :]
        return transforms.concatenate([transforms.real(pairs), second], -3)

    def adjoint(self, exposures: Any, spectra: Any) -> Any:
        transforms = self._transforms
        widths = self._widths(exposures, self.shape, self.kernel_size - 1)
        first = transforms.pad(exposures[..., : self._n_pairs, :, :], widths)
        widths[-3] = (0, self._n_exposures % 2)
        second = transforms.pad(-exposures[..., self._n_pairs :, :, :], widths)
        pairs = transforms.make_complex(first, second)
        # The adjoint is the real part of IFFT(conj(spectra) FFT(conj(pairs))).
        # Conjugated, it needs no pass over memory for either conjugate.
        total = transforms.sum(transforms.ifft2(pairs) * spectra, -3)
        full = transforms.real(transforms.fft2(total))
        return full[..., : self.latent_shape[0], : self.latent_shape[1]]

    def _widths(self, array: Any, shape: tuple[int, int], lead: int) -> list[tuple[int, int]]:
        """Return how many zeros make images as large as the transforms."""
        widths = [(0, 0)] * (len(array.shape) - 2)
        return widths + [
            (lead, total - lead - side) for total, side in zip(self.fft_shape, shape, strict=True)
        ]
