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

"""Accelerated multiplicative updates of a non-negative image, as tensors."""

from __future__ import annotations

__all__ = ("multiplicative_updates",)

from collections.abc import Callable, Sequence
from typing import Any

from ..methods.accelerated_updates import MAX_AHEAD, MAX_FACTOR, TINY


def multiplicative_updates(
    latent: Any, target: Any, operator: Callable[[Any], Any], stages: Sequence[tuple[Any, int]]
) -> list[Any]:
    """Return what `lsst.acn.methods.accelerated_updates.multiplicative_updates` does.

    Parameters
    ----------
    latent : tensor
        Positive image to start from, shape ``(height, width)``.
    target : tensor
        Not negative, same shape.
    operator : `~collections.abc.Callable`
        Linear function of an image.
    stages : `~collections.abc.Sequence` [`tuple`]
        Penalty and number of updates (`int`) of each.

    Returns
    -------
    ends : `list` [tensor]
        The image after the last update of each stage.
    """
    from keras import ops

    nothing = ops.zeros_like(latent)
    state = (latent, latent, nothing, nothing)
    ends = []
    for penalty, updates in stages:

        def update(_: Any, state: tuple[Any, ...], penalty: Any = penalty) -> tuple[Any, ...]:
            return _updated(state, target, operator, penalty)

        state = ops.fori_loop(0, updates, update, state)
        ends.append(state[0])
    return ends


def _updated(
    state: tuple[Any, ...], target: Any, operator: Callable[[Any], Any], penalty: Any
) -> tuple[Any, ...]:
    from keras import ops

    latent, previous, step, last_step = state
    # Before there are two steps, their overlap is 0, and so is alpha.
    overlap, length = ops.sum(step * last_step), ops.sum(last_step * last_step)
    alpha = ops.clip(overlap / ops.maximum(length, TINY), 0.0, MAX_AHEAD)
    point = ops.maximum(latent + alpha * (latent - previous), TINY)
    ratio = target / ops.maximum(operator(point) + penalty, TINY)
    updated = point * ops.clip(ratio, 1.0 / MAX_FACTOR, MAX_FACTOR)
    return updated, latent, updated - point, step
