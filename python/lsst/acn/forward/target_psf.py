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

"""Bringing a latent image to the PSF that is persisted for science."""

from __future__ import annotations

__all__ = ("convolve_separable", "convolve_to_target", "correlate_separable", "kernel_profiles")

from typing import Any

import numpy as np

from ..arrays.namespace import Arrays
from ..arrays.numpy_arrays import numpy_arrays
from ..exposures.boxes import Box


def convolve_to_target(latent: np.ndarray, latent_box: Box, target_psf: np.ndarray, box: Box) -> np.ndarray:
    """Return a latent image at the target PSF, on the patch.

    Parameters
    ----------
    latent : `numpy.ndarray`
        Latent image, with or without a stack of them in front, shape
        ``(..., height, width)``.
    latent_box : `Box`
        Pixels of ``latent``.
    target_psf : `numpy.ndarray`
        PSF kernel to convolve with, of unit sum: a product of two profiles,
        as Gaussians are.
    box : `Box`
        Pixels of the result, inside ``latent_box``.  Where the kernel reaches
        beyond ``latent_box``, the outermost pixels are repeated.

    Returns
    -------
    image : `numpy.ndarray`
        Float32, shape ``(..., *box.shape)``.
    """
    have = box.grown_by(len(target_psf) // 2).intersection(latent_box)
    part = latent[..., *have.slices_within(latent_box)]
    return convolve_separable(part, target_psf)[..., *box.slices_within(have)]


def convolve_separable(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return images convolved with a kernel that is a product, as Gaussians are.

    Parameters
    ----------
    images : `numpy.ndarray`
        Shape ``(..., height, width)``; their outermost pixels are repeated.
    kernel : `numpy.ndarray`
        Of unit sum and odd sides.

    Returns
    -------
    convolved : `numpy.ndarray`
        Float32, same shape as ``images``.

    Raises
    ------
    ValueError
        Raised if the kernel is not the product of its profiles.
    """
    along_y, along_x = kernel_profiles(kernel)
    return correlate_separable(
        numpy_arrays(), images.astype(np.float32, copy=False), along_y[::-1], along_x[::-1]
    )


def kernel_profiles(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two profiles that a kernel is the product of.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        Of unit sum.

    Returns
    -------
    along_y, along_x : `numpy.ndarray`
        Of unit sum, float32.

    Raises
    ------
    ValueError
        Raised if it is not the product of its profiles.
    """
    along_y, along_x = (kernel.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
    if not np.allclose(np.outer(along_y, along_x), kernel, rtol=1e-3, atol=1e-5):
        raise ValueError("The kernel has to be of unit sum, and a product of two profiles.")
    return along_y.astype(np.float32), along_x.astype(np.float32)


def correlate_separable(xp: Arrays, images: Any, along_y: Any, along_x: Any) -> Any:
    """Return images correlated with a product of two profiles.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    images : array
        Shape ``(..., height, width)``; their outermost pixels are repeated.
    along_y, along_x : array
        Profiles of odd lengths.

    Returns
    -------
    correlated : array
        Same shape as ``images``.
    """
    return xp.correlate(xp.correlate(images, along_y, -2), along_x, -1)
