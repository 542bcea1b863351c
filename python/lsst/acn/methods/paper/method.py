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

"""The paper's network as a restoration method."""

from __future__ import annotations

__all__ = ("PaperMethod",)

import dataclasses
import logging

import numpy as np

from ...exposures.estimated_psfs import EstimatedPsfs
from ...exposures.psf_kernels import PsfKernels
from ...exposures.stack import ExposureStack
from ...forward.point_response import matching_fwhm, measure_point_response
from ...forward.target_psf import convolve_to_target
from ...machine.backend import backend_facts
from ...machine.compiled_inference import compile_inference
from ...restoration_config import RestorationConfig
from ...tiles.grid import TileBlender, tile_grid
from ...tiles.restore_tiles import OnStrip
from ..variance import ignorance
from .attempts import train_until_sound
from .exposure_order import in_order_of_content
from .inputs import PatchInputs
from .network import PaperNetwork
from .noise_variance import estimate_variance
from .trainable_psfs import TrainablePsfs, starting_kernels


class PaperMethod:
    """Train the encoder on a stack, then restore that stack with it.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    config : `RestorationConfig`
        Network, training, tiles and seed.
    """

    def __init__(self, stack: ExposureStack, config: RestorationConfig) -> None:
        self._config = config
        self._stack = stack
        self._ordered = in_order_of_content(stack)
        self._n_attempts = 0
        psfs = None
        if config.psf_mode != "fixed":
            psfs = TrainablePsfs(starting_kernels(self._ordered, config.psf_mode))
        self._trained_psfs: EstimatedPsfs | None = None
        self.network = PaperNetwork(config, len(stack), psfs)
        self.inputs = PatchInputs(self._ordered, self.network.margin)
        self.encode = compile_inference(self.network.encode, model=self.network.model)

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        history, self._n_attempts = train_until_sound(self.network, self.inputs, self._config, log)
        if self.network.psfs is not None:
            psf = PsfKernels.constant(self.network.psfs.to_numpy(), self._stack.box)
            self._ordered = dataclasses.replace(self._ordered, psf=psf)
            self.inputs.psf = psf
            self._trained_psfs = self._estimated(psf)
        return history

    def _estimated(self, psf: PsfKernels) -> EstimatedPsfs:
        """Return kernels with the errors that they would have if the latent image were known."""
        light = float(np.sum(self._latent(self.inputs).astype(np.float64) ** 2))
        errors = np.sqrt(self._ordered.median_variances() / max(light, np.finfo(float).tiny))
        shape = (len(errors), psf.size, psf.size)
        return EstimatedPsfs(
            visits=self._ordered.visits,
            psf=psf,
            errors=np.broadcast_to(errors[:, None, None], shape).astype(np.float32),
            n_stars=0,
        ).select(self._stack.visits)

    def restore(
        self,
        kernel: np.ndarray | None,
        log: logging.Logger,
        on_strip: OnStrip | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        if on_strip is not None:
            on_strip(self._stack.box, self._stack)
        latent = self._latent(self.inputs)
        if kernel is None:
            return latent, None
        variance = estimate_variance(self.encode, self.inputs, self._config, kernel)
        box = self._stack.box
        image = convolve_to_target(latent, box.grown_by(self.inputs.psf.radius), kernel, box)
        return latent, variance + ignorance(image, self._stack.valid.any(axis=0)).astype(np.float32)

    def _latent(self, inputs: PatchInputs) -> np.ndarray:
        tiles = self._config.tiles
        latent_box = inputs.box.grown_by(inputs.psf.radius)
        blender = TileBlender(latent_box, tiles.overlap)
        for tile in tile_grid(latent_box, tiles.restoring_size, tiles.overlap):
            blender.add(tile, self.encode(inputs.encoder_input(tile)[None])[0])
        return blender.result() * np.float32(inputs.scale)

    def to_latent(self, restored: np.ndarray) -> np.ndarray:
        return restored

    def matching_fwhm(self, target_fwhm: float) -> float:
        def restore_latent(stack: ExposureStack) -> np.ndarray:
            return self._latent(PatchInputs(stack, self.network.margin, scale=self.inputs.scale))

        response = measure_point_response(self._ordered, restore_latent)
        return matching_fwhm(response, target_fwhm)

    @property
    def trained_psfs(self) -> EstimatedPsfs | None:
        return self._trained_psfs

    def summary(self) -> dict[str, int | float | str]:
        return {
            **backend_facts(),
            "n_parameters": int(self.network.model.count_params()),
            "n_attempts": self._n_attempts,
        }
