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

"""Accelerated multiplicative updates of a non-negative image."""

from __future__ import annotations

__all__ = ("multiplicative_updates",)

from collections.abc import Callable, Sequence

import numpy as np

MAX_FACTOR = 2.0
MAX_AHEAD = 0.98
TINY = 1e-12


def multiplicative_updates(
    latent: np.ndarray,
    target: np.ndarray,
    operator: Callable[[np.ndarray], np.ndarray],
    stages: Sequence[tuple[np.float32 | np.ndarray, int]],
) -> list[np.ndarray]:
    r"""Lower :math:`\langle x, N x \rangle - 2 \langle x, b \rangle + 2 \mu \sum x`.

    .. math::

        x \leftarrow x \cdot \mathrm{clip}\left(\frac{b}{N x + \mu},
        1 / \kappa, \kappa\right),

    the updates of ImageMM (Sukurdeep et al. 2025) for a quadratic,
    accelerated (Biggs & Andrews 1997).

    Parameters
    ----------
    latent : `numpy.ndarray`
        Positive float32 image to start from, shape ``(height, width)``.
    target : `numpy.ndarray`
        :math:`b`, not negative, same shape.
    operator : `~collections.abc.Callable`
        Returns :math:`N x` in an array that may be overwritten.
    stages : `~collections.abc.Sequence` [`tuple`]
        The penalty :math:`\mu` of each stage, in the unit of ``target``, of
        all pixels (`numpy.float32`) or of each (`numpy.ndarray`), and the
        number of its updates (`int`).  The acceleration is carried over from
        stage to stage.

    Returns
    -------
    ends : `list` [`numpy.ndarray`]
        The image after the last update of each stage.
    """
    previous = latent
    step = last_step = None
    ends = []
    for penalty, updates in stages:
        for _ in range(updates):
            point = _extrapolate(latent, previous, step, last_step)
            previous = latent
            ratio = operator(point)
            ratio += penalty
            np.maximum(ratio, TINY, out=ratio)
            np.divide(target, ratio, out=ratio)
            np.clip(ratio, 1.0 / MAX_FACTOR, MAX_FACTOR, out=ratio)
            latent = np.multiply(point, ratio, out=ratio)
            step, last_step = latent - point, step
        ends.append(latent)
    return ends


def _extrapolate(
    latent: np.ndarray, previous: np.ndarray, step: np.ndarray | None, last_step: np.ndarray | None
) -> np.ndarray:
    """Return the point ahead that the last two steps show."""
    if step is None or last_step is None:
        return latent
    overlap, length = np.vdot(step, last_step), np.vdot(last_step, last_step)
    alpha = np.float32(np.clip(overlap / max(length, TINY), 0.0, MAX_AHEAD))
    point = latent - previous
    point *= alpha
    point += latent
    return np.maximum(point, np.float32(TINY), out=point)
