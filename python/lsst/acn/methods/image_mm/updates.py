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

COVERED = 1e-3
"""Share of the greatest coverage below which a latent pixel is left alone."""


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
        1 / \kappa, \kappa\right), \qquad
        W_t = \min(1, \delta / |r_t|) \, m_t / v_t

    (Sukurdeep et al. 2025, ImageMM.)

    Parameters
    ----------
    data : `numpy.ndarray`
        Exposures, 0 where not valid, shape ``(n, height, width)``.
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
    Latent pixels that hardly any light of a valid pixel comes from, in the
    corners of the padding and inside large gaps, keep their start: nothing
    constrains them, and their ratio would be noise over nothing.  Next to the
    edges, where little light of a pixel is seen, the ratio is one of numbers
    that the rounding of transforms in single precision is a good part of.
    """
    weight = root_weight**2
    coverage = forward_model.adjoint(weight, spectra)
    covered = coverage > COVERED * coverage.max()

    def factor(point: np.ndarray) -> np.ndarray:
        ratio = _update_ratio(point, data, weight, root_weight, forward_model, spectra, delta)
        changed = np.clip(ratio, 1.0 / max_factor, max_factor)
        return np.where(covered, changed, 1.0).astype(data.dtype)

    start = np.asarray(start, data.dtype)
    return accelerated_updates(numpy_arrays(), start, [(factor, iterations)], accelerate)[-1]


def _update_ratio(
    latent: np.ndarray,
    data: np.ndarray,
    weight: np.ndarray,
    root_weight: np.ndarray,
    forward_model: ForwardModel,
    spectra: np.ndarray,
    delta: float | None,
) -> np.ndarray:
    model = forward_model.apply(latent, spectra)
    if delta is not None:
        residual = np.abs(data - model) * root_weight
        weight = weight * np.minimum(1.0, delta / np.maximum(residual, TINY))
    numerator = forward_model.adjoint(weight * data, spectra)
    denominator = forward_model.adjoint(weight * model, spectra)
    return np.maximum(numerator, 0.0) / np.maximum(denominator, TINY)


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
