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

__all__ = ("convolve_to_target",)

import numpy as np
from scipy.ndimage import correlate1d

from .boxes import Box


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
    radius = len(target_psf) // 2
    wanted = box.grown_by(radius)
    have = wanted.intersection(latent_box)
    rows, columns = have.slices_within(latent_box)
    widths = [(0, 0)] * (latent.ndim - 2) + [
        (have.y_start - wanted.y_start, wanted.y_stop - have.y_stop),
        (have.x_start - wanted.x_start, wanted.x_stop - have.x_stop),
    ]
    padded = np.pad(latent[..., rows, columns].astype(np.float32, copy=False), widths, mode="edge")
    along_y, along_x = target_psf.sum(axis=1), target_psf.sum(axis=0)
    smeared = correlate1d(padded, along_y[::-1], axis=-2)[..., radius : -radius or None, :]
    return correlate1d(smeared, along_x[::-1], axis=-1)[..., radius : -radius or None]
