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

"""The layers of the paper's encoder, and a fast way through them."""

from __future__ import annotations

__all__ = ("PaperEncoder", "encoder_radius")

from collections.abc import Callable, Sequence
from typing import Any

from .channel_moments import channel_moments
from .rectified_convolution import rectified_convolution, rectified_sum


class PaperEncoder:
    """Parallel branches of depthwise convolutions, then one pointwise layer.

    Parameters
    ----------
    kernel_sizes : `~collections.abc.Sequence` [`int`]
        Side of the kernels of each branch.
    depth : `int`
        Number of convolutions in a branch, each with ReLU and batch
        normalisation.
    n_exposures : `int`
        Number of channels.
    make_initializer : `~collections.abc.Callable`
        Returns a new Keras initialiser for the kernels of a layer.

    Attributes
    ----------
    model : `keras.Model`
        The encoder as Keras computes it; holds all weights.
    features : `keras.Model`
        The same up to the pointwise layer.
    margin : `int`
        Radius of the receptive field.

    Notes
    -----
    `latent` computes what ``model`` does, in fewer passes over memory.  Batch
    normalisation is affine in each channel, and the convolutions have valid
    borders, so it goes into the kernels and bias of the layer behind it, and
    no normalised image is ever made.
    """

    def __init__(
        self,
        kernel_sizes: Sequence[int],
        depth: int,
        n_exposures: int,
        make_initializer: Callable[[], Any],
    ) -> None:
        import keras

        self.margin = encoder_radius(kernel_sizes, depth)
        exposures = keras.Input((None, None, n_exposures))
        self._crops = [self.margin - encoder_radius([size], depth) for size in kernel_sizes]
        self._branches = [
            [_make_layers(size, make_initializer) for _ in range(depth)] for size in kernel_sizes
        ]
        outputs = [
            _apply_layers(exposures, crop, layers)
            for crop, layers in zip(self._crops, self._branches, strict=True)
        ]
        features = keras.layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]
        self._pointwise = keras.layers.Conv2D(1, 1, activation="relu", kernel_initializer=make_initializer())
        self.features = keras.Model(exposures, features)
        self.model = keras.Model(exposures, self._pointwise(features))

    def latent(self, exposures: Any, training: bool = False) -> Any:
        """Return what ``model`` returns.

        Parameters
        ----------
        exposures : tensor
            Shape ``(b, height + 2 margin, width + 2 margin, n)``.
        training : `bool`
            Whether batch normalisation uses, and remembers, the statistics
            of this batch.

        Returns
        -------
        latent : tensor
            Non-negative, shape ``(b, height, width)``.
        """
        from keras import ops

        weights = ops.split(self._pointwise.kernel[0, 0, :, 0], len(self._branches))
        total = self._pointwise.bias[0]
        for weight, crop, layers in zip(weights, self._crops, self._branches, strict=True):
            total = total + _weighted_branch(exposures, weight, crop, layers, training)
        return ops.relu(total)


def encoder_radius(kernel_sizes: Sequence[int], depth: int) -> int:
    """Return how far in pixels the encoder looks from a pixel.

    Parameters
    ----------
    kernel_sizes : `~collections.abc.Sequence` [`int`]
        Sides of the depthwise kernels.
    depth : `int`
        Number of convolutions in a branch.

    Returns
    -------
    radius : `int`
        Radius of the receptive field.
    """
    return depth * (max(kernel_sizes) // 2)


def _make_layers(size: int, make_initializer: Callable[[], Any]) -> tuple[Any, Any]:
    import keras

    convolution = keras.layers.DepthwiseConv2D(
        size, activation="relu", depthwise_initializer=make_initializer()
    )
    return convolution, keras.layers.BatchNormalization()


def _apply_layers(exposures: Any, crop: int, layers: Sequence[tuple[Any, Any]]) -> Any:
    """Return the output of a branch as Keras computes it."""
    import keras

    images = keras.layers.Cropping2D(crop)(exposures) if crop else exposures
    for convolution, normalization in layers:
        images = normalization(convolution(images))
    return images


def _weighted_branch(
    exposures: Any, weight: Any, crop: int, layers: Sequence[tuple[Any, Any]], training: bool
) -> Any:
    """Return what a branch adds to the pointwise layer, shape ``(b, height, width)``."""
    from keras import ops

    *first, (convolution, normalization) = layers
    images, gain, offset = _rectify(exposures, crop, first, training)
    kernel, bias = _absorb(convolution, gain, offset)
    crop = 0 if first else crop
    if not training:
        gain, offset = _affine(normalization, None, training)
        return ops.sum(weight * offset) + rectified_sum(images, kernel, bias, weight * gain, crop=crop)
    # The normalisation has to see the images.
    images = rectified_convolution(images, kernel, bias, crop=crop)
    gain, offset = _affine(normalization, images, training)
    return ops.sum(weight * offset) + ops.matmul(images, weight * gain)


def _rectify(
    images: Any, crop: int, layers: Sequence[tuple[Any, Any]], training: bool
) -> tuple[Any, Any, Any]:
    """Return what layers make of images before the last normalisation, and what that does.

    Parameters
    ----------
    images : tensor
        Shape ``(b, height, width, n)``.
    crop : `int`
        Number of pixels to leave out on every side.
    layers : `~collections.abc.Sequence`
        Convolutions and batch normalisations.
    training : `bool`
        Whether to normalise by the statistics of this batch.

    Returns
    -------
    images, gain, offset : tensor
        The output is ``gain * images + offset``; both `None` without layers.
    """
    gain = offset = None
    for convolution, normalization in layers:
        kernel, bias = _absorb(convolution, gain, offset)
        images = rectified_convolution(images, kernel, bias, crop=crop)
        crop = 0
        gain, offset = _affine(normalization, images, training)
    return images, gain, offset


def _absorb(convolution: Any, gain: Any, offset: Any) -> tuple[Any, Any]:
    """Return kernel and bias that do what a normalisation before them does."""
    from keras import ops

    kernel, bias = ops.convert_to_tensor(convolution.kernel), ops.convert_to_tensor(convolution.bias)
    if gain is None:
        return kernel, bias
    return kernel * gain[:, None], bias + offset * ops.sum(kernel[..., 0], axis=(0, 1))


def _affine(normalization: Any, images: Any, training: bool) -> tuple[Any, Any]:
    """Return the gain and offset of a batch normalisation, per channel."""
    from keras import ops

    mean, variance = normalization.moving_mean.value, normalization.moving_variance.value
    if training:
        keep = normalization.momentum
        old_mean, old_variance = mean, variance
        mean, variance = channel_moments(images)
        normalization.moving_mean.assign(keep * old_mean + (1 - keep) * mean)
        normalization.moving_variance.assign(keep * old_variance + (1 - keep) * variance)
    gain = normalization.gamma * ops.rsqrt(variance + normalization.epsilon)
    return gain, normalization.beta - gain * mean
