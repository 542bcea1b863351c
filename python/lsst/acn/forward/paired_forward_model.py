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

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft

from ..arrays.namespace import Arrays
from .forward_model import ExposureGroup, ForwardModel


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
    xp : `Arrays`, optional
        Whose arrays to work on; NumPy's by default.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        kernel_size: int,
        n_exposures: int,
        xp: Arrays | None = None,
    ) -> None:
        super().__init__(shape, kernel_size, xp)
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
        (group,) = self.groups()
        return self._xp.concatenate(self.expose(self.transform(latent), spectra, group), -3)

    def groups(self, number: int | None = None) -> list[ExposureGroup]:
        total, number = self._n_pairs, number or self._n_pairs
        edges = [*range(0, total, number), total]
        return [
            ExposureGroup(
                slice(low, high),
                (slice(low, high), slice(total + low, min(total + high, self._n_exposures))),
            )
            for low, high in zip(edges[:-1], edges[1:], strict=True)
        ]

    def transform(self, latent: Any) -> Any:
        xp = self._xp
        padded = xp.pad(latent, self._widths(latent, self.latent_shape, 0))
        return xp.fft2(xp.make_complex(padded, 0 * padded))

    def expose(self, spectrum: Any, spectra: Any, group: ExposureGroup) -> list[Any]:
        xp = self._xp
        full = xp.ifft2(spectrum[..., None, :, :] * spectra[..., group.kernels, :, :])
        pairs = self._valid(full)
        second = group.exposures[1]
        return [xp.real(pairs), xp.imag(pairs)[..., : second.stop - second.start, :, :]]

    def gather(self, exposures: Sequence[Any], spectra: Any, group: ExposureGroup) -> Any:
        xp = self._xp
        first, second = exposures
        widths = self._widths(first, self.shape, self.kernel_size - 1)
        real = xp.pad(first, widths)
        widths[-3] = (0, first.shape[-3] - second.shape[-3])
        pairs = xp.make_complex(real, xp.pad(-second, widths))
        # The adjoint is the real part of IFFT(conj(spectra) FFT(conj(pairs))).
        # Conjugated, it needs no pass over memory for either conjugate.
        return xp.sum(xp.ifft2(pairs) * spectra[..., group.kernels, :, :], -3)

    def latent_of(self, spectrum: Any) -> Any:
        full = self._xp.real(self._xp.fft2(spectrum))
        return full[..., : self.latent_shape[0], : self.latent_shape[1]]
