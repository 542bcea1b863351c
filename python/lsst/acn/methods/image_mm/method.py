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

from ...coadd.robust_coadd import robust_coadd
from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from ...exposures.source import ExposureSource
from ...exposures.stack import ExposureStack
from ...forward.forward_model import ForwardModel
from ...forward.point_response import matching_fwhm, measure_point_response
from ...forward.target_psf import convolve_to_target
from ...restoration_config import RestorationConfig
from ...tiles.restore_tiles import OnStrip, restore_tiles
from ..history import empty_history
from ..variance import finish_variance, ignorance
from .updates import image_mm, image_mm_start


class ImageMMMethod:
    """Restore a stack by multiplicative updates, without a network.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    config : `RestorationConfig`
        Uses ``image_mm``, ``tiles``, ``n_noise_realizations`` and ``seed``.
    """

    def __init__(self, exposures: ExposureSource, config: RestorationConfig) -> None:
        self._exposures = exposures
        self._config = config

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        return empty_history()

    def restore(
        self,
        kernel: np.ndarray | None,
        log: logging.Logger,
        on_strip: OnStrip | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        latent, variance = self._restore(self._exposures, kernel, log, on_strip)
        return latent, None if variance is None else finish_variance(variance)

    def _restore(
        self,
        exposures: ExposureSource,
        kernel: np.ndarray | None,
        log: logging.Logger,
        on_strip: OnStrip | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        def restore_tile(stack: ExposureStack, tile: Box) -> tuple[np.ndarray, np.ndarray | None]:
            return self._restore_tile(stack, exposures.box, tile, kernel)

        # Light of a tile falls within one kernel radius; the light that these
        # pixels share with the tile comes from within one more.
        reach = 2 * exposures.psf.radius
        return restore_tiles(
            exposures,
            restore_tile,
            self._config.tiles,
            reach=reach,
            log=log,
            on_strip=on_strip,
        )

    def to_latent(self, restored: np.ndarray) -> np.ndarray:
        return restored

    def matching_fwhm(self, target_fwhm: float) -> float:
        log = logging.getLogger(__name__)
        response = measure_point_response(self._exposures, lambda stack: self._restore(stack, None, log)[0])
        return matching_fwhm(response, target_fwhm)

    def _restore_tile(
        self, stack: ExposureStack, patch: Box, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        data_box = tile.grown_by(2 * stack.psf.radius).intersection(stack.box)
        around = stack.cutout(data_box)
        latent_box = data_box.grown_by(around.psf.radius)
        where = tile.intersection(patch)
        if not around.valid.any():
            return np.zeros(tile.shape, np.float32), None if kernel is None else np.full(where.shape, np.inf)
        latent = self._solve(around, None)
        inside = latent[tile.slices_within(latent_box)]
        if kernel is None:
            return inside, None
        whole = patch.grown_by(stack.psf.radius)
        place = tile.y_start - whole.y_start, tile.x_start - whole.x_start
        rng = random_stream(self._config.seed, "image_mm", "noise", *place)
        total = np.zeros(where.shape)
        for _ in range(self._config.n_noise_realizations):
            change = self._solve(around, rng) - latent
            total += convolve_to_target(change, latent_box, kernel, where) ** 2
        seen = stack.cutout(where).valid.any(axis=0)
        unknown = ignorance(convolve_to_target(latent, latent_box, kernel, where), seen)
        return inside, (total / self._config.n_noise_realizations + unknown).astype(np.float32)

    def _solve(self, stack: ExposureStack, noise: np.random.Generator | None) -> np.ndarray:
        """Return the latent image of a cut-out, if wanted with more noise."""
        options = self._config.image_mm
        medians = stack.median_variances()
        unit = float(np.sqrt(np.median(medians[np.isfinite(medians)])))
        model = ForwardModel(stack.shape, stack.psf.size)
        spectra = model.spectra(stack.psf.at(*stack.box.center))
        # Pixels that repeat others on a finer grid do not count.
        measured = stack.sampling_counts() > 0
        root_weight = np.where(measured, np.float32(unit) / np.sqrt(stack.variance), np.float32(0.0))
        image = stack.image
        if noise is not None:
            sigma = np.sqrt(stack.variance, where=stack.valid, out=np.zeros_like(stack.variance))
            image = image + sigma * noise.standard_normal(image.shape, np.float32)
        coadd = robust_coadd(image, stack.variance, stack.valid)
        latent = image_mm(
            image / np.float32(unit),
            root_weight,
            model,
            spectra,
            image_mm_start(coadd / np.float32(unit), stack.psf.radius),
            iterations=options.iterations,
            delta=options.huber_delta if options.robust else None,
            max_factor=options.max_factor,
            accelerate=options.accelerate,
        )
        return np.float32(unit) * latent

    @property
    def trained_psfs(self) -> None:
        return None

    def summary(self) -> dict[str, int | float | str]:
        return {"iterations": self._config.image_mm.iterations}
