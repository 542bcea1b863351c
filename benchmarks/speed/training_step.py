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

"""Time and memory of a training step of the paper's network, against plain Keras.

The peer has the same branches, loss and optimiser, written the obvious way:
Keras layers with their own gradients, and a decoder that convolves by Fourier
transforms padded for linear convolution.  Both take turns in one process, and
each has a process of its own for its memory.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from lsst.acn import ExposureStack, RestorationConfig, gaussian_kernel

from ..peers.cost import Cost, limit_threads

ALIVE = 0.5
"""Bias that keeps the last ReLU from being zero everywhere, and its gradient cheap."""

type Step = Callable[[], float]


def main() -> None:
    """Print the times, the peaks, and their ratios."""
    options = parse_options()
    with limit_threads(options.threads):
        run = multiprocessing.get_context("spawn").Pool
        with run(1) as pool:
            wall, cpu = pool.apply(measure_times, (options,))
        peaks = []
        for make_step in (make_plain_step, make_our_step):
            with run(1) as pool:
                peaks.append(pool.apply(measure_peak, (options, make_step)))
    print(", ".join(f"{name} {value}" for name, value in vars(options).items()))
    print("                 plain Keras  lsst.acn  ratio (quartiles of pairs)")
    for name, pairs in (("wall time, ms", wall), ("CPU time, ms", cpu)):
        plain, ours = np.median(pairs, axis=0)
        low, middle, high = np.percentile(pairs[:, 0] / pairs[:, 1], [25, 50, 75])
        print(f"{name:16s} {plain:11.1f}  {ours:8.1f}  {middle:.2f} ({low:.2f} to {high:.2f})")
    print(f"peak memory, MiB {peaks[0]:11.0f}  {peaks[1]:8.0f}  {peaks[0] / peaks[1]:.2f}")


def parse_options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exposures", type=int, default=33)
    parser.add_argument("--tile", type=int, default=128)
    parser.add_argument("--kernels", type=int, nargs="+", default=[3, 5, 7])
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--psf-size", type=int, default=41)
    parser.add_argument("--statistics", choices=("patch", "batch"), default="patch", help="ours")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def measure_times(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return wall and CPU milliseconds of both, in turns, shape (repeats, 2)."""
    steps = [make_step(options) for make_step in (make_plain_step, make_our_step)]
    for step in steps * 2:
        step()
    clocks = (time.perf_counter, time.process_time)
    times = np.zeros((2, options.repeats, 2))
    for repeat in range(options.repeats):
        for index, step in enumerate(steps):
            start = [clock() for clock in clocks]
            step()
            times[:, repeat, index] = [clock() - s for clock, s in zip(clocks, start, strict=True)]
    return times[0] * 1e3, times[1] * 1e3


def measure_peak(options: argparse.Namespace, make_step: Callable[[argparse.Namespace], Step]) -> float:
    """Return MiB that a step takes for its pixels.

    Compiling a step takes memory too, whatever its size: that of a tiny step,
    compiled when all code has been loaded by another, is taken off.
    """
    tiny = argparse.Namespace(**{**vars(options), "tile": 16, "psf_size": 5})
    make_step(tiny)()
    peaks = []
    for case in (tiny, options):
        step = make_step(case)
        with Cost() as cost:
            for _ in range(4):
                step()
        peaks.append(cost.peak_mib)
    return peaks[1] - peaks[0]


@functools.cache
def make_stack(exposures: int, tile: int, psf_size: int) -> ExposureStack:
    """Return noise and one star, seen through Gaussian PSFs."""
    rng = np.random.default_rng(3)
    kernels = np.stack([gaussian_kernel(fwhm, psf_size) for fwhm in np.linspace(3.0, 5.0, exposures)])
    image = rng.normal(size=(exposures, tile, tile)).astype("f4")
    reach = min(psf_size // 2, tile // 2)
    middle = np.s_[tile // 2 - reach : tile // 2 + reach]
    image[:, middle, middle] += 500 * kernels[:, : 2 * reach, : 2 * reach]
    return ExposureStack.from_arrays(image, np.ones_like(image), kernels)


def make_config(options: argparse.Namespace) -> RestorationConfig:
    """Return the configuration of our step."""
    config = RestorationConfig()
    config.paper.network.kernel_sizes = options.kernels
    config.paper.network.depth = options.depth
    config.paper.network.statistics = options.statistics
    return config


def make_our_step(options: argparse.Namespace) -> Step:
    """Return the step that `lsst.acn.restore` takes."""
    from lsst.acn.arrays.keras_arrays import keras_arrays
    from lsst.acn.forward.paired_forward_model import PairedForwardModel
    from lsst.acn.machine.training_step import make_training_step
    from lsst.acn.methods.paper.inputs import PatchInputs
    from lsst.acn.methods.paper.network import PaperNetwork
    from lsst.acn.methods.paper.training import batch_maker, make_optimizer

    config = make_config(options)
    stack = make_stack(options.exposures, options.tile, options.psf_size)
    network = PaperNetwork(config, len(stack))
    inputs = PatchInputs(stack, network.margin)
    decoder = PairedForwardModel(inputs.box.shape, options.psf_size, len(stack), keras_arrays())
    network.model.layers[-1].bias.assign([ALIVE])
    step = make_training_step(network.model, make_optimizer(config), functools.partial(network.loss, decoder))
    batch = batch_maker(inputs, decoder)([inputs.box])
    return lambda: step(batch)


def make_plain_step(options: argparse.Namespace) -> Step:
    """Return the peer's step."""
    import tensorflow as tf

    from lsst.acn.methods.paper.training import make_optimizer

    stack = make_stack(options.exposures, options.tile, options.psf_size)
    reach = options.psf_size // 2
    widths = [(0, 0), (reach, reach), (reach, reach)]
    exposures = tf.constant(np.moveaxis(np.pad(stack.image, widths), 0, -1)[None])
    loss_of = plain_loss(stack)
    encoder = plain_encoder(options)
    optimizer = make_optimizer(make_config(options))
    optimizer.build(encoder.trainable_variables)

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(encoder(exposures, training=True)[0, :, :, 0])
        optimizer.apply(tape.gradient(loss, encoder.trainable_variables), encoder.trainable_variables)
        return loss

    return lambda: float(step())


def plain_encoder(options: argparse.Namespace) -> Any:
    """Return the branches as Keras layers."""
    import keras
    from keras import layers

    exposures = keras.Input((None, None, options.exposures))
    branches = []
    for size in options.kernels:
        images = exposures
        for _ in range(options.depth):
            images = layers.ReLU()(layers.DepthwiseConv2D(size, padding="same")(images))
            images = layers.BatchNormalization()(images)
        branches.append(images)
    last = layers.Conv2D(1, 1, activation="relu", bias_initializer=keras.initializers.Constant(ALIVE))
    return keras.Model(exposures, last(layers.Concatenate()(branches)))


def plain_loss(stack: ExposureStack, delta: float = 2.0) -> Callable[[Any], Any]:
    """Return the Huber loss of a latent image behind a linear convolution."""
    import scipy.fft
    import tensorflow as tf

    size = stack.psf.size
    height, width = stack.shape
    shape = [scipy.fft.next_fast_len(side + 2 * (size - 1)) for side in (height, width)]
    spectra = tf.constant(np.fft.rfft2(stack.psf.at(height // 2, width // 2), shape).astype("c8"))
    data, weight = tf.constant(stack.image), tf.constant(1 / np.sqrt(stack.variance))
    count = float(stack.valid.sum())

    def loss_of(latent: Any) -> Any:
        padded = tf.pad(latent, [[0, shape[0] - height - size + 1], [0, shape[1] - width - size + 1]])
        model = tf.signal.irfft2d(tf.signal.rfft2d(padded) * spectra, fft_length=shape)
        residual = (data - model[:, size - 1 : size - 1 + height, size - 1 : size - 1 + width]) * weight
        size_of = tf.abs(residual)
        loss = tf.where(size_of < delta, 0.5 * residual**2, delta * (size_of - 0.5 * delta))
        return tf.reduce_sum(loss) / count

    return loss_of


if __name__ == "__main__":
    main()
