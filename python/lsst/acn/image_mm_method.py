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

"""ImageMM as a restoration method, tile by tile."""

from __future__ import annotations

__all__ = ("ImageMMMethod",)

import logging

import numpy as np

from lsst.utils.logging import PeriodicLogger

from .boxes import Box
from .exposure_stack import ExposureStack
from .forward_model import ForwardModel
from .image_mm import image_mm, image_mm_start
from .infill import robust_coadd
from .noise_variance import finish_variance
from .point_response import measure_point_response
from .restoration_config import RestorationConfig
from .restoration_result import empty_history
from .target_psf import convolve_to_target
from .tiles import TileBlender, tile_grid

LOG_SECONDS = 10.0


class ImageMMMethod:
    """Restore a stack by multiplicative updates, without a network.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    config : `RestorationConfig`
        Uses ``image_mm``, ``tiles``, ``n_noise_realizations`` and ``seed``.
    """

    def __init__(self, stack: ExposureStack, config: RestorationConfig) -> None:
        self._stack = stack
        self._config = config

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        return empty_history()

    def latent(self, log: logging.Logger) -> np.ndarray:
        return self._latent(self._stack, log)

    def _latent(self, stack: ExposureStack, log: logging.Logger) -> np.ndarray:
        radius = stack.psf.radius
        latent_box = stack.box.grown_by(radius)
        tiles = tile_grid(latent_box, self._config.tiles.restoring_size, self._config.tiles.overlap)
        blender = TileBlender(latent_box, self._config.tiles.overlap)
        progress = PeriodicLogger(log, interval=LOG_SECONDS)
        for index, tile in enumerate(tiles):
            data_box = tile.grown_by(2 * radius).intersection(stack.box)
            latent = self._solve(stack.cutout(data_box), None)
            blender.add(tile, latent[tile.slices_within(data_box.grown_by(radius))])
            progress.log("ImageMM: tile %d of %d.", index + 1, len(tiles))
        return blender.result()

    def point_response(self) -> np.ndarray:
        log = logging.getLogger(__name__)
        return measure_point_response(self._stack, lambda stack: self._latent(stack, log))

    def _data_box(self, tile: Box) -> Box:
        """Return the exposures' pixels that bear on a tile of the latent.

        Light of the tile falls within one kernel radius; the light that
        these pixels share with the tile comes from within one more.
        """
        return tile.grown_by(2 * self._stack.psf.radius).intersection(self._stack.box)

    def _solve(self, part: ExposureStack, noise: np.random.Generator | None) -> np.ndarray:
        """Return the latent image of a cut-out, if wanted with more noise."""
        options = self._config.image_mm
        model = ForwardModel(part.shape, part.psf.size)
        spectra = model.spectra(part.psf.at(*part.box.center))
        root_weight = 1.0 / np.sqrt(part.variance)
        image = part.image
        if noise is not None:
            sigma = np.sqrt(part.variance, where=part.valid, out=np.zeros_like(part.variance))
            image = image + sigma * noise.standard_normal(image.shape, np.float32)
        coadd = robust_coadd(image, part.variance, part.valid)
        return image_mm(
            image,
            root_weight,
            model,
            spectra,
            image_mm_start(coadd, part.psf.radius),
            iterations=options.iterations,
            delta=options.huber_delta if options.robust else None,
            max_factor=options.max_factor,
            accelerate=options.accelerate,
        )

    def variance(self, kernel: np.ndarray) -> np.ndarray:
        tiles = tile_grid(self._stack.box, self._config.tiles.restoring_size, self._config.tiles.overlap)
        blender = TileBlender(self._stack.box, self._config.tiles.overlap)
        seeds = np.random.SeedSequence([self._config.seed, 2]).spawn(len(tiles))
        for tile, seed in zip(tiles, seeds, strict=True):
            blender.add(tile, self._tile_variance(tile, kernel, np.random.default_rng(seed)))
        return finish_variance(blender.result())

    def _tile_variance(self, tile: Box, kernel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        data_box = self._data_box(tile)
        part = self._stack.cutout(data_box)
        latent_box = data_box.grown_by(part.psf.radius)
        latent = self._solve(part, None)
        total = np.zeros(tile.shape)
        for _ in range(self._config.n_noise_realizations):
            change = self._solve(part, rng) - latent
            total += convolve_to_target(change, latent_box, kernel, tile) ** 2
        return (total / self._config.n_noise_realizations).astype(np.float32)

    def summary(self) -> dict[str, int | float | str]:
        return {"iterations": self._config.image_mm.iterations}
