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

__all__ = ("masked_huber", "reconstruction_loss")

import contextlib
from typing import Any

from ..machine.devices import on_tensorflow_cpu
from .forward_model import ExposureGroup, ForwardModel

GROUP = 4
"""Pairs of exposures that stay in the cache of a CPU; two groups are worked on at once."""


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


def reconstruction_loss(
    forward_model: ForwardModel, latent: Any, spectra: Any, data: Any, root_weight: Any, delta: float
) -> Any:
    r"""Return the mean Huber loss per valid pixel of a latent image.

    Parameters
    ----------
    forward_model : `ForwardModel`
        The decoder, on tensors of the Keras backend.
    latent : tensor
        Latent image, shape ``(b, height + k - 1, width + k - 1)``.
    spectra : tensor
        From `ForwardModel.spectra`, shape ``(b, n, u, v)``; taken as constant.
    data : tensor
        Exposures, shape ``(b, n, height, width)``.
    root_weight : tensor
        Inverse standard deviation :math:`m/\sigma`, 0 where not valid.
    delta : `float`
        Residual, in standard deviations, at which the loss turns linear.

    Returns
    -------
    loss : tensor
        Scalar, equal to `masked_huber` of the reconstruction.

    Notes
    -----
    With :math:`r = (y - f * x) / \sigma`, the derivative of the loss (paper,
    eq. 4 and 5) with respect to the latent image is the adjoint of the
    forward model on :math:`-\mathrm{clip}(r, -\delta, \delta) / \sigma`.
    It is worked out along with the loss, a few exposures at a time, and
    nothing of their size is kept.
    """
    from keras import ops

    count = ops.maximum(ops.sum(ops.sign(root_weight)), 1.0)

    def loss_and_pull(group: ExposureGroup, seen: Any) -> tuple[Any, Any]:
        loss, clipped_residuals = 0.0, []
        for which, model in zip(group.exposures, forward_model.expose(seen, spectra, group), strict=True):
            weight = root_weight[:, which]
            residual = (data[:, which] - model) * weight
            clipped = ops.clip(residual, -delta, delta)
            loss = loss + ops.sum(clipped * (residual - 0.5 * clipped))
            clipped_residuals.append(clipped * weight)
        return loss, forward_model.gather(clipped_residuals, spectra, group)

    @ops.custom_gradient
    def loss_of(latent: Any) -> Any:
        seen = forward_model.transform(latent)
        parts: list[tuple[Any, Any]] = []
        for group in forward_model.groups(GROUP if on_tensorflow_cpu() else None):
            with _after([pull for _, pull in parts[:-1]]):
                parts.append(loss_and_pull(group, seen))
        loss, total = (sum(terms) for terms in zip(*parts, strict=True))

        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            # Torch hands the upstream gradient over by name.
            upstream = arguments[0] if upstream is None else upstream
            return forward_model.latent_of(total) * (-upstream / count)

        return loss / count, gradient

    return loss_of(latent)


def _after(tensors: list[Any]) -> contextlib.AbstractContextManager[Any]:
    """Have TensorFlow, which would begin with everything at once, wait."""
    # Other backends have one group, which waits for nothing.
    if not tensors:
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.control_dependencies(tensors)
