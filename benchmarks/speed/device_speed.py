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

"""Speed of a restoration, and of training, on the device of the Keras backend.

``KERAS_BACKEND=jax python -m benchmarks.speed.device_speed --size 4200 --train``
restores a patch of 33 exposures that is in memory, once to compile and once to
be timed; restores one tile by NumPy and SciPy, and on the device; and says
what share of the bandwidth of copying the device reaches.  With ``--train`` it
takes some epochs of ``config/paper.py``, and trains the mixing network from
scratch on the patch.
"""

from __future__ import annotations

import argparse
import logging

import numpy as np
from astropy.table import Table

from lsst.acn import Box, ExposureStack, RestorationConfig
from lsst.acn.machine.backend_setup import prepare_backend
from lsst.acn.machine.threads import cores
from lsst.acn.methods.cross_exposure.family.family import SHARP_PATH
from lsst.acn.methods.cross_exposure.family.first_model import FIRST_PASS
from lsst.acn.methods.cross_exposure.family.margins import family_margin
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.tile import EXPOSURES
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.methods.paper.network import PaperNetwork
from lsst.acn.methods.paper.training import train

from .clock import device_copy_bandwidth, least_seconds, seconds_of
from .scale import TARGET_KERNEL, TILE
from .scale_fields import tiled_stack

LOG = logging.getLogger("device_speed")
BYTES_PER_EXPOSURE = 140.0
"""Least bytes that a pixel of an exposure costs: sort, judge, two sums with a
model and one without, each reading and writing its planes once."""

BYTES_PER_UPDATE = 60.0
"""The same of a pixel in an update."""

PAPER_EPOCHS = 450
TIMED_EPOCHS = 3


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1050, help="Side of the patch in pixels.")
    parser.add_argument("--visits", type=int, default=33, help="Number of exposures.")
    parser.add_argument("--cores", type=int, help="Cores that prepare tiles.")
    parser.add_argument("--batch-size", type=int, default=16, help="Tiles in a step of the paper's training.")
    parser.add_argument("--train", action="store_true", help="Train, too.")
    arguments = parser.parse_args()
    prepare_backend()
    print(f"{describe_device()}; copying moves {device_copy_bandwidth() / 1e9:.0f} GB/s there.")
    stack = tiled_stack(arguments.size, arguments.visits)
    rows = [*tile_rows(arguments.visits), *patch_rows(stack, arguments.cores)]
    if arguments.train:
        rows += training_rows(stack, arguments.batch_size)
    table = Table(rows=rows, names=("what", "seconds"))
    table["seconds"].info.format = ".3f"
    table.pprint_all()


def tile_rows(visits: int) -> list[tuple[str, float]]:
    """Return the times of one tile on the host and on the device."""
    stack = tiled_stack(TILE + 200, visits)
    tile = Box.from_shape((TILE, TILE), (100, 100))

    def restore(engine: str) -> float:
        method = CrossExposureMethod(stack, config_of(engine))
        return least_seconds(lambda: method.restore_tile(stack, tile, TARGET_KERNEL), 5)

    times = {engine: restore(engine) for engine in ("numpy", "backend")}
    traffic = tile_bytes(tile, visits, stack.psf.radius)
    share = traffic / times["backend"] / device_copy_bandwidth()
    print(f"A tile takes the device {times['numpy'] / times['backend']:.1f} times less than NumPy;")
    print(f"it moves at least {traffic / 1e9:.2f} GB, {share:.2f} of what copying would in that time.")
    return [(f"tile, {engine}", seconds) for engine, seconds in times.items()]


def tile_bytes(tile: Box, visits: int, radius: int) -> float:
    """Return the bytes that a tile moves at least, with the way to the device and back."""
    shape = tile.grown_by(family_margin(radius, tile.shape)).shape
    n_exposures = -(-visits // EXPOSURES) * EXPOSURES
    updates = sum(number for _, number in (*FIRST_PASS, *SHARP_PATH))
    return shape[0] * shape[1] * (BYTES_PER_EXPOSURE * n_exposures + BYTES_PER_UPDATE * updates)


def patch_rows(stack: ExposureStack, n_cores: int | None) -> list[tuple[str, float]]:
    """Return the times of a whole patch on the device."""
    method = CrossExposureMethod(stack, config_of("backend"))

    def restore() -> None:
        with cores(n_cores):
            restored, _ = method.restore(TARGET_KERNEL, LOG)
            method.to_latent(restored)

    first = seconds_of(restore)
    return [("patch, first time", first), ("patch, compiled", seconds_of(restore))]


def training_rows(stack: ExposureStack, batch_size: int) -> list[tuple[str, float]]:
    """Return the times of training on the patch."""
    config = RestorationConfig()
    config.method, config.paper.training.epochs = "paper", TIMED_EPOCHS
    config.paper.training.batch_size, config.paper.training.resident = batch_size, "always"
    network = PaperNetwork(config, len(stack))
    history = train(network, PatchInputs(stack, network.margin), config, LOG)
    epoch = float(np.min(np.diff(history["seconds"])))
    mixing = config_of("backend")
    mixing.cross_exposure.network, mixing.cross_exposure.steps = "fresh", 300
    method = CrossExposureMethod(stack, mixing)
    return [
        ("paper, one epoch", epoch),
        (f"paper, {PAPER_EPOCHS} epochs", PAPER_EPOCHS * epoch),
        ("mixing network from scratch", seconds_of(lambda: method.fit(LOG))),
    ]


def config_of(engine: str) -> RestorationConfig:
    """Return the default configuration with this engine."""
    config = RestorationConfig()
    config.cross_exposure.engine = engine
    return config


def describe_device() -> str:
    """Return what the backend runs on."""
    import keras

    backend = keras.backend.backend()
    if backend != "jax":
        return f"{backend}, on its default device"
    import jax

    device = jax.local_devices()[0]
    return f"{backend}, on {device.device_kind}"


if __name__ == "__main__":
    main()
