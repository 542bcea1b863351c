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

"""ImageMM: multiplicative majorise-minimise restoration of a stack."""

from __future__ import annotations

__all__ = ("image_mm", "image_mm_start")

import numpy as np

from ...arrays.numpy_arrays import numpy_arrays
from ...forward.forward_model import ForwardModel
from ..accelerated_updates import TINY, accelerated_updates

COVERED, WELL_COVERED = 1e-2, 5e-2
"""Shares of the greatest coverage: a latent pixel is left alone below the first, and moves as far as its
ratio says from the second on (`float`)."""

LEAST_LIGHT = 1e-3
"""Light, in units of the noise, that a ratio is taken of at least (`float`)."""


def image_mm(
    data: np.ndarray,
    root_weight: np.ndarray,
    forward_model: ForwardModel,
    spectra: np.ndarray,
    start: np.ndarray,
    *,
    iterations: int,
    delta: float | None = 2.0,
    max_factor: float = 2.0,
    accelerate: bool = True,
) -> np.ndarray:
    r"""Return the latent image after some multiplicative updates.

    .. math::

        x \leftarrow x \cdot \mathrm{clip}\left(
        \frac{\sum_t F_t^T W_t y_t}{\sum_t F_t^T W_t F_t x},
        1 / \kappa, \kappa\right)^c, \qquad
        W_t = \min(1, \delta / |r_t|) \, m_t / v_t

    (Sukurdeep et al. 2025, ImageMM.)

    Parameters
    ----------
    data : `numpy.ndarray`
        Exposures in units of their noise, 0 where not valid, shape ``(n, height, width)``.
    root_weight : `numpy.ndarray`
        Inverse standard deviation, 0 where not valid, same shape.
    forward_model : `ForwardModel`
        The forward model of these exposures.
    spectra : `numpy.ndarray`
        PSF spectra, shape ``(n, u, v)``.
    start : `numpy.ndarray`
        Positive latent image to start from, shape ``(height + k - 1, width +
        k - 1)``.
    iterations : `int`
        Number of updates.
    delta : `float` or `None`, optional
        Residual, in standard deviations, from which a pixel loses weight;
        `None` for the plain method without robust weights.
    max_factor : `float`, optional
        :math:`\kappa`, the greatest change of a pixel in one update.
    accelerate : `bool`, optional
        Extrapolate from one update to the next (Biggs & Andrews 1997).

    Returns
    -------
    latent : `numpy.ndarray`
        Non-negative image, shape of ``start``, in the precision of ``data``.

    Notes
    -----
    The exponent :math:`c` is 1 but for latent pixels that hardly any light of
    a valid pixel comes from, in the corners of the padding, next to the edges
    and inside large gaps: what constrains them less moves them less, and what
    hardly constrains them leaves them as they started.  Their ratio would be
    one of numbers that the rounding of transforms is a good part of, and a
    product of many of these anything.

    For the same reason the ratio is worked out as 1 and a correction, whose
    numerator is the adjoint of weighted residuals: a transform rounds all
    pixels by a share of the brightest, and residuals have no bright ones.
    Single precision is enough then.
    """
    coverage = forward_model.adjoint(root_weight**2, spectra)
    share = coverage / coverage.max()
    exponent = np.where(share > COVERED, np.minimum(share / WELL_COVERED, 1.0), 0.0).astype(data.dtype)
    least = LEAST_LIGHT * np.maximum(coverage, COVERED * coverage.max())

    def factor(point: np.ndarray) -> np.ndarray:
        change, light = _residual_and_light(point, data, root_weight, forward_model, spectra, delta)
        ratio = 1.0 + change / np.maximum(light, least)
        return np.clip(ratio, 1.0 / max_factor, max_factor) ** exponent

    start = np.asarray(start, data.dtype)
    return accelerated_updates(numpy_arrays(), start, [(factor, iterations)], accelerate)[-1]


def _residual_and_light(
    latent: np.ndarray,
    data: np.ndarray,
    root_weight: np.ndarray,
    forward_model: ForwardModel,
    spectra: np.ndarray,
    delta: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjoint of the weighted residuals, and that of the weighted model."""
    model = forward_model.apply(latent, spectra)
    residual = data - model
    weight = root_weight**2
    if delta is not None:
        weight = weight * np.minimum(1.0, delta / np.maximum(np.abs(residual) * root_weight, TINY))
    return forward_model.adjoint(weight * residual, spectra), forward_model.adjoint(weight * model, spectra)


def image_mm_start(coadd: np.ndarray, radius: int) -> np.ndarray:
    """Return a positive latent image to start from.

    Parameters
    ----------
    coadd : `numpy.ndarray`
        Coadd of the exposures, shape ``(height, width)``.
    radius : `int`
        Half side of a PSF kernel in pixels.

    Returns
    -------
    start : `numpy.ndarray`
        The coadd, padded with its edges and bounded from below, shape
        ``(height + 2 radius, width + 2 radius)``.
    """
    floor = 1e-3 * float(np.std(coadd))
    return np.maximum(np.pad(coadd, radius, mode="edge"), floor)
