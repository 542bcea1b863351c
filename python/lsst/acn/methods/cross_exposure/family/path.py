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


"""A path of restorations that are ever sparser."""

from __future__ import annotations

__all__ = ("follow_path",)

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ...accelerated_updates import accelerated_updates
from .statistics import SufficientStatistics


def follow_path(
    xp: Arrays, statistics: SufficientStatistics, path: Sequence[tuple[float, int]], start: Any = None
) -> list[Any]:
    """Return the latent images at the ends of the stages of a path.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    statistics : `SufficientStatistics`
        What the exposures say.
    path : `~collections.abc.Sequence` [`tuple` [`float`, `int`]]
        Sparsity, in standard deviations of the noise of the back-projected
        image, and number of updates of each stage.
    start : array, optional
        Where to begin, if not with the back-projected image.

    Returns
    -------
    ends : `list` [array]
        One per stage, in the unit of the exposures.
    """
    start = xp.maximum(statistics.image, np.float32(0.0)) if start is None else start
    latent = xp.maximum(start, statistics.faintest)
    stages = [
        (statistics.factor(xp, np.float32(sparsity) * statistics.image_noise), updates)
        for sparsity, updates in path
    ]
    return accelerated_updates(xp, latent, stages)
