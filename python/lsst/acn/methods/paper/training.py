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

"""Training a network on the tiles of one patch."""

from __future__ import annotations

__all__ = ("batch_maker", "train")

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays.keras_arrays import keras_arrays
from ...exposures.boxes import Box
from ...forward.forward_model import ForwardModel
from ...forward.paired_forward_model import PairedForwardModel
from ...machine.device_memory import ShrinkingBatches, TakeSteps, UntilOutOfMemory
from ...machine.devices import Devices, has_accelerator
from ...machine.training_step import make_training_step, make_training_steps
from ...restoration_config import RestorationConfig
from ...tiles.grid import draw_tiles, tile_grid
from ..history import TrainingHistory
from .attempt import Attempt
from .inputs import PatchInputs
from .network import PaperNetwork
from .optimizer import make_optimizer
from .resident_patch import ResidentPatch
from .soundness import TrainingGuard

N_START_TILES = 16
FIRST = Attempt()


def train(
    network: PaperNetwork,
    inputs: PatchInputs,
    config: RestorationConfig,
    log: logging.Logger,
    attempt: Attempt = FIRST,
) -> dict[str, np.ndarray]:
    """Train a network on random tiles of a patch.

    Parameters
    ----------
    network : `PaperNetwork`
        Changed in place.
    inputs : `PatchInputs`
        The patch.
    config : `RestorationConfig`
        Uses ``paper``, ``devices`` and ``seed``.
    log : `logging.Logger`
        Told, now and then, the loss and the time that is left.
    attempt : `Attempt`, optional
        Which attempt it is; later ones begin from weights of their own.

    Returns
    -------
    history : `dict` [`str`, `numpy.ndarray`]
        Columns ``epoch``, ``loss``, ``learning_rate`` and ``seconds``, a row
        per epoch.

    Raises
    ------
    MemoryError
        Raised if the device has no room for one tile; batches of several are
        halved until there is.
    TrainingDivergedError
        Raised if the loss stops being finite, jumps and does not come back,
        or is no lower at the end than at the start, or if bright sources are
        lost.
    """
    rng = attempt.stream(config.seed, "tiles")
    training, size = config.paper.training, config.paper.tile_size
    tiles = draw_tiles(inputs.box, size, rng)
    sample = tiles[:N_START_TILES]
    if attempt.number:
        network.draw_weights(attempt)
    network.start(inputs, sample)
    shape = tile_grid(inputs.box, size, 0)[0].shape
    forward_model = PairedForwardModel(shape, inputs.psf.size, network.n_exposures, keras_arrays())
    psfs = network.psfs
    trained_spectra = None if psfs is None else lambda: psfs.spectra(forward_model)
    guard = TrainingGuard(
        network.encode, inputs, sample, forward_model, training.huber_delta, trained_spectra
    )
    n_steps = training.epochs * len(_batches(tiles, training.batch_size))
    optimizer = make_optimizer(config, attempt.rate, n_steps)
    take_steps = _make_steps(network, optimizer, inputs, forward_model, config, log)
    history = TrainingHistory(optimizer, "epoch", training.epochs, log)
    for epoch in range(training.epochs):
        batches = _batches(draw_tiles(inputs.box, size, rng), training.batch_size)
        loss = float(np.mean(take_steps(batches)))
        history.add(loss, ends_epoch=True)
        guard.watch(loss, epoch + 1)
    if training.epochs:
        guard.judge()
    return history.columns()


def _make_steps(
    network: PaperNetwork,
    optimizer: Any,
    inputs: PatchInputs,
    forward_model: ForwardModel,
    config: RestorationConfig,
    log: logging.Logger,
) -> TakeSteps:
    """Return a function that takes the steps of an epoch, with the patch on
    the device if it is to be there and has room.
    """

    def loss(batch: Sequence[Any]) -> Any:
        return network.loss(forward_model, batch)

    def handed_over() -> TakeSteps:
        step = make_training_step(
            network.model,
            optimizer,
            loss,
            jit_compile=config.paper.training.jit_compile,
            devices=Devices(config.devices),
        )
        make_batch = batch_maker(inputs, forward_model)
        take = ShrinkingBatches(lambda tiles: step(make_batch(tiles)), log)
        return lambda batches: [value for tiles in batches for value in take(tiles)]

    resident = config.paper.training.resident
    if config.devices > 1 or resident == "never" or (resident == "auto" and not has_accelerator()):
        return handed_over()

    def on_device() -> TakeSteps:
        patch = ResidentPatch(inputs, forward_model)
        steps = make_training_steps(
            network.model,
            optimizer,
            lambda batch: loss(patch.cut(batch)),
            jit_compile=config.paper.training.jit_compile,
        )
        return lambda batches: steps(patch.places(batches), patch.tensors)

    return UntilOutOfMemory(on_device, handed_over, log)


def _batches(tiles: list[Any], size: int) -> list[list[Any]]:
    """Return full batches; the last one is filled up from the first tiles."""
    size = min(size, len(tiles))
    short = -len(tiles) % size
    tiles = tiles + tiles[:short]
    return [tiles[start : start + size] for start in range(0, len(tiles), size)]


def batch_maker(inputs: PatchInputs, forward_model: ForwardModel) -> Callable[[Sequence[Box]], Sequence[Any]]:
    """Return a function from tiles to the arrays of a step.

    Parameters
    ----------
    inputs : `PatchInputs`
        The patch.
    forward_model : `ForwardModel`
        The decoder, for tiles of this size.

    Returns
    -------
    make_batch : `~collections.abc.Callable`
        As `PatchInputs.batch`, but PSF spectra that do not vary are converted
        only once.
    """
    import keras

    if not inputs.psf.is_constant:
        return lambda tiles: inputs.batch(tiles, forward_model)
    # The spectra are as large as the exposures: hand them over only once.
    spectra = keras.ops.convert_to_tensor(forward_model.spectra(inputs.psf.at(*inputs.box.center))[None])
    return lambda tiles: (*inputs.batch(tiles, forward_model)[:-1], spectra)
