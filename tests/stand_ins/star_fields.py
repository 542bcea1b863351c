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


"""Fields of stars and stretched galaxies through PSFs with wings, drawn without any pixel grid in between."""

from __future__ import annotations

import dataclasses

import numpy as np

from lsst.acn import ExposureStack

WINGS = 0.2
SIGMA = 2.3548


@dataclasses.dataclass(frozen=True)
class StarField:
    """Exposures, their true PSFs, and the places of the stars."""

    image: np.ndarray
    kernels: np.ndarray
    stars: np.ndarray
    truth: np.ndarray

    def stack(self, kernels: np.ndarray) -> ExposureStack:
        """Return the exposures with PSFs right or wrong."""
        return ExposureStack.from_arrays(self.image, np.ones_like(self.image), np.asarray(kernels))


def psf_at(y, x, variance, shape=(0.0, 0.0), wings=WINGS, added=(0.0, 0.0, 0.0)):
    """Return two stretched Gaussians, the second twice as wide, convolved with one more."""
    total = 0.0
    for share, scale in ((1.0 - wings, 1.0), (wings, 4.0)):
        xx = scale * variance * (1.0 + shape[0]) + added[0]
        yy = scale * variance * (1.0 - shape[0]) + added[1]
        xy = scale * variance * shape[1] + added[2]
        det = xx * yy - xy**2
        distance2 = (yy * x**2 - 2.0 * xy * x * y + xx * y**2) / det
        total = total + share * np.exp(-0.5 * distance2) / (2.0 * np.pi * np.sqrt(det))
    return total


def kernel_of(size, variance, shape=(0.0, 0.0), wings=WINGS, shift=(0.0, 0.0)):
    """Return a kernel of unit sum."""
    along = np.arange(size) - size // 2
    kernel = psf_at(along[:, None] - shift[0], along[None, :] - shift[1], variance, shape, wings)
    return kernel / kernel.sum()


def draw_psfs(n, seed=0):
    """Return variance and shape of each PSF."""
    rng = np.random.default_rng(seed)
    return [((rng.uniform(2.8, 4.5) / SIGMA) ** 2, rng.normal(0.0, 0.04, 2)) for _ in range(n)]


def make_star_field(n=6, stars=5, galaxies=4, side=104, size=25, seed=0):
    """Return a field without noise in its truth, at a Gaussian PSF of 2.5 pixels."""
    rng = np.random.default_rng([seed, 1])
    psfs = draw_psfs(n, seed)
    places = _places(rng, stars + galaxies, side)
    flux = np.exp(rng.uniform(np.log(1500), np.log(15000), stars + galaxies))
    rows, columns = np.mgrid[:side, :side]
    image, truth = np.zeros((n, side, side)), np.zeros((side, side))
    for index, (y, x) in enumerate(places):
        added = np.zeros(3)
        if index >= stars:
            width, g1, g2 = rng.uniform(1.0, 8.0), *rng.uniform(-0.4, 0.4, 2)
            added = width * np.array([1.0 + g1, 1.0 - g1, g2])
        for number, (variance, shape) in enumerate(psfs):
            image[number] += flux[index] * psf_at(rows - y, columns - x, variance, shape, added=added)
        truth += flux[index] * psf_at(rows - y, columns - x, (2.5 / SIGMA) ** 2, wings=0.0, added=added)
    kernels = np.array([kernel_of(size, *psf) for psf in psfs])
    return StarField(image + rng.normal(size=image.shape), kernels, np.array(places[:stars]), truth)


def _places(rng, number, side):
    """Return places that are apart from each other and from the edge."""
    found: list[tuple[float, float]] = []
    for _ in range(10000):
        y, x = rng.uniform(15, side - 15, 2)
        if all(np.hypot(y - other[0], x - other[1]) > 14 for other in found):
            found.append((y, x))
        if len(found) == number:
            return found
    raise ValueError(f"There is no room for {number} sources.")
