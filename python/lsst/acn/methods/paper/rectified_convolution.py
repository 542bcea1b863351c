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

"""Depthwise convolution, bias and ReLU, with a gradient that is fast on CPU."""

from __future__ import annotations

__all__ = ("rectified_convolution", "rectified_sum")

from typing import Any

from ...machine.devices import on_tensorflow_cpu

MAX_FAST_WIDTH = 3
"""Widest kernel whose gradient oneDNN has vector code for."""

STRIDES = [1, 1, 1, 1]


def rectified_convolution(images: Any, kernels: Any, bias: Any, *, crop: int = 0) -> Any:
    """Convolve each channel with its own kernel, add its bias, apply ReLU.

    Parameters
    ----------
    images : tensor
        Shape ``(b, height + k - 1 + 2 crop, width + k - 1 + 2 crop, n)``.
    kernels : tensor
        A kernel per channel, not flipped, shape ``(k, k, n, 1)``.
    bias : tensor
        Shape ``(n,)``.
    crop : `int`, optional
        Number of pixels to leave out on every side of the images.

    Returns
    -------
    rectified : tensor
        Valid pixels, shape ``(b, height, width, n)``.

    Notes
    -----
    TensorFlow on CPU takes ten to twenty times longer for the gradient with
    respect to a 7 x 7 kernel than for the convolution, but no longer than
    that if the kernel is at most three columns wide.  So the gradient is
    taken in strips of the kernel, each of which sees the images shifted.
    """
    import keras

    if on_tensorflow_cpu():
        return _rectified_convolution_on_cpu(images, kernels, bias, crop)
    inner = images[:, crop : images.shape[1] - crop, crop : images.shape[2] - crop]
    return keras.ops.relu(keras.ops.depthwise_conv(inner, kernels) + bias)


def rectified_sum(images: Any, kernels: Any, bias: Any, weights: Any, *, crop: int = 0) -> Any:
    """Return a weighted sum over the channels of `rectified_convolution`.

    Parameters
    ----------
    images : tensor
        Shape ``(b, height + k - 1 + 2 crop, width + k - 1 + 2 crop, n)``.
    kernels : tensor
        A kernel per channel, not flipped, shape ``(k, k, n, 1)``.
    bias : tensor
        Shape ``(n,)``.
    weights : tensor
        Of the channels, shape ``(n,)``.
    crop : `int`, optional
        Number of pixels to leave out on every side of the images.

    Returns
    -------
    total : tensor
        Shape ``(b, height, width)``.

    Notes
    -----
    With a ReLU, the sum over pixels of ``value * upstream``, the gradient of a
    weight, is the scalar product of kernel and bias with their own gradients
    for a weight of 1: no further pass over the images is needed.
    """
    import keras

    if on_tensorflow_cpu():
        return _rectified_sum_on_cpu(images, kernels, bias, weights, crop)
    return keras.ops.matmul(rectified_convolution(images, kernels, bias, crop=crop), weights)


def _rectified_convolution_on_cpu(images: Any, kernels: Any, bias: Any, crop: int) -> Any:
    import tensorflow as tf

    @tf.custom_gradient
    def rectified(images: Any, kernels: Any, bias: Any) -> Any:
        value, inner_shape = _rectified(images, kernels, bias, crop)

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            masked = tf.raw_ops.ReluGrad(gradients=upstream, features=value)
            return (
                _image_gradient(inner_shape, kernels, masked, crop),
                _kernel_gradient(images, masked, kernels.shape, crop),
                tf.raw_ops.BiasAddGrad(out_backprop=masked),
            )

        return value, gradient

    return rectified(*(tf.convert_to_tensor(tensor) for tensor in (images, kernels, bias)))


def _rectified_sum_on_cpu(images: Any, kernels: Any, bias: Any, weights: Any, crop: int) -> Any:
    import tensorflow as tf

    @tf.custom_gradient
    def total(images: Any, kernels: Any, bias: Any, weights: Any) -> Any:
        value, inner_shape = _rectified(images, kernels, bias, crop)

        def gradient(upstream: Any) -> tuple[Any, Any, Any, Any]:
            # The same for every branch: TensorFlow makes equal operations once.
            everywhere = tf.tensordot(upstream[..., None], tf.ones((1, kernels.shape[2])), 1)
            masked = tf.raw_ops.ReluGrad(gradients=everywhere, features=value)
            to_kernels = _kernel_gradient(images, masked, kernels.shape, crop)
            to_bias = tf.raw_ops.BiasAddGrad(out_backprop=masked)
            return (
                _image_gradient(inner_shape, kernels * weights[:, None], masked, crop),
                to_kernels * weights[:, None],
                to_bias * weights,
                tf.reduce_sum(kernels * to_kernels, axis=(0, 1, 3)) + bias * to_bias,
            )

        return tf.tensordot(value, weights, 1), gradient

    return total(*(tf.convert_to_tensor(tensor) for tensor in (images, kernels, bias, weights)))


def _rectified(images: Any, kernels: Any, bias: Any, crop: int) -> tuple[Any, Any]:
    """Return the rectified convolution, and the shape of what it was made from."""
    import tensorflow as tf

    inner_shape = tf.shape(images) - [0, 2 * crop, 2 * crop, 0]
    inner = tf.slice(images, [0, crop, crop, 0], inner_shape) if crop else images
    # Three operations in a row, which TensorFlow fuses to one.
    convolved = tf.nn.bias_add(tf.nn.depthwise_conv2d(inner, kernels, STRIDES, "VALID"), bias)
    return tf.nn.relu(convolved), inner_shape


def _image_gradient(inner_shape: Any, kernels: Any, masked: Any, crop: int) -> Any:
    """Return the gradient with respect to the images, 0 in what is left out."""
    import tensorflow as tf

    to_inner = tf.nn.depthwise_conv2d_backprop_input(inner_shape, kernels, masked, STRIDES, "VALID")
    return tf.pad(to_inner, [[0, 0], [crop, crop], [crop, crop], [0, 0]]) if crop else to_inner


def _kernel_gradient(images: Any, upstream: Any, shape: Any, crop: int) -> Any:
    """Return the gradient with respect to the kernels, strip by strip."""
    import tensorflow as tf

    height, width, n, _ = shape
    batch, rows, columns, _ = tf.unstack(tf.shape(upstream))
    strips: list[Any] = []
    for start in range(0, width, MAX_FAST_WIDTH):
        strip = min(MAX_FAST_WIDTH, width - start)
        # One after the other: all shifted images at once would fill memory.
        with tf.control_dependencies([*strips[-1:], upstream]):
            seen = tf.slice(
                images, [0, crop, crop + start, 0], [batch, rows + height - 1, columns + strip - 1, n]
            )
        strips.append(
            tf.nn.depthwise_conv2d_backprop_filter(seen, [height, strip, n, 1], upstream, STRIDES, "VALID")
        )
    return tf.concat(strips, axis=1)
