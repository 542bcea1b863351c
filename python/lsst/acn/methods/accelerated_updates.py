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

__all__ = ("MAX_FACTOR", "TINY", "accelerated_updates", "quadratic_factor")

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays.namespace import Arrays

MAX_FACTOR = 2.0
MAX_AHEAD = 0.98
TINY = 1e-12


def accelerated_updates(
    xp: Arrays, latent: Any, stages: Sequence[tuple[Callable[[Any], Any], int]], accelerate: bool = True
) -> list[Any]:
    r"""Multiply an image by a factor that it depends on, time and again.

    Each update begins at a point ahead of the last one, which the last two
    steps show (Biggs & Andrews 1997).

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    latent : array
        Positive image to start from, shape ``(height, width)``.
    stages : `~collections.abc.Sequence` [`tuple`]
        The function from an image to its factor, and the number of updates
        (`int`), of each stage.  The acceleration is carried over from stage
        to stage.
    accelerate : `bool`, optional
        Whether to look ahead.

    Returns
    -------
    ends : `list` [array]
        The image after the last update of each stage.
    """
    nothing = xp.zeros_like(latent)
    state = (latent, latent, nothing, nothing)
    ends = []
    for factor, updates in stages:

        def update(state: Any, factor: Callable[[Any], Any] = factor) -> Any:
            latent, _, step, _ = state
            point = _point_ahead(xp, state) if accelerate else latent
            updated = point * factor(point)
            return updated, latent, updated - point, step

        state = xp.repeat(updates, update, state)
        ends.append(state[0])
    return ends


def _point_ahead(xp: Arrays, state: Any) -> Any:
    latent, previous, step, last_step = state
    # Before there are two steps, their overlap is 0, and so is the way ahead.
    overlap, length = xp.dot(step, last_step), xp.dot(last_step, last_step)
    ahead = xp.clip(overlap / xp.maximum(length, np.float32(TINY)), np.float32(0.0), np.float32(MAX_AHEAD))
    return xp.maximum(latent + ahead * (latent - previous), np.float32(TINY))


def quadratic_factor(
    xp: Arrays, target: Any, operator: Callable[[Any], Any], penalty: Any
) -> Callable[[Any], Any]:
    r"""Return the factor that lowers :math:`\langle x, N x \rangle - 2 \langle x, b \rangle + 2 \mu \sum x`.

    .. math::

        \mathrm{clip}\left(\frac{b}{N x + \mu}, 1 / \kappa, \kappa\right),

    the updates of ImageMM (Sukurdeep et al. 2025) for a quadratic.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    target : array
        :math:`b`, not negative, shape ``(height, width)``.
    operator : `~collections.abc.Callable`
        Returns :math:`N x`.
    penalty : array
        :math:`\mu`, in the unit of ``target``, of all pixels or of each.

    Returns
    -------
    factor : `~collections.abc.Callable`
        Function of an image :math:`x`.
    """

    def factor(point: Any) -> Any:
        ratio = target / xp.maximum(operator(point) + penalty, np.float32(TINY))
        return xp.clip(ratio, np.float32(1.0 / MAX_FACTOR), np.float32(MAX_FACTOR))

    return factor
