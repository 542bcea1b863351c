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

"""Train the network that ships inside the package.

``python -m benchmarks.shipped.train_default_network`` simulates fields that cover
seeing from 0.4 to 1.3 arcsec, pixels from 0.1 to 0.3 arcsec, 3 to 64 exposures,
sparse to crowded skies, and what is wrong with real exposures, trains one mixing
network against the truth of all of them, and writes
``python/lsst/acn/data/mixing_network.json``.  Each field is restored twice, from
all and from some of its exposures.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from lsst.acn import RestorationConfig
from lsst.acn.methods.cross_exposure.network.mixing_network import (
    MixingNetwork,
    fresh_network,
    network_margin,
)
from lsst.acn.methods.cross_exposure.network.trainable import TrainableNetwork
from lsst.acn.methods.cross_exposure.network.training import take_training_steps
from lsst.acn.methods.cross_exposure.network.weights import pack_network, unpack_network
from lsst.acn.simulation import simulate_field

from .training_fields import corrected_stack, draw_field, is_ideal_field
from .truth_training import TruthSample, draw_truth_batches, make_truth_sample, truth_loss

OUTPUT = Path(__file__).parents[2] / "python" / "lsst" / "acn" / "data" / "mixing_network.json"
FIRST_FIELD_SEED = 100_000
"""The benchmark's fields have seeds far below this, and are never seen here."""

SAMPLES_OF_FIELD = 2
TILE_SIZE = 112
BATCH_SIZE = 4
LEARNING_RATE = 0.002
IDEAL_SHARE = 0.5
"""Share of the draws that are of fields with nothing wrong, of which there are
a third: what the network learns of the others is not to cost it there."""

STEPS_PER_ROW = 250
"""Steps that a row of the training history sums up."""


def main() -> None:
    """Simulate, train, and write the network."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log = logging.getLogger("train_default_network")
    start = time.monotonic()
    samples = gather_samples(arguments.fields, arguments.processes, arguments.cache, log)
    config = RestorationConfig()
    options = config.cross_exposure
    rng = np.random.default_rng(config.seed)
    first = read_network(arguments.begin) or fresh_network(options.channels, options.dilations, rng)
    network = TrainableNetwork(first, options.huber_delta)
    options.steps, options.learning_rate = arguments.steps, arguments.learning_rate
    loss = truth_loss(network, config.target_psf_fwhm)
    drawn = batches(samples, draw_chances(arguments.fields), config.seed)
    history = take_training_steps(network, drawn, loss, options, log)
    provenance = {
        "script": "benchmarks/shipped/train_default_network.py",
        "fields": arguments.fields,
        "samples": len(samples),
        "steps": arguments.steps,
        "learning_rate": arguments.learning_rate,
        "begun_with": provenance_of(arguments.begin),
        "seed": config.seed,
        "final_loss": round(float(history["loss"][-1]), 6),
    }
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(
        json.dumps(pack_network(network.trained(), provenance, precision="int8"), indent=1) + "\n"
    )
    print(f"Wrote {arguments.output} after {time.monotonic() - start:.0f} s: {provenance}")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=320, help="Number of simulated fields.")
    parser.add_argument("--steps", type=int, default=12000, help="Training steps.")
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE, help="At the first step.")
    parser.add_argument("--begin", type=Path, help="Trained network to begin with, instead of a fresh one.")
    parser.add_argument("--processes", type=int, default=2, help="Processes that simulate.")
    parser.add_argument("--cache", type=Path, help="Folder where samples are kept for the next training.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="Where to write the network.")
    return parser.parse_args()


def gather_samples(
    n_fields: int, n_processes: int, cache: Path | None, log: logging.Logger
) -> list[TruthSample]:
    """Return the samples of all fields, in the order of their seeds."""
    samples: list[TruthSample] = []
    start = time.monotonic()
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        for index, drawn in enumerate(pool.map(field_samples, range(n_fields), [cache] * n_fields)):
            samples += drawn
            if (index + 1) % 10 == 0:
                log.info("Field %d of %d after %.0f s.", index + 1, n_fields, time.monotonic() - start)
    return samples


def field_samples(index: int, cache: Path | None = None) -> list[TruthSample]:
    """Return the samples of one random field, simulated or from the cache.

    Parameters
    ----------
    index : `int`
        Number of the field, which is its seed.
    cache : `pathlib.Path`, optional
        Folder of samples.

    Returns
    -------
    samples : `list` [`TruthSample`]
        Of the whole field.
    """
    if cache is None:
        return simulate_samples(index)
    cache.mkdir(parents=True, exist_ok=True)
    paths = [cache / f"{index}-{number}.npz" for number in range(SAMPLES_OF_FIELD)]
    if not all(path.exists() for path in paths):
        for path, sample in zip(paths, simulate_samples(index), strict=True):
            np.savez(path, **vars(sample))
    return [read_sample(path) for path in paths]


def read_sample(path: Path) -> TruthSample:
    """Return a sample from a file of the cache."""
    with np.load(path, allow_pickle=False) as arrays:
        return TruthSample(**{name: arrays[name] for name in arrays.files})


def simulate_samples(index: int) -> list[TruthSample]:
    """Return the samples of one random field, from all and from some of its exposures.

    Parameters
    ----------
    index : `int`
        Number of the field, which is its seed.

    Returns
    -------
    samples : `list` [`TruthSample`]
        Of the whole field.
    """
    config = RestorationConfig()
    margin = network_margin(config.cross_exposure.dilations)
    field = simulate_field(draw_field(FIRST_FIELD_SEED + index))
    truth = field.truth_image(config.target_psf_fwhm)
    rng = np.random.default_rng([FIRST_FIELD_SEED + index, 2])
    n_visits = len(field.stack)
    some = rng.permutation(n_visits)[: rng.integers(min(3, n_visits), n_visits + 1)]
    stacks = (field.stack, field.stack.select(np.sort(some)))
    return [make_truth_sample(corrected_stack(stack), truth, margin) for stack in stacks]


def read_network(path: Path | None) -> MixingNetwork | None:
    """Return a network from a file, `None` without one."""
    return None if path is None else unpack_network(json.loads(path.read_text()))


def provenance_of(path: Path | None) -> dict[str, Any] | None:
    """Return how a network in a file was trained, `None` without one."""
    return None if path is None else json.loads(path.read_text())["provenance"]


def draw_chances(n_fields: int) -> np.ndarray:
    """Return how often each sample is drawn, shape ``(n_fields * SAMPLES_OF_FIELD,)``; their sum is 1."""
    is_ideal = np.array([is_ideal_field(FIRST_FIELD_SEED + index) for index in range(n_fields)])
    share = is_ideal.mean() if is_ideal.all() or not is_ideal.any() else IDEAL_SHARE
    chances = np.where(is_ideal, share / max(is_ideal.sum(), 1), (1.0 - share) / max((~is_ideal).sum(), 1))
    return np.repeat(chances / SAMPLES_OF_FIELD, SAMPLES_OF_FIELD)


def batches(
    samples: list[TruthSample], chances: np.ndarray, seed: int
) -> Iterator[tuple[tuple[np.ndarray, ...], bool]]:
    """Yield batches, and where a row of the history ends."""
    rng = np.random.default_rng([seed, 7])
    drawn = draw_truth_batches(samples, chances, size=TILE_SIZE, batch_size=BATCH_SIZE, rng=rng)
    for number, batch in enumerate(drawn, start=1):
        yield batch, number % STEPS_PER_ROW == 0


if __name__ == "__main__":
    main()
