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

"""The task that trains one network for a whole survey."""

from __future__ import annotations

__all__ = ("TrainRestorationConfig", "TrainRestorationConnections", "TrainRestorationTask")

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from lsst.pex.config import ConfigField, Field
from lsst.pipe.base import (
    AlgorithmError,
    AnnotatedPartialOutputsError,
    InputQuantizedConnection,
    NoWorkFound,
    OutputQuantizedConnection,
    PipelineTask,
    QuantumContext,
    Struct,
)
from lsst.pipe.base import connectionTypes as cT

from .exposures.random_streams import random_stream
from .exposures.source import ExposureSource
from .field_limits import within
from .records.task_record import provenance_record
from .restoration_config import RestorationConfig
from .warps.algorithm_errors import as_algorithm_errors
from .warps.config import WarpInputsConfig, WarpInputsConnections
from .warps.reader import WarpReader

DIMENSIONS = ("skymap", "band")


class TrainRestorationConnections(WarpInputsConnections, dimensions=DIMENSIONS):
    """Inputs and output of `TrainRestorationTask`."""

    restoration_network = cT.Output(
        doc="Weights of a network that restores any patch of this band.",
        name="restoration_network",
        storageClass="StructuredDataDict",
        dimensions=DIMENSIONS,
    )


class TrainRestorationConfig(WarpInputsConfig, pipelineConnections=TrainRestorationConnections):
    """Config of `TrainRestorationTask`."""

    restoration = ConfigField[RestorationConfig](doc="How the network is built and trained.")
    max_patches = Field[int](
        doc="Number of patches that the network is trained on, drawn at random if there are more.",
        default=50,
        check=within(1, 100_000),
    )

    def setDefaults(self) -> None:
        super().setDefaults()
        self.min_exposures = 3
        self.restoration.method = "cross_exposure"
        self.restoration.cross_exposure.samples = 16
        self.restoration.cross_exposure.steps = 4000

    def validate(self) -> None:
        super().validate()
        if self.restoration.method != "cross_exposure":
            raise ValueError(
                f"restoration.method is {self.restoration.method!r}, but only a cross_exposure network can "
                "be carried from patch to patch."
            )


class TrainRestorationTask(PipelineTask):
    """Train one network on a sample of the patches of a skymap and band.

    Notes
    -----
    Patches are read one after the other, and only their training samples are
    kept.  Patches with fewer usable warps than ``min_exposures`` are passed
    over; if none is left, there is nothing to do and
    `lsst.pipe.base.NoWorkFound` is raised.
    """

    ConfigClass: ClassVar[type[TrainRestorationConfig]] = TrainRestorationConfig

    _DefaultName: ClassVar[str] = "trainRestoration"

    config: TrainRestorationConfig

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        reader = WarpReader(butlerQC, inputRefs, self.config, self.log)
        patches = self.choose_patches(reader.warps)
        stacks = (self._read(handles, reader) for handles in patches.values())
        try:
            with as_algorithm_errors():
                outputs = self.run(
                    stacks=(stack for stack in stacks if stack is not None), n_cores=reader.n_cores
                )
        except AlgorithmError as error:
            raise AnnotatedPartialOutputsError.annotate(error, self, log=self.log) from error
        butlerQC.put(outputs, outputRefs)

    def choose_patches(self, handles: Iterable[Any]) -> Mapping[tuple[int, int], list[Any]]:
        """Return the warps of a random sample of patches.

        Parameters
        ----------
        handles : `~collections.abc.Iterable`
            Deferred handles of warps of all patches.

        Returns
        -------
        patches : `~collections.abc.Mapping`
            Handles by tract and patch, in ascending order.
        """
        patches: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for handle in handles:
            patches[int(handle.dataId["tract"]), int(handle.dataId["patch"])].append(handle)
        names = sorted(patches)
        rng = random_stream(self.config.restoration.seed, "training patches")
        chosen = sorted(rng.permutation(len(names))[: self.config.max_patches].tolist())
        return {names[index]: patches[names[index]] for index in chosen}

    def _read(self, handles: list[Any], reader: WarpReader) -> ExposureSource | None:
        """Return the stack of a patch, or nothing if it is of no use."""
        data_id = handles[0].dataId
        try:
            stack = reader.open(handles)
        except NoWorkFound as error:
            self.log.warning("Passing over tract %s, patch %s: %s", data_id["tract"], data_id["patch"], error)
            return None
        if len(stack) < self.config.min_exposures:
            self.log.warning(
                "Passing over tract %s, patch %s: only %d usable warps.",
                data_id["tract"],
                data_id["patch"],
                len(stack),
            )
            return None
        return stack

    def run(self, *, stacks: Iterable[ExposureSource], n_cores: int = 1) -> Struct:
        """Train the network.

        Parameters
        ----------
        stacks : `~collections.abc.Iterable` [`ExposureSource`]
            Patches to train on, one at a time.
        n_cores : `int`, optional
            Cores to use.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attribute ``restoration_network``, a `dict`
            of plain values.

        Raises
        ------
        lsst.pipe.base.NoWorkFound
            Raised if there is no patch to train on.
        MissingFrameworkError
            Raised if Keras or its backend is not installed.
        TrainingDivergedError
            Raised if the loss stops being finite.
        """
        # Building a quantum graph imports this module, but must not import
        # Keras.
        from .machine.backend_setup import prepare_backend
        from .machine.devices import Devices
        from .machine.threads import cores
        from .methods.cross_exposure.network.mixing_network import fresh_network
        from .methods.cross_exposure.network.samples import draw_patch_samples
        from .methods.cross_exposure.network.trainable import TrainableNetwork
        from .methods.cross_exposure.network.training import train_mixing_network
        from .methods.cross_exposure.network.weights import pack_network

        # What is missing is told before hours go into samples.
        prepare_backend(n_cores)
        config = self.config.restoration
        samples = []
        visits: set[int] = set()
        n_patches = 0
        for n_patches, stack in enumerate(stacks, start=1):
            with cores(n_cores):
                samples += draw_patch_samples(stack, config.cross_exposure, config.seed + n_patches)
            visits.update(stack.visits)
            self.log.info("Drew samples from %d patches, %d in all.", n_patches, len(samples))
        if not samples:
            raise NoWorkFound("No patch has enough usable warps to train a network on.")
        options = config.cross_exposure
        rng = random_stream(config.seed, "training", "weights")
        fresh = fresh_network(options.channels, tuple(options.dilations), rng)
        network = TrainableNetwork(fresh, options.huber_delta)
        history = train_mixing_network(
            network,
            samples,
            options,
            seed=config.seed,
            log=self.log.logger,
            devices=Devices(config.devices),
        )
        summary: dict[str, int | float | str] = {
            "seed": config.seed,
            "n_patches": n_patches,
            "n_samples": len(samples),
            "final_loss": float(history["loss"][-1]),
        }
        for name, value in summary.items():
            self.metadata[name] = value
        record = provenance_record(self.config, sorted(visits), summary)
        return Struct(restoration_network=pack_network(network.trained(), record))
