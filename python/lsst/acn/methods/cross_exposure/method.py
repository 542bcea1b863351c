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

"""The default method: restorations of the same exposures, mixed by a small network."""

from __future__ import annotations

__all__ = ("CrossExposureMethod",)

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...arrays.keras_arrays import keras_arrays
from ...arrays.namespace import Arrays
from ...arrays.numpy_arrays import numpy_arrays
from ...errors import InvalidExposureError
from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from ...exposures.source import ExposureSource
from ...exposures.stack import ExposureStack
from ...forward.target_psf import convolve_to_target
from ...machine.backend import backend_facts
from ...machine.backend_setup import prepare_backend
from ...machine.device_memory import is_out_of_memory
from ...machine.devices import Devices, has_accelerator
from ...restoration_config import RestorationConfig
from ...tiles.restore_tiles import OnStrip, restore_tiles
from ..history import empty_history
from ..variance import finish_variance
from .family.margins import family_margin, largest_margin
from .family.sampling import sampled_kernel_fwhm, to_latent
from .network.mixing_network import MixingNetwork, fresh_network
from .network.samples import draw_patch_samples
from .network.shipped import shipped_network
from .network.trainable import TrainableNetwork
from .network.training import train_mixing_network
from .network.weights import unpack_network
from .tile import TileRestorer

_LOG = logging.getLogger(__name__)

MIN_EXPOSURES = 3
PATCH_MARGIN = 8
"""Least margin around a latent image that is restored as a whole: beyond it
are no data, only their mirror image."""

N_GROUPS = 4
"""Groups of exposures whose deletion in turn gives the jackknife variance."""


class CrossExposureMethod:
    """Restore tiles many times over, and mix what comes of it.

    The network that mixes comes trained.  Where it is trained on the patch,
    each sample restores a tile from a random subset of the exposures, and the
    loss is on exposures outside of it.  Noise inside the subset says nothing
    about noise outside, so there is nothing to over-fit and no stopping rule.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    config : `RestorationConfig`
        Uses ``cross_exposure``, ``tiles`` and ``seed``.
    network : `~collections.abc.Mapping`, optional
        Trained network in plain values to begin with, instead of the one that
        the config asks for.
    n_cores : `int`, optional
        Cores that the Keras backend may use; by default it decides.

    Raises
    ------
    InvalidExposureError
        Raised if there are fewer than three exposures to train on, or fewer
        than two for the jackknife.
    InvalidNetworkError
        Raised if ``network`` is damaged or of another kind.
    """

    def __init__(
        self,
        exposures: ExposureSource,
        config: RestorationConfig,
        network: Mapping[str, Any] | None = None,
        n_cores: int | None = None,
    ) -> None:
        options = config.cross_exposure
        if options.steps > 0 and len(exposures) < MIN_EXPOSURES:
            raise InvalidExposureError(
                f"Cross-exposure training needs {MIN_EXPOSURES} exposures; there are {len(exposures)}, "
                f"of visits {list(exposures.visits)}.",
                n_exposures=len(exposures),
            )
        if options.variance == "jackknife" and len(exposures) < 2:
            raise InvalidExposureError(
                f"The jackknife leaves exposures out, but visit {exposures.visits[0]} is alone.",
                n_exposures=1,
            )
        self._exposures = exposures
        self._config = config
        rng = random_stream(config.seed, "jackknife groups")
        groups = np.array_split(rng.permutation(len(exposures)), N_GROUPS)
        self._groups = [{exposures.visits[index] for index in group} for group in groups]
        self._devices = Devices(config.devices)
        on_device = options.engine == "backend" or (options.engine == "auto" and has_accelerator())
        self._needs_keras = on_device or options.steps > 0
        if self._needs_keras:
            prepare_backend(n_cores)
        self._xp: Arrays = keras_arrays() if on_device else numpy_arrays()
        self._lock = threading.Lock()
        self._restorer: TileRestorer | None = None
        self.mixing_network = _first_network(config, network)
        # What is trained on the patch itself makes errors that the error model has not seen.
        is_trained = network is not None or options.network == "shipped"
        self._is_as_shipped = is_trained and options.steps == 0

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        options = self._config.cross_exposure
        if options.steps == 0:
            return empty_history()
        start = time.monotonic()
        samples = draw_patch_samples(self._exposures, options, self._config.seed)
        log.info("Made %d training samples in %.0f s.", len(samples), time.monotonic() - start)
        network = TrainableNetwork(self.mixing_network, options.huber_delta)
        history = train_mixing_network(
            network, samples, options, seed=self._config.seed, log=log, devices=self._devices
        )
        self.mixing_network, self._restorer = network.trained(), None
        return history

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
            reach=self.mixing_network.margin
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
        return to_latent(restored, self._xp)

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
        grown = tile.grown_by(self.mixing_network.margin)
        if not stack.cutout(grown.intersection(stack.box)).valid.any():
            return np.zeros(tile.shape, np.float32), None if kernel is None else np.full(where.shape, np.inf)
        inside, variance = self._restore(stack, tile, kernel if self.predicts_variance else None)
        if kernel is None:
            return inside, None
        if variance is None:
            return inside, self._jackknife_tile(stack, where, kernel)
        return inside, variance[where.slices_within(tile)]

    def _restore(
        self, stack: ExposureStack, tile: Box, kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the latent image of a tile and, with a kernel, its expected error."""
        restorer, margin = self._tile_restorer(), self.margin(stack, tile)
        try:
            return restorer(stack, tile, margin, kernel)
        except Exception as error:
            if self._xp.name == "numpy" or not is_out_of_memory(error):
                raise
        _LOG.warning(
            "The device has no room for %d exposures of a tile: going on with NumPy; with a smaller "
            "tiles.restoring_size there may be.",
            len(stack),
        )
        with self._lock:
            self._xp, self._restorer = numpy_arrays(), None
        return self._tile_restorer()(stack, tile, margin, kernel)

    def _tile_restorer(self) -> TileRestorer:
        """Return what restores tiles, with the weights as they are now."""
        with self._lock:
            if self._restorer is None:
                devices = None if self._xp.name == "numpy" else self._devices
                updates = self._config.cross_exposure.refinement_updates
                self._restorer = TileRestorer(self._xp, self.mixing_network, updates, devices)
            return self._restorer

    def margin(self, stack: ExposureStack, latent_box: Box) -> int:
        """Return how many pixels around a box are restored with it.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures.
        latent_box : `Box`
            Pixels of the latent image.

        Returns
        -------
        margin : `int`
            On every side.
        """
        if self._is_whole(stack, latent_box):
            return family_margin(stack.psf.radius, latent_box.shape, PATCH_MARGIN)
        grown = latent_box.grown_by(self.mixing_network.margin)
        return self.mixing_network.margin + family_margin(stack.psf.radius, grown.shape)

    def _is_whole(self, stack: ExposureStack, latent_box: Box) -> bool:
        """Tell whether there are no data beyond a box."""
        return latent_box.contains(self._exposures.box.grown_by(stack.psf.radius))

    def _jackknife_tile(self, stack: ExposureStack, tile: Box, kernel: np.ndarray) -> np.ndarray:
        """Return the delete-a-group jackknife variance of a tile."""
        latent_box = tile.grown_by(len(kernel) // 2)
        needed = latent_box.grown_by(self.mixing_network.margin + largest_margin(stack.psf.radius))
        around = stack.cutout(needed.intersection(stack.box))
        images = []
        for group in self._groups:
            rest = around.select([index for index, visit in enumerate(around.visits) if visit not in group])
            latent, _ = self.restore_tile(rest, latent_box, None)
            images.append(convolve_to_target(latent, latent_box, kernel, tile))
        return (len(images) - 1) * np.var(images, axis=0)

    @property
    def trained_psfs(self) -> None:
        return None

    def summary(self) -> dict[str, int | float | str]:
        facts = backend_facts() if self._needs_keras else {}
        return {"engine": self._xp.name, "n_parameters": self.mixing_network.n_parameters, **facts}


def _first_network(config: RestorationConfig, network: Mapping[str, Any] | None) -> MixingNetwork:
    """Return the network to begin with."""
    options = config.cross_exposure
    if network is not None:
        return unpack_network(network)
    if options.network == "shipped":
        return shipped_network()
    rng = random_stream(config.seed, "mixing network", "weights")
    return fresh_network(options.channels, tuple(options.dilations), rng)
