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

"""Two-dimensional Fourier transforms of NumPy and of each Keras backend."""

from __future__ import annotations

__all__ = ("Transforms", "keras_transforms", "numpy_transforms")

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Transforms:
    """The few array functions that a `ForwardModel` needs.

    Parameters
    ----------
    rfft2 : `~collections.abc.Callable`
        Takes an array and a shape; zero-pads the last two axes to that shape
        and returns their real Fourier transform.
    irfft2 : `~collections.abc.Callable`
        Takes a spectrum and the shape of the image that it belongs to.
    conj : `~collections.abc.Callable`
        Complex conjugate.
    pad : `~collections.abc.Callable`
        Takes an array and the zeros to put before and after each axis.
    sum : `~collections.abc.Callable`
        Takes a complex array and an axis to sum over.
    fft2, ifft2 : `~collections.abc.Callable`
        Complex Fourier transform of the last two axes, and its inverse.
    make_complex : `~collections.abc.Callable`
        Takes real and imaginary part.
    real, imag : `~collections.abc.Callable`
        Real and imaginary part.
    concatenate : `~collections.abc.Callable`
        Takes a list of arrays and the axis to join them along.
    """

    rfft2: Callable[[Any, tuple[int, int]], Any]
    irfft2: Callable[[Any, tuple[int, int]], Any]
    conj: Callable[[Any], Any]
    pad: Callable[[Any, list[tuple[int, int]]], Any]
    sum: Callable[[Any, int], Any]
    fft2: Callable[[Any], Any]
    ifft2: Callable[[Any], Any]
    make_complex: Callable[[Any, Any], Any]
    real: Callable[[Any], Any]
    imag: Callable[[Any], Any]
    concatenate: Callable[[list[Any], int], Any]


def numpy_transforms() -> Transforms:
    """Return the transforms of SciPy, which keep float32.

    Returns
    -------
    transforms : `Transforms`
        Functions of `numpy.ndarray`.
    """
    import numpy as np
    import scipy.fft

    return Transforms(
        rfft2=lambda image, shape: scipy.fft.rfft2(image, s=shape),
        irfft2=lambda spectrum, shape: scipy.fft.irfft2(spectrum, s=shape),
        conj=np.conj,
        pad=np.pad,
        sum=np.sum,
        fft2=scipy.fft.fft2,
        ifft2=scipy.fft.ifft2,
        make_complex=lambda real, imag: real + np.complex64(1j) * imag,
        real=np.real,
        imag=np.imag,
        concatenate=np.concatenate,
    )


def keras_transforms() -> Transforms:
    """Return the native transforms of the Keras backend in use.

    `keras.ops` has no real two-dimensional transform, and its complex ones
    cost twice as much.

    Returns
    -------
    transforms : `Transforms`
        Functions of the backend's tensors, differentiable.

    Raises
    ------
    RuntimeError
        Raised if the backend is none of tensorflow, jax and torch.
    """
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return Transforms(
                rfft2=lambda image, shape: tf.signal.rfft2d(image, fft_length=list(shape)),
                irfft2=lambda spectrum, shape: tf.signal.irfft2d(spectrum, fft_length=list(shape)),
                conj=tf.math.conj,
                pad=tf.pad,
                sum=lambda array, axis: tf.reduce_sum(array, axis=axis),
                fft2=tf.signal.fft2d,
                ifft2=tf.signal.ifft2d,
                make_complex=tf.complex,
                real=tf.math.real,
                imag=tf.math.imag,
                concatenate=tf.concat,
            )
        case "jax":
            import jax
            import jax.numpy as jnp

            return Transforms(
                rfft2=lambda image, shape: jnp.fft.rfft2(image, s=shape),
                irfft2=lambda spectrum, shape: jnp.fft.irfft2(spectrum, s=shape),
                conj=jnp.conj,
                pad=jnp.pad,
                sum=jnp.sum,
                fft2=jnp.fft.fft2,
                ifft2=jnp.fft.ifft2,
                make_complex=jax.lax.complex,
                real=jnp.real,
                imag=jnp.imag,
                concatenate=jnp.concatenate,
            )
        case "torch":
            import torch

            return Transforms(
                rfft2=lambda image, shape: torch.fft.rfft2(image, s=shape),
                irfft2=lambda spectrum, shape: torch.fft.irfft2(spectrum, s=shape),
                conj=torch.conj,
                pad=lambda array, widths: keras.ops.pad(array, widths),
                sum=lambda array, axis: torch.sum(array, dim=axis),
                fft2=torch.fft.fft2,
                ifft2=torch.fft.ifft2,
                make_complex=torch.complex,
                real=torch.real,
                imag=torch.imag,
                concatenate=torch.cat,
            )
        case other:
            raise RuntimeError(f"The Keras backend {other!r} is not supported; use tensorflow, jax or torch.")
