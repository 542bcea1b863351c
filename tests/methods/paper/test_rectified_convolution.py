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

import numpy as np
import pytest
from array_libraries import needs_keras

from lsst.acn.methods.paper.channel_moments import channel_moments
from lsst.acn.methods.paper.rectified_convolution import rectified_convolution, rectified_sum

pytestmark = needs_keras


def make_case(size, n=3):
    rng = np.random.default_rng(size)
    images = rng.normal(size=(2, 12 + size, 9 + size, n)).astype("f4")
    kernels = rng.normal(size=(size, size, n, 1)).astype("f4") / size
    return images, kernels, rng.normal(size=n).astype("f4")


def gradients_of(function, arrays, direction):
    import tensorflow as tf

    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = tf.reduce_sum(function(*tensors) * direction)
    return [np.asarray(gradient) for gradient in tape.gradient(value, tensors)]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 7, 11])
def test_values_and_gradients_are_those_of_plain_tensorflow(size):
    import tensorflow as tf

    def plain(images, kernels, bias):
        return tf.nn.relu(tf.nn.depthwise_conv2d(images, kernels, [1, 1, 1, 1], "VALID") + bias)

    case = make_case(size)
    value = np.asarray(rectified_convolution(*case))
    np.testing.assert_allclose(value, plain(*case), atol=1e-5)
    direction = np.random.default_rng(1).normal(size=value.shape).astype("f4")
    results = gradients_of(rectified_convolution, case, direction)
    for result, expected in zip(results, gradients_of(plain, case, direction), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("size", "crop"), [(3, 2), (7, 0), (11, 1)])
def test_a_sum_over_channels_has_the_gradients_of_its_parts(size, crop):
    images, kernels, bias = make_case(size)
    weights = np.array([0.5, -2.0, 0.0], np.float32)

    def plain(images, kernels, bias, weights):
        import tensorflow as tf

        return tf.reduce_sum(rectified_convolution(images, kernels, bias, crop=crop) * weights, axis=-1)

    def at_once(*arrays):
        return rectified_sum(*arrays, crop=crop)

    case = images, kernels, bias, weights
    value = np.asarray(at_once(*case))
    np.testing.assert_allclose(value, plain(*case), atol=1e-4)
    direction = np.random.default_rng(1).normal(size=value.shape).astype("f4")
    results, expected = (gradients_of(function, case, direction) for function in (at_once, plain))
    for one, two in zip(results, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4 * np.abs(two).max())


def test_cropping_is_part_of_the_convolution():
    images, kernels, bias = make_case(5)
    direction = np.random.default_rng(1).normal(size=(2, 9, 6, 3)).astype("f4")

    def cropped(images, kernels, bias):
        return rectified_convolution(images[:, 2:-2, 2:-2], kernels, bias)

    def at_once(images, kernels, bias):
        return rectified_convolution(images, kernels, bias, crop=2)

    case = images, kernels, bias
    np.testing.assert_array_equal(at_once(*case), cropped(*case))
    results, expected = (gradients_of(function, case, direction) for function in (at_once, cropped))
    for one, two in zip(results, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-4)


def test_the_kernel_gradient_agrees_with_finite_differences():
    images, kernels, bias = make_case(7)
    bias = bias + 20  # Far from the kink of the ReLU.
    direction = np.random.default_rng(2).normal(size=(2, 13, 10, 3)).astype("f4")
    gradient = gradients_of(rectified_convolution, (images, kernels, bias), direction)[1]
    for place in ((0, 0, 0, 0), (3, 4, 1, 0), (6, 6, 2, 0)):
        slopes = []
        for sign in (1, -1):
            changed = kernels.copy()
            changed[place] += sign * 0.5
            slopes.append(np.vdot(np.asarray(rectified_convolution(images, changed, bias)), direction))
        assert slopes[0] - slopes[1] == pytest.approx(gradient[place], rel=1e-3, abs=2e-2)


def test_moments_and_their_gradients():
    import tensorflow as tf

    rng = np.random.default_rng(5)
    images = rng.normal(2.0, 3.0, (2, 8, 9, 4)).astype("f4")
    direction = rng.normal(size=(2, 4)).astype("f4")
    mean, variance = channel_moments(images)
    np.testing.assert_allclose(mean, images.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(variance, images.var(axis=(0, 1, 2)), rtol=1e-4)

    def plain(images):
        return tf.stack(tf.nn.moments(images, axes=(0, 1, 2)))

    (result,) = gradients_of(lambda images: tf.stack(channel_moments(images)), [images], direction)
    (expected,) = gradients_of(plain, [images], direction)
    np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())
