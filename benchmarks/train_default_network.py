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

``python benchmarks/train_default_network.py`` simulates fields that cover
seeing from 0.4 to 1.3 arcsec, pixels from 0.1 to 0.3 arcsec, 3 to 64 exposures
and sparse to crowded skies, trains one mixing network on samples of all of
them, and writes ``python/lsst/acn/data/mixing_network.json``.  The same seed
on the same machine gives the same file.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from lsst.acn import Box, RestorationConfig
from lsst.acn.cross_exposure_samples import CrossExposureSample, draw_patch_samples
from lsst.acn.mixing_network import MixingNetwork
from lsst.acn.mixing_training import train_mixing_network
from lsst.acn.network_weights import pack_network
from lsst.acn.simulation import ConditionsConfig, SceneConfig, SimulationConfig, simulate_field

OUTPUT = Path(__file__).parent.parent / "python" / "lsst" / "acn" / "data" / "mixing_network.json"
FIRST_FIELD_SEED = 100_000
"""The benchmark's fields have seeds far below this, and are never seen here."""

PSF_SIZES = (31, 41, 61)
FIELD_SIZE = 160


def main() -> None:
    """Simulate, train, and write the network."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log = logging.getLogger("train_default_network")
    config = RestorationConfig()
    options = config.cross_exposure
    options.steps, options.samples = arguments.steps, arguments.samples
    start = time.monotonic()
    samples: list[CrossExposureSample] = []
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn")) as pool:
        counts = [arguments.samples] * arguments.fields
        for index, drawn in enumerate(pool.map(field_samples, range(arguments.fields), counts)):
            samples += drawn
            if (index + 1) % 8 == 0:
                seconds = time.monotonic() - start
                log.info("Field %d of %d after %.0f s.", index + 1, arguments.fields, seconds)
    network = MixingNetwork(config)
    history = train_mixing_network(network, samples, options, seed=config.seed, log=log)
    provenance = {
        "script": "benchmarks/train_default_network.py",
        "fields": arguments.fields,
        "samples": len(samples),
        "steps": arguments.steps,
        "seed": config.seed,
        "final_loss": round(float(history["loss"][-1]), 6),
    }
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(pack_network(network, provenance), indent=1) + "\n")
    print(f"Wrote {arguments.output} after {time.monotonic() - start:.0f} s: {provenance}")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=64, help="Number of simulated fields.")
    parser.add_argument("--samples", type=int, default=10, help="Training samples of each field.")
    parser.add_argument("--steps", type=int, default=4000, help="Training steps.")
    parser.add_argument("--processes", type=int, default=2, help="Processes that simulate.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="Where to write the network.")
    return parser.parse_args()


def field_samples(index: int, n_samples: int) -> list[CrossExposureSample]:
    """Return the samples of one random field.

    Parameters
    ----------
    index : `int`
        Number of the field, which is its seed.
    n_samples : `int`
        How many to draw.

    Returns
    -------
    samples : `list` [`CrossExposureSample`]
        Of tiles of 96 pixels.
    """
    options = RestorationConfig().cross_exposure
    options.samples = n_samples
    field = simulate_field(draw_field(FIRST_FIELD_SEED + index))
    options.max_held_out = 4 if len(field.stack) >= 16 else 1
    return draw_patch_samples(field.stack, options, FIRST_FIELD_SEED + index)


def draw_field(seed: int) -> SimulationConfig:
    """Return a random field.

    Parameters
    ----------
    seed : `int`
        Of the draw and of the field itself.

    Returns
    -------
    config : `SimulationConfig`
        A small field.
    """
    rng = np.random.default_rng([seed, 1])
    pixel_scale = float(np.exp(rng.uniform(np.log(0.1), np.log(0.3))))
    best = float(np.exp(rng.uniform(np.log(0.4), np.log(1.0))))
    worst = min(best * float(rng.uniform(1.1, 1.7)), 1.3)
    # Undersampled and hopelessly oversampled fields are left out.
    worst = float(np.clip(worst, 2.2 * pixel_scale, 15.0 * pixel_scale))
    best = min(best, worst / 1.05)
    psf_size = next(size for size in PSF_SIZES if size >= 4 * worst / pixel_scale or size == PSF_SIZES[-1])
    arcmin2 = (FIELD_SIZE * pixel_scale / 60) ** 2
    # Between 8 and 400 sources in the field, whatever its size in the sky.
    crowding = float(np.exp(rng.uniform(np.log(8), np.log(400)))) / arcmin2
    visits = round(float(np.exp(rng.uniform(np.log(3), np.log(64)))))
    depth = float(rng.uniform(24.3, 26.0))
    coadd_depth = depth + 1.25 * np.log10(visits)
    return SimulationConfig(
        seed=seed,
        box=Box.from_shape((FIELD_SIZE, FIELD_SIZE)),
        visits=visits,
        pixel_scale=pixel_scale,
        psf_size=psf_size,
        scene=SceneConfig(
            crowding=crowding,
            star_share=float(rng.uniform(0.05, 0.5)),
            faint_limit=float(coadd_depth + rng.uniform(0.3, 1.2)),
            star_bright_limit=float(rng.uniform(16.5, 19.5)),
            galaxy_bright_limit=float(rng.uniform(18.0, 20.0)),
        ),
        conditions=ConditionsConfig(seeing=(best, worst), depth=depth),
    )


if __name__ == "__main__":
    main()
