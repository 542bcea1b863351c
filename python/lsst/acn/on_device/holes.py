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

"""Light where exposures have no data, as tensors."""

from __future__ import annotations

__all__ = ("fill_holes",)

from typing import Any

from ..arrays.namespace import Transforms
from ..methods.cross_exposure.family.hole_boxes import REACH
from ..methods.cross_exposure.family.holes import LEAST_LIGHT, PASSES, SPARSITY, UPDATES
from .arrays import scaled
from .exposure_sums import ExposureSums
from .statistics import DeviceStatistics
from .updates import multiplicative_updates


def fill_holes(sums: ExposureSums, latent: Any) -> Any:
    """Return a latent image that knows what is missing from the exposures.

    Parameters
    ----------
    sums : `ExposureSums`
        Of all pixels of a tile.
    latent : tensor
        Latent image to start from.

    Returns
    -------
    latent : tensor
        Non-negative, same shape; as it was where there is no hole near.

    Notes
    -----
    `lsst.acn.methods.cross_exposure.family.holes.fill_holes` works on a cut-out around each hole, of
    whatever size.  Functions on a device are compiled for one size, so that
    here the whole tile is filled, and the surroundings of holes are taken
    from it.
    """
    from keras import ops

    holes = sums.holes
    return ops.cond(ops.any(holes), lambda: _filled(sums, latent, holes), lambda: latent)


def _filled(sums: ExposureSums, latent: Any, holes: Any) -> Any:
    from keras import ops

    missing = _MissingLight(sums.transforms, 1.0 - sums.coverage, ops.sqrt(sums.power))
    filled = latent
    for _ in range(PASSES):
        projected = sums.sum_up(filled)
        known = projected - missing(sums.transforms.rfft2(filled, sums.shape))
        statistics = DeviceStatistics(sums.transforms, known, sums.power, sums.shape, sums.noise)
        filled = _fit_known_pixels(statistics, missing, filled)
    return ops.where(_surroundings(holes, int(REACH * sums.kernel_radius)), filled, latent)


def _surroundings(holes: Any, reach: int) -> Any:
    """Return where a hole is no farther than so many pixels on either axis."""
    from keras import ops

    near, width = ops.cast(holes, "float32")[None, :, :, None], 2 * reach + 1
    for pool in ((width, 1), (1, width)):
        near = ops.max_pool(near, pool, strides=1, padding="same")
    return near[0, :, :, 0] > 0


class _MissingLight:
    """What of the back-projected model comes from pixels without data."""

    def __init__(self, transforms: Transforms, share: Any, kernel: Any) -> None:
        self._transforms, self._share, self._kernel = transforms, share, kernel

    def __call__(self, spectrum: Any) -> Any:
        shape = tuple(self._share.shape)
        model = self._transforms.irfft2(scaled(self._transforms, spectrum, self._kernel), shape)
        spectrum = self._transforms.rfft2(model * self._share, shape)
        return scaled(self._transforms, spectrum, self._kernel)


def _fit_known_pixels(known: DeviceStatistics, missing: _MissingLight, latent: Any) -> Any:
    from keras import ops

    least = LEAST_LIGHT * known.image_noise

    def operator(point: Any) -> Any:
        spectrum = known.transforms.rfft2(point, known.shape)
        modelled = scaled(known.transforms, spectrum, known.power) - missing(spectrum)
        return ops.maximum(known.transforms.irfft2(modelled, known.shape), least)

    start = ops.maximum(latent, known.faintest)
    return multiplicative_updates(start, known.target, operator, [(SPARSITY * known.image_noise, UPDATES)])[
        -1
    ]
