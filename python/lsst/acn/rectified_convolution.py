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

__all__ = ("on_tensorflow_cpu", "rectified_convolution")

from typing import Any

MAX_FAST_WIDTH = 3
"""Widest kernel whose gradient oneDNN has vector code for."""


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


def on_tensorflow_cpu() -> bool:
    """Return whether Keras computes with TensorFlow and without a GPU.

    Returns
    -------
    on_cpu : `bool`
        `True` if operations are worth taking apart for TensorFlow's kernels
        on CPU; GPUs and compilers do better with whole ones.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


def _rectified_convolution_on_cpu(images: Any, kernels: Any, bias: Any, crop: int) -> Any:
    import tensorflow as tf

    strides = [1, 1, 1, 1]
    widths = [[0, 0], [crop, crop], [crop, crop], [0, 0]]

    @tf.custom_gradient
    def rectified(images: Any, kernels: Any, bias: Any) -> Any:
        inner_shape = tf.shape(images) - [0, 2 * crop, 2 * crop, 0]
        inner = tf.slice(images, [0, crop, crop, 0], inner_shape) if crop else images
        # Three operations in a row, which TensorFlow fuses to one.
        value = tf.nn.relu(tf.nn.bias_add(tf.nn.depthwise_conv2d(inner, kernels, strides, "VALID"), bias))

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            masked = tf.raw_ops.ReluGrad(gradients=upstream, features=value)
            to_inner = tf.nn.depthwise_conv2d_backprop_input(inner_shape, kernels, masked, strides, "VALID")
            return (
                tf.pad(to_inner, widths) if crop else to_inner,
                _kernel_gradient(images, masked, kernels.shape, crop),
                tf.raw_ops.BiasAddGrad(out_backprop=masked),
            )

        return value, gradient

    return rectified(*(tf.convert_to_tensor(tensor) for tensor in (images, kernels, bias)))


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
            tf.nn.depthwise_conv2d_backprop_filter(
                seen, [height, strip, n, 1], upstream, [1, 1, 1, 1], "VALID"
            )
        )
    return tf.concat(strips, axis=1)
