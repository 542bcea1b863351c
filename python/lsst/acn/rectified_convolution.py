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


def rectified_convolution(images: Any, kernels: Any, bias: Any) -> Any:
    """Convolve each channel with its own kernel, add its bias, apply ReLU.

    Parameters
    ----------
    images : tensor
        Shape ``(b, height + k - 1, width + k - 1, n)``.
    kernels : tensor
        A kernel per channel, not flipped, shape ``(k, k, n, 1)``.
    bias : tensor
        Shape ``(n,)``.

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
        return _rectified_convolution_on_cpu(images, kernels, bias)
    return keras.ops.relu(keras.ops.depthwise_conv(images, kernels) + bias)


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


def _rectified_convolution_on_cpu(images: Any, kernels: Any, bias: Any) -> Any:
    import tensorflow as tf

    strides = [1, 1, 1, 1]

    @tf.custom_gradient
    def rectified(images: Any, kernels: Any, bias: Any) -> Any:
        # Three operations in a row, which TensorFlow fuses to one.
        value = tf.nn.relu(tf.nn.bias_add(tf.nn.depthwise_conv2d(images, kernels, strides, "VALID"), bias))

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            masked = tf.raw_ops.ReluGrad(gradients=upstream, features=value)
            return (
                tf.nn.depthwise_conv2d_backprop_input(tf.shape(images), kernels, masked, strides, "VALID"),
                _kernel_gradient(images, masked, kernels.shape),
                tf.reduce_sum(masked, axis=(0, 1, 2)),
            )

        return value, gradient

    return rectified(*(tf.convert_to_tensor(tensor) for tensor in (images, kernels, bias)))


def _kernel_gradient(images: Any, upstream: Any, shape: Any) -> Any:
    """Return the gradient with respect to the kernels, strip by strip."""
    import tensorflow as tf

    height, width, n, _ = shape
    columns = tf.shape(upstream)[2]
    strips = []
    for start in range(0, width, MAX_FAST_WIDTH):
        strip = min(MAX_FAST_WIDTH, width - start)
        seen = images[:, :, start : start + columns + strip - 1]
        strips.append(
            tf.nn.depthwise_conv2d_backprop_filter(
                seen, [height, strip, n, 1], upstream, [1, 1, 1, 1], "VALID"
            )
        )
    return tf.concat(strips, axis=1)
