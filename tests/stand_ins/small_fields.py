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

"""Tiny stacks that the tests of the numerical core share."""

from __future__ import annotations

import numpy as np

from lsst.acn import ExposureStack, PsfKernels, RestorationConfig, gaussian_kernel
from lsst.acn.forward.forward_model import ForwardModel


def make_stack(n=4, shape=(40, 48), seed=0, kernel_size=9, noise=1.0):
    """Return a noisy stack of a few stars, and its true latent image."""
    rng = np.random.default_rng(seed)
    radius = kernel_size // 2
    latent = np.zeros((shape[0] + 2 * radius, shape[1] + 2 * radius), np.float32)
    for _ in range(6):
        y, x = rng.integers(8, latent.shape[0] - 8), rng.integers(8, latent.shape[1] - 8)
        latent[y, x] += rng.uniform(200, 2000)
    kernels = np.stack([gaussian_kernel(fwhm, kernel_size) for fwhm in np.linspace(2.5, 4.0, n)])
    model = ForwardModel(shape, kernel_size)
    image = model.apply(latent, model.spectra(kernels))
    image = image + noise * rng.normal(size=image.shape)
    valid = np.ones(image.shape, bool)
    valid[0, :, 10:13] = False
    stack = ExposureStack.from_arrays(image, np.full(image.shape, noise**2), kernels, valid=valid)
    return stack, latent


def make_varying_stack(**kwargs):
    """Return a stack whose PSFs differ between the cells of a 2 x 2 grid."""
    stack, _ = make_stack(**kwargs)
    size = stack.psf.size
    kernels = np.stack(
        [[[gaussian_kernel(2.5 + 0.2 * t + 0.3 * i + 0.2 * j, size) for j in (0, 1)] for i in (0, 1)]
         for t in range(len(stack))]
    )  # fmt: skip
    height, width = stack.shape
    psf = PsfKernels(kernels, stack.box, ((height + 1) // 2, (width + 1) // 2))
    return ExposureStack.from_arrays(stack.image, stack.variance, psf, valid=stack.valid)


def make_config(**changes):
    """Return a quick configuration; ``paper__training__epochs=5`` sets a nested field."""
    config = RestorationConfig()
    config.method = "paper"
    config.cross_exposure.network = "fresh"
    config.paper.network.kernel_sizes = [3, 5]
    config.paper.network.depth = 1
    config.paper.training.epochs = 3
    config.paper.tile_size = 24
    config.tiles.restoring_size = 32
    config.tiles.overlap = 8
    config.n_noise_realizations = 2
    for name, value in changes.items():
        *path, field = name.split("__")
        target = config
        for part in path:
            target = getattr(target, part)
        setattr(target, field, value)
    return config
