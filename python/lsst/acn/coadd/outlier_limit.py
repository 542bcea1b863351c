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

"""How far a pixel may be from what its exposure should show."""

from __future__ import annotations

__all__ = ("MOST_RESIDUAL", "OUTLIER_SIGMA", "outlier_limit")

from typing import Any

import numpy as np

from ..arrays.namespace import Arrays

OUTLIER_SIGMA = 6.0
"""Standard deviations of the noise beyond which a pixel is an outlier (`float`)."""

MOST_RESIDUAL = 1e18
"""In units of the noise; what is beyond has no square in single precision (`float`)."""

MODEL_FRACTION = 0.25
"""Allowance for errors of the model, as a fraction of what it predicts (`float`)."""


def outlier_limit(xp: Arrays, variance: Any, model: Any) -> Any:
    """Return how far a pixel may be from its model.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    variance : array
        Of the pixels.
    model : array
        Their predictions.

    Returns
    -------
    limit : array
        In the unit of the model.
    """
    return np.float32(OUTLIER_SIGMA) * xp.sqrt(variance) + np.float32(MODEL_FRACTION) * xp.abs(model)
