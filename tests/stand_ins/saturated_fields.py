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

"""Fields of stars that saturate, drawn by GalSim."""

from __future__ import annotations

from collections.abc import Sequence

import galsim
import numpy as np

from lsst.acn import ExposureStack

BETA, KERNEL_SIZE = 3.5, 41
SKY = 100.0

ACCURATE = galsim.GSParams(folding_threshold=1e-4, maxk_threshold=1e-6, kvalue_accuracy=1e-8)


def moffat(fwhm: float) -> galsim.Moffat:
    """Return a PSF whose wings GalSim draws without waves, which its defaults leave."""
    return galsim.Moffat(beta=BETA, fwhm=fwhm, gsparams=ACCURATE)


def draw_light(psf: galsim.GSObject, lights: Sequence[tuple], size: int) -> np.ndarray:
    """Return an image of stars (row, column, flux) and galaxies (and half-light radius)."""
    image = galsim.Image(size, size, scale=1.0)
    middle = 0.5 * (size - 1)
    for row, column, flux, *radius in lights:
        source = psf if not radius else galsim.Convolve(galsim.Exponential(half_light_radius=radius[0]), psf)
        offset = galsim.PositionD(column - middle, row - middle)
        source.withFlux(flux).drawImage(image, offset=offset, add_to_image=True)
    return image.array.astype(np.float64)


def make_field(
    lights: Sequence[tuple],
    *,
    hole: float,
    fwhm: tuple[float, float] = (3.0, 5.0),
    n: int = 8,
    size: int = 96,
    seed: int = 0,
    noise: bool = True,
    kernel_scale: float = 1.0,
    shift: float = 0.0,
) -> ExposureStack:
    """Return exposures that lack what is within ``hole`` pixels of the first light.

    The noise is that of the sky and of the sources.  The kernels of the stack
    are wider than the PSFs by ``kernel_scale``, and exposures are displaced by
    ``shift`` pixels (rms) along both axes.
    """
    rng = np.random.default_rng(seed)
    images, kernels = [], []
    for width in np.linspace(*fwhm, n):
        y, x = shift * rng.normal(size=2)
        psf = moffat(width)
        moved = [(row + y, column + x, *rest) for row, column, *rest in lights]
        images.append(draw_light(psf, moved, size))
        kernel = moffat(width * kernel_scale)
        stamp = kernel.drawImage(nx=KERNEL_SIZE, ny=KERNEL_SIZE, scale=1.0).array
        kernels.append(stamp / stamp.sum())
    variance = SKY + np.maximum(images, 0.0)
    image = np.array(images) + (np.sqrt(variance) * rng.normal(size=variance.shape) if noise else 0.0)
    rows, columns = np.ogrid[:size, :size]
    near = np.hypot(rows - lights[0][0], columns - lights[0][1]) <= hole
    valid = np.broadcast_to(~near, image.shape)
    return ExposureStack.from_arrays(image, variance, np.array(kernels), valid=valid)
