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

"""Restoration by a network that learns to predict exposures it has not seen."""

from __future__ import annotations

__all__ = ("CrossExposureMethod",)

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from .boxes import Box
from .cross_exposure_samples import (
    draw_patch_samples,
    family_margin,
    largest_margin,
    restore_family,
    restore_whole_family,
)
from .default_network import load_default_network
from .errors import InvalidExposureError
from .exposure_source import ExposureSource
from .exposure_stack import ExposureStack
from .gated_refinement import refine_bright
from .mirrored_cutout import mirrored_cutout
from .mixing_network import MixingNetwork, make_features
from .mixing_training import train_mixing_network
from .network_weights import unpack_network
from .noise_variance import finish_variance
from .point_response import PIXEL_GRID_RESPONSE
from .restoration_config import RestorationConfig
from .restoration_result import empty_history
from .target_psf import convolve_to_target
from .tiled_restoration import OnStrip, restore_tiles

MIN_EXPOSURES = 3
N_GROUPS = 4
"""Groups of exposures whose deletion in turn gives the variance."""


class CrossExposureMethod:
    """Mix restorations by weights trained on left-out exposures.

    Each training sample restores a tile from a random subset of the
    exposures; the loss is on exposures outside of it.  Noise inside the
    subset says nothing about noise outside, so there is nothing to over-fit
    and no stopping rule.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    config : `RestorationConfig`
        Uses ``cross_exposure``, ``tiles``, ``n_noise_realizations``, ``seed``.

    packed : `~collections.abc.Mapping`, optional
        Trained network in plain values to begin with, instead of the one that
        the config asks for.

    Raises
    ------
    InvalidExposureError
        Raised if there are fewer than three exposures to train on.
    InvalidNetworkError
        Raised if ``packed`` is damaged or of another kind.
    """

    def __init__(
        self, exposures: ExposureSource, config: RestorationConfig, packed: Mapping[str, Any] | None = None
    ) -> None:
        options = config.cross_exposure
        if options.steps > 0 and len(exposures) < MIN_EXPOSURES:
            raise InvalidExposureError(
                f"Cross-exposure training needs {MIN_EXPOSURES} exposures; there are {len(exposures)}, "
                f"of visits {list(exposures.visits)}.",
                n_exposures=len(exposures),
            )
        self._exposures = exposures
        self._config = config
        rng = np.random.default_rng([config.seed, 2])
        groups = np.array_split(rng.permutation(len(exposures)), N_GROUPS)
        self._groups = [{exposures.visits[index] for index in group} for group in groups]
        self._turn = threading.Lock()
        if packed is None and options.network == "shipped":
            packed = load_default_network()
        self.network = MixingNetwork(config) if packed is None else unpack_network(packed, config)

    def _mix(self, features: np.ndarray, members: np.ndarray) -> np.ndarray:
        from keras import ops

        # The backend has threads of its own; tiles take turns.
        with self._turn:
            return np.asarray(ops.convert_to_numpy(self.network.mix(features, members)))

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        if self._config.cross_exposure.steps == 0:
            return empty_history()
        start = time.monotonic()
        samples = draw_patch_samples(self._exposures, self._config.cross_exposure, self._config.seed)
        log.info("Made %d training samples in %.0f s.", len(samples), time.monotonic() - start)
        return train_mixing_network(
            self.network, samples, self._config.cross_exposure, seed=self._config.seed, log=log
        )

    def restore(
        self, kernel: np.ndarray | None, log: logging.Logger, on_strip: OnStrip | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        def restore_tile(stack: ExposureStack, tile: Box) -> tuple[np.ndarray, np.ndarray | None]:
            return self._restore_tile(stack, tile, kernel)

        latent, variance = restore_tiles(
            self._exposures,
            restore_tile,
            self._config.tiles,
            reach=self.network.margin
            + largest_margin(self._exposures.psf.radius)
            + (0 if kernel is None else len(kernel) // 2),
            log=log,
            on_strip=on_strip,
        )
        return latent, None if variance is None else finish_variance(variance)

    def point_response(self) -> np.ndarray:
        return PIXEL_GRID_RESPONSE

    def _restore_tile(
        self, stack: ExposureStack, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        latent = self._restore(stack, tile)
        if kernel is None:
            return latent, None
        return latent, self._tile_variance(stack, tile.intersection(self._exposures.box), kernel)

    def _restore(self, stack: ExposureStack, latent_box: Box) -> np.ndarray:
        """Return the latent image of a box in the unit of the stack."""
        updates = self._config.cross_exposure.refinement_updates
        reach = self.network.margin
        grown = latent_box.grown_by(reach)
        if not mirrored_cutout(stack, grown).valid.any():
            return np.zeros(latent_box.shape, np.float32)
        if updates:
            reach += family_margin(stack, grown)
            family = restore_whole_family(stack, grown)
        else:
            family = restore_family(stack, grown)
        latent = self._mix(make_features(family)[None], family.members[None])[0]
        if updates:
            latent = refine_bright(latent, family, updates)
        return latent[reach:-reach, reach:-reach] * np.float32(family.unit)

    def _tile_variance(self, stack: ExposureStack, tile: Box, kernel: np.ndarray) -> np.ndarray:
        """Return the delete-a-group jackknife variance of a tile."""
        latent_box = tile.grown_by(len(kernel) // 2)
        needed = latent_box.grown_by(self.network.margin + largest_margin(stack.psf.radius))
        part = stack.cutout(needed.intersection(stack.box))
        images = []
        for group in self._groups:
            rest = part.select([index for index, visit in enumerate(part.visits) if visit not in group])
            images.append(convolve_to_target(self._restore(rest, latent_box), latent_box, kernel, tile))
        return (len(images) - 1) * np.var(images, axis=0)

    def summary(self) -> dict[str, int | float | str]:
        import keras

        return {
            "backend": keras.backend.backend(),
            "keras_version": keras.version(),
            "n_parameters": int(self.network.model.count_params()),
        }
