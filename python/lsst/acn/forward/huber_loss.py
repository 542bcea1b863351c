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

"""The masked Huber loss between exposures and their reconstructions."""

from __future__ import annotations

__all__ = ("masked_huber",)

from typing import Any


def masked_huber(data: Any, model: Any, root_weight: Any, delta: float) -> Any:
    r"""Return the mean Huber loss per valid pixel (paper, eq. 4 and 5).

    Parameters
    ----------
    data, model : tensor
        Exposures and their reconstructions, shape ``(b, n, height, width)``.
    root_weight : tensor
        Inverse standard deviation :math:`m/\sigma`, 0 where not valid.
    delta : `float`
        Residual, in standard deviations, at which the loss turns linear.

    Returns
    -------
    loss : tensor
        Scalar.  The paper's sum over pixels divided by their number, so that
        its size does not depend on tiles and masks.
    """
    from keras import ops

    residual = ops.abs((data - model) * root_weight)
    # min(r, delta) * (r - min(r, delta) / 2) is both branches at once, with
    # a gradient that is finite everywhere.
    small = ops.minimum(residual, delta)
    loss = small * (residual - 0.5 * small)
    count = ops.sum(ops.cast(root_weight > 0, "float32"))
    return ops.sum(loss) / ops.maximum(count, 1.0)
