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


"""A decoder whose PSF kernels are trained along with the encoder (paper, appendix A, eq. 8)."""

from __future__ import annotations

__all__ = ("TrainablePsfs", "starting_kernels")

from typing import Any

import numpy as np

from ...arrays.keras_arrays import keras_arrays
from ...exposures.psf_kernels import FWHM_PER_SIGMA, gaussian_kernel
from ...exposures.stack import ExposureStack
from ...forward.forward_model import ForwardModel
from ...machine.backend import import_keras
from ...metrics.psf_width import psf_fwhm

FLOOR = 1e-4
"""Least pixel of a kernel to begin with, as a share of its brightest one: what
begins as nothing stays nothing."""

TOLERANCES = 0.01, 0.01, 0.01
"""Deviation of the mean kernel from the convention that costs as much as a
unit of the loss: centroid in y and x, in pixels, and size, as a share of it."""


def starting_kernels(stack: ExposureStack, mode: str) -> np.ndarray:
    """Return the kernels that training begins with.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    mode : `str`
        ``refine`` for their own PSFs in the middle of the patch, ``estimate``
        for round Gaussians as wide as these.

    Returns
    -------
    kernels : `numpy.ndarray`
        Of unit sum, shape ``(n, k, k)``.
    """
    kernels = stack.psf.at(*stack.box.center)
    if mode == "refine":
        return kernels
    return np.array([gaussian_kernel(psf_fwhm(kernel), stack.psf.size) for kernel in kernels])


class TrainablePsfs:
    r"""Kernels that are the softmax of what is trained.

    So they are nowhere negative, and their sums are 1.  An image may be sharper
    and all kernels wider, or an image be moved and all kernels moved back: the
    loss cannot tell.  By convention the mean kernel keeps the centroid and the
    size, both weighted with a Gaussian, of that which training began with.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        What to begin with, shape ``(n, k, k)``.

    Attributes
    ----------
    layer : `keras.layers.Layer`
        Holds what is trained.
    """

    def __init__(self, kernels: np.ndarray) -> None:
        keras = import_keras()
        least = FLOOR * kernels.max(axis=(1, 2), keepdims=True)
        start = np.log(np.maximum(kernels, least)).astype(np.float32)
        self._start, self._shape = start, start.shape
        self.layer = keras.layers.Layer(name="psfs")
        self._logits = self.layer.add_weight(
            shape=start.shape, initializer=lambda shape, dtype=None: start, name="logarithms"
        )
        self.layer.built = True
        self._moments = _moment_weights(kernels.mean(axis=0))
        self._convention = self._moments_of(kernels.mean(axis=0))

    def reset(self) -> None:
        """Begin anew with the kernels that were given."""
        self._logits.assign(self._start)

    def kernels(self) -> Any:
        """Return the kernels as they are now.

        Returns
        -------
        kernels : tensor
            Shape ``(n, k, k)``.
        """
        from keras import ops

        n, size, _ = self._shape
        flat = ops.softmax(ops.reshape(self._logits.value, (n, size * size)), axis=-1)
        return ops.reshape(flat, self._shape)

    def to_numpy(self) -> np.ndarray:
        """Return the kernels as an array, shape ``(n, k, k)``."""
        from keras import ops

        return np.asarray(ops.convert_to_numpy(self.kernels()))

    def spectra(self, forward_model: ForwardModel) -> Any:
        """Return what a decoder of pairs of exposures takes in place of kernels.

        Parameters
        ----------
        forward_model : `PairedForwardModel`
            The decoder.

        Returns
        -------
        spectra : tensor
            With a gradient, shape ``(1, (n + 1) // 2, u, v)``.
        """
        xp = keras_arrays()
        kernels, (n, size, _) = self.kernels(), self._shape
        half = (n + 1) // 2
        height, width = forward_model.fft_shape
        beyond = [(0, height - size), (0, width - size)]
        real = xp.pad(kernels[:half], [(0, 0), *beyond])
        imaginary = xp.pad(kernels[half:], [(0, 2 * half - n), *beyond])
        return xp.fft2(xp.make_complex(real, imaginary))[None]

    def penalty(self) -> Any:
        """Return how far the mean kernel is from the convention.

        Returns
        -------
        penalty : tensor
            Scalar.
        """
        from keras import ops

        mean = ops.mean(self.kernels(), axis=0)
        parts = [ops.sum(ops.multiply(mean, weight)) for weight in self._moments]
        total = 0.0
        for part, expected, tolerance in zip(parts[1:], self._convention, TOLERANCES, strict=True):
            total = total + ops.square((part / parts[0] - float(expected)) / tolerance)
        return total

    def _moments_of(self, kernel: np.ndarray) -> np.ndarray:
        parts = np.array([np.sum(kernel * weight) for weight in self._moments])
        return parts[1:] / parts[0]


def _moment_weights(kernel: np.ndarray) -> np.ndarray:
    """Return what the pixels of a kernel are weighted with for its sum, centroid and size."""
    sigma = psf_fwhm(kernel) / FWHM_PER_SIGMA
    along = np.arange(len(kernel)) - len(kernel) // 2
    y, x = np.meshgrid(along, along, indexing="ij")
    weight = np.exp(-0.5 * (y**2 + x**2) / sigma**2)
    return np.stack([weight, weight * y, weight * x, weight * (y**2 + x**2) / sigma**2]).astype(np.float32)
