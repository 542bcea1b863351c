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

r"""Noise of the light of sources themselves, on a grid that is finer than the exposures.

The error model tells errors from how bright a pixel is, and knows no variances:
in the exposures that it was fitted to, a star's own photons add little to the
noise of the sky.  A narrow PSF gathers them in a few pixels, and restoring to a
finer grid spreads their noise over the flanks.  Where a restored image is bright
it is about linear in the exposures:

.. math::

    V = (g^2) * \sum_t c_t^2 \max(v_t - \tilde v_t, 0), \qquad
    \hat g = \frac{k \sqrt{P}}{P + \lambda},

with the variances :math:`v_t`, their medians :math:`\tilde v_t`, the weights
:math:`c_t`, the power of the PSFs :math:`P` and the kernel :math:`k` that makes
the restored image.
"""

from __future__ import annotations

__all__ = ("photon_variance",)

from typing import Any

import numpy as np

from ...arrays.namespace import Arrays
from ...arrays.spectra import filtered
from ...forward.target_psf import correlate_separable
from .family.exposure_sums import ExposureSums

FLOOR = 1e-3
r""":math:`\lambda`: with it, errors of middling pixels are as large as expected on
simulated fields of a FWHM of 1.0 to 1.5 pixels, 5 to 30 exposures, and skies of
10 to 1000 photons, with an upsampling of 2 and 3."""

MOST_OF_LIGHT = 0.2
"""Share of a restored pixel that this noise is at most: what is faint is not
linear in the exposures, but held at 0 from below."""


def photon_variance(xp: Arrays, sums: ExposureSums, latent: Any, profile: Any, sampling: int) -> Any:
    """Return the least variance that the light of sources allows for.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures, on a finer grid.
    latent : array
        Latent image in the unit of the exposures, shape ``(height, width)``.
    profile : array
        Profile, of unit sum, of the Gaussian kernel that the latent image is
        convolved with, along both axes.
    sampling : `int`
        Pixels of the grid per pixel of the exposures, along each axis.

    Returns
    -------
    variance : array
        Same shape; next to 0 where the noise is that of the sky.
    """
    shape = tuple(latent.shape)
    kernel = xp.sqrt(xp.abs2(xp.rfft2(profile[:, None] * profile[None, :], shape)))
    transfer = kernel * xp.sqrt(sums.power) / (sums.power + np.float32(FLOOR))
    point = np.zeros(shape, np.float32)
    point[0, 0] = 1.0
    response = filtered(xp, xp.constant(point), transfer)
    spectrum = xp.rfft2(response * response, shape)
    excess = _excess(xp, sums, sampling) * sums.noise**2
    variance = xp.maximum(xp.irfft2(spectrum * xp.rfft2(excess, shape), shape), np.float32(0.0))
    restored = xp.maximum(correlate_separable(xp, latent, profile, profile), np.float32(0.0))
    return xp.minimum(variance, (np.float32(MOST_OF_LIGHT) * restored) ** 2)


def _excess(xp: Arrays, sums: ExposureSums, sampling: int) -> Any:
    """Return by how much the variance of the mean of the exposures exceeds the usual one, over that."""
    none = np.float32(0.0)
    # Weights are inverse median variances: with these, c_t v_t is the same for all exposures.
    usual = (sums.noise / np.float32(sampling)) ** 2
    weight = xp.total(
        lambda variance, share: xp.where(xp.isfinite(variance), share, none), sums.variance, sums.share
    )
    total = xp.total(
        lambda variance, share: share * share * xp.where(xp.isfinite(variance), variance, none),
        sums.variance,
        sums.share,
    )
    return xp.maximum(total / (xp.maximum(weight, np.float32(1e-6)) * usual) - 1.0, none)
