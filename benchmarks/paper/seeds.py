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

"""How far the paper's network depends on its random weights, by the number of exposures.

``python -m benchmarks.paper.seeds doc/benchmarks`` restores fields of 3, 12, 33
and 100 exposures from 20 seeds each with ``config/paper.py``, and writes the
errors against the truth, and their spread, to ``paper_seeds.md``.  That takes a
day; ``--size``, ``--epochs`` and ``--seeds`` make it shorter.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lsst.acn import Box, RestorationConfig, TrainingDivergedError, restore
from lsst.acn.simulation import (
    ConditionsConfig,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    simulate_field,
)

from ..peers.networks import PAPER, network_config
from ..scoreboard.errors_of_pixels import relative_error, sky_errors
from ..scoreboard.field_truth import FieldTruth, read_truth
from ..scoreboard.markdown import number, table

FILE = "paper_seeds.md"
EXPOSURES = (3, 12, 33, 100)
FIELD_SEED = 16
TARGET_FWHM = 2.5
FIGURES = ("sky", "faint", "middle", "bright")
SOURCES_PER_PIXEL = 70 / 96**2

INTRODUCTION = """# Seeds of the paper's network

The same field of {size}² pixels, restored from {seeds} seeds with {epochs} epochs and otherwise as
`config/paper.py` has it: mean of each error, and its standard deviation over the seeds in per cent of
that mean.  The errors are those of the scoreboard: sky in units of the noise of the coadd, faint, middle
and bright pixels relative to the truth.  Retried: seeds that took more than one attempt.
Failed: seeds of which no attempt came to anything.

`python -m benchmarks.paper.seeds doc/benchmarks {options}`
"""


def main() -> None:
    """Restore all fields from all seeds, and write the table after each."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    lines = INTRODUCTION.format(**vars(arguments), options=options_of(arguments)).splitlines()
    rows = []
    for n_exposures in arguments.exposures:
        field = simulate_field(field_config(n_exposures, arguments.size))
        runs = list(restore_from_seeds(field, arguments.seeds, arguments.epochs))
        rows.append(summarize(n_exposures, runs))
        titles = ["exposures", "seeds", "retried", "failed", *FIGURES]
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / FILE).write_text(
            "\n".join([*lines, "", *table(titles, sorted(rows, key=number_of_exposures)), ""])
        )


def number_of_exposures(row: list[str]) -> int:
    """Return what the rows are sorted by."""
    return int(row[0])


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help=f"Folder that {FILE} is written to.")
    parser.add_argument("--size", type=int, default=96, help="Side of the fields in pixels.")
    parser.add_argument("--epochs", type=int, default=450, help="Epochs of training.")
    parser.add_argument("--seeds", type=int, default=20, help="Number of seeds.")
    parser.add_argument("--exposures", type=int, nargs="+", default=EXPOSURES, help="Numbers of exposures.")
    return parser.parse_args()


def options_of(arguments: argparse.Namespace) -> str:
    """Return the options that give these arguments."""
    names = ("size", "epochs", "seeds")
    numbers = " ".join(map(str, arguments.exposures))
    return " ".join([*(f"--{name} {getattr(arguments, name)}" for name in names), "--exposures", numbers])


def field_config(n_exposures: int, size: int) -> SimulationConfig:
    """Return the scoreboard's conditions of 100 exposures, for any number of them."""
    pixel_scale = 0.2
    return SimulationConfig(
        seed=FIELD_SEED,
        box=Box.from_shape((size, size)),
        visits=n_exposures,
        pixel_scale=pixel_scale,
        psf_size=21,
        scene=SceneConfig(
            crowding=SOURCES_PER_PIXEL * (60.0 / pixel_scale) ** 2,
            star_bright_limit=18.5,
            galaxy_bright_limit=19.0,
        ),
        conditions=ConditionsConfig(seeing=(0.5, 0.8), depth=24.0),
    )


def restore_from_seeds(field: SimulatedField, n_seeds: int, epochs: int) -> Iterator[dict[str, float]]:
    """Yield the figures of each seed, empty where it failed."""
    truth = read_truth(field, TARGET_FWHM)
    for seed in range(n_seeds):
        config = network_config(PAPER, TARGET_FWHM)
        config.seed, config.paper.training.epochs = seed, epochs
        config.n_noise_realizations, config.keep_residual = 2, False
        start = time.monotonic()
        figures = restore_and_measure(field, truth, config)
        print(len(field.stack), seed, figures, f"{time.monotonic() - start:.0f} s", flush=True)
        yield figures


def restore_and_measure(
    field: SimulatedField, truth: FieldTruth, config: RestorationConfig
) -> dict[str, float]:
    """Return the figures of one restoration, and how many attempts it took."""
    try:
        result = restore(field.stack, config)
    except TrainingDivergedError as error:
        logging.warning("Seed %d: %s", config.seed, error)
        return {}
    image, classes = result.image, truth.classes
    errors = {name: relative_error(image, truth.image, classes[name]) for name in FIGURES[1:]}
    sky = sky_errors(image, truth.image, classes["sky"], truth.noise)["sky"]
    return {"attempts": float(result.summary["n_attempts"]), "sky": sky, **errors}


def summarize(n_exposures: int, runs: list[dict[str, float]]) -> list[str]:
    """Return a row of the table."""
    good = [run for run in runs if run]
    retried = sum(run["attempts"] > 1 for run in good)
    counts = [str(count) for count in (n_exposures, len(runs), retried, len(runs) - len(good))]
    return [*counts, *(mean_and_spread([run[name] for run in good]) for name in FIGURES)]


def mean_and_spread(values: list[float]) -> str:
    """Return a mean and the standard deviation around it, in per cent of it."""
    if not values:
        return "–"
    mean, spread = float(np.mean(values)), float(np.std(values))
    return f"{number(3)(mean)} ± {number(0)(100 * spread / mean)} %"


if __name__ == "__main__":
    main()
