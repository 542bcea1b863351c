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
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...errors import InvalidExposureError
from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from ...exposures.source import ExposureSource
from ...exposures.stack import ExposureStack
from ...forward.target_psf import convolve_to_target
from ...machine.backend import backend_facts
from ...machine.compiled_inference import compile_inference
from ...machine.device_memory import is_out_of_memory
from ...machine.devices import Devices, has_accelerator
from ...on_device.latent import to_latent as to_latent_on_device
from ...on_device.tile_restorer import TileRestorer
from ...restoration_config import RestorationConfig
from ...tiles.restore_tiles import OnStrip, restore_tiles
from ..history import empty_history
from ..variance import finish_variance
from .error_model import predict_variance
from .family.family import RestorationFamily
from .family.refinement import refine_bright
from .family.sampling import sampled_kernel_fwhm, to_latent
from .network.mixing_network import MIX_CHANNELS, STRIDE, MixingNetwork, make_features
from .network.samples import (
    draw_patch_samples,
    family_margin,
    largest_margin,
    least_margin,
    restore_whole_family,
)
from .network.shipped import compiled_default_network, default_restorer, load_default_network
from .network.training import train_mixing_network
from .network.weights import unpack_network

_LOG = logging.getLogger(__name__)

MIN_EXPOSURES = 3
PATCH_MARGIN = 8
"""Least margin around a latent image that is restored as a whole: beyond it
are no data, only their mirror image."""

N_GROUPS = 4
"""Groups of exposures whose deletion in turn gives the jackknife variance."""


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
        rng = random_stream(config.seed, "jackknife groups")
        groups = np.array_split(rng.permutation(len(exposures)), N_GROUPS)
        self._groups = [{exposures.visits[index] for index in group} for group in groups]
        self._devices = Devices(config.devices)
        self._turn = threading.Lock()
        self._compiled: Callable[..., np.ndarray] | None = None
        self._restorer: TileRestorer | None = None
        engine = config.cross_exposure.engine
        self._on_device = engine == "backend" or (engine == "auto" and has_accelerator())
        is_shipped = packed is None and options.network == "shipped"
        if is_shipped:
            packed = load_default_network()
        # What is trained on the patch itself makes errors that the error model has not seen.
        self._is_as_shipped = packed is not None and options.steps == 0
        if is_shipped and options.steps == 0:
            self.network, self._compiled = compiled_default_network()
            self._restorer = default_restorer(options.refinement_updates, config.devices)
        elif packed is not None:
            self.network = unpack_network(packed, config)
        else:
            self.network = MixingNetwork(config)

    def _mix(self, family: RestorationFamily, y_start: int, x_start: int) -> np.ndarray:
        """Return the latent image of a family whose first pixel is given."""
        # Blocks of pixels begin at the same places, whatever the tiles.
        missing = y_start % STRIDE, x_start % STRIDE
        features, members = make_features(family), family.members
        if any(missing):
            added = [(missing[0], 0), (missing[1], 0), (0, 0)]
            features, members = (np.pad(array, added, mode="edge") for array in (features, members))
        # The backend has threads of its own; tiles take turns at each device.
        with self._turn:
            if self._compiled is None:
                self._compiled = compile_inference(self.network.mix, MIX_CHANNELS)
        with self._devices as device:
            latent = self._compiled(features[None], members[None], device=device)[0]
        return latent[missing[0] :, missing[1] :]

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        if self._config.cross_exposure.steps == 0:
            return empty_history()
        self._compiled = self._restorer = None
        start = time.monotonic()
        samples = draw_patch_samples(self._exposures, self._config.cross_exposure, self._config.seed)
        log.info("Made %d training samples in %.0f s.", len(samples), time.monotonic() - start)
        return train_mixing_network(
            self.network,
            samples,
            self._config.cross_exposure,
            seed=self._config.seed,
            log=log,
            devices=self._devices,
        )

    def restore(
        self,
        kernel: np.ndarray | None,
        log: logging.Logger,
        on_strip: OnStrip | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        def restore_tile(stack: ExposureStack, tile: Box) -> tuple[np.ndarray, np.ndarray | None]:
            return self.restore_tile(stack, tile, kernel)

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
        if variance is None or self.predicts_variance:
            return latent, variance
        return latent, finish_variance(variance)

    def matching_fwhm(self, target_fwhm: float) -> float:
        return sampled_kernel_fwhm(target_fwhm)

    def to_latent(self, restored: np.ndarray) -> np.ndarray:
        return to_latent_on_device(restored) if self._on_device else to_latent(restored)

    @property
    def predicts_variance(self) -> bool:
        """Whether the variance comes with the restoration (`bool`)."""
        return self._is_as_shipped and self._config.cross_exposure.variance == "predicted"

    def restore_tile(
        self, stack: ExposureStack, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the latent image of a tile, and how wrong it is.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures around the tile.
        tile : `Box`
            Pixels of the latent image.
        kernel : `numpy.ndarray` or `None`
            What the latent image will be convolved with.

        Returns
        -------
        latent : `numpy.ndarray`
            In the unit of the stack.
        variance : `numpy.ndarray` or `None`
            Of the restored image, on those pixels that are in the patch, in
            the unit of the stack squared; `None` without a kernel.
        """
        where = tile.intersection(self._exposures.box)
        grown = tile.grown_by(self.network.margin)
        if not stack.cutout(grown.intersection(stack.box)).valid.any():
            return np.zeros(tile.shape, np.float32), None if kernel is None else np.full(where.shape, np.inf)
        if self._on_device:
            inside, variance = self._restore_on_device(stack, tile, kernel)
        else:
            inside, variance = self._restore_on_host(stack, tile, kernel)
        if kernel is None:
            return inside, None
        if variance is None:
            return inside, self._jackknife_tile(stack, where, kernel)
        return inside, variance[where.slices_within(tile)]

    def _restore_on_host(
        self, stack: ExposureStack, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the latent image of a tile and, if it can be told, its expected error."""
        latent, family, margin = self.restore_with_family(stack, tile)
        inside = latent[margin:-margin, margin:-margin] * np.float32(family.unit)
        if kernel is None or not self.predicts_variance:
            return inside, None
        return inside, predict_variance(latent, family, kernel, margin)

    def _restore_on_device(
        self, stack: ExposureStack, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Do what `_restore_on_host` does by the Keras backend."""
        with self._turn:
            if self._restorer is None:
                updates = self._config.cross_exposure.refinement_updates
                self._restorer = TileRestorer(self.network.mix, updates, self._devices)
        least = self.network.margin + least_margin(stack.psf.radius)
        if self._is_whole(stack, tile):
            least = PATCH_MARGIN
        try:
            return self._restorer(stack, tile, least, kernel if self.predicts_variance else None)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            _LOG.warning(
                "The device has no room for %d exposures of a tile: going on with NumPy; with a smaller "
                "tiles.restoring_size there may be.",
                len(stack),
            )
            self._on_device = False
            return self._restore_on_host(stack, tile, kernel)

    def restore_with_family(
        self, stack: ExposureStack, latent_box: Box
    ) -> tuple[np.ndarray, RestorationFamily, int]:
        """Return the latent image of a box, and what it was mixed from.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures.
        latent_box : `Box`
            Pixels of the latent image.

        Returns
        -------
        latent : `numpy.ndarray`
            In the unit of the family, on the pixels of the family.
        family : `~lsst.acn.methods.cross_exposure.family.family.RestorationFamily`
            On more pixels than the box.
        margin : `int`
            How many more, on every side.
        """
        margin = self._margin(stack, latent_box)
        family = restore_whole_family(stack, latent_box, margin)
        latent = self._mix(family, latent_box.y_start - margin, latent_box.x_start - margin)
        updates = self._config.cross_exposure.refinement_updates
        if updates:
            latent = refine_bright(latent, family, updates)
        return latent, family, margin

    def _margin(self, stack: ExposureStack, latent_box: Box) -> int:
        """Return how many pixels around a box are restored with it."""
        if self._is_whole(stack, latent_box):
            return family_margin(stack, latent_box, PATCH_MARGIN)
        grown = latent_box.grown_by(self.network.margin)
        return self.network.margin + family_margin(stack, grown)

    def _is_whole(self, stack: ExposureStack, latent_box: Box) -> bool:
        """Tell whether there are no data beyond a box."""
        return latent_box.contains(self._exposures.box.grown_by(stack.psf.radius))

    def _jackknife_tile(self, stack: ExposureStack, tile: Box, kernel: np.ndarray) -> np.ndarray:
        """Return the delete-a-group jackknife variance of a tile."""
        latent_box = tile.grown_by(len(kernel) // 2)
        needed = latent_box.grown_by(self.network.margin + largest_margin(stack.psf.radius))
        part = stack.cutout(needed.intersection(stack.box))
        images = []
        for group in self._groups:
            rest = part.select([index for index, visit in enumerate(part.visits) if visit not in group])
            latent, _ = self.restore_tile(rest, latent_box, None)
            images.append(convolve_to_target(latent, latent_box, kernel, tile))
        return (len(images) - 1) * np.var(images, axis=0)

    def summary(self) -> dict[str, int | float | str]:
        return {
            **backend_facts(),
            "engine": "backend" if self._on_device else "numpy",
            "n_parameters": int(self.network.model.count_params()),
        }
