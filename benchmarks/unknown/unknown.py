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

"""Restore fields whose PSFs are not known, and write down what comes of it."""

from __future__ import annotations

__all__ = ("main",)

import argparse
import dataclasses
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lsst.acn import Box, ExposureStack, PsfKernels, RestorationConfig, restore
from lsst.acn.errors import UnknownPsfError
from lsst.acn.simulation import SimulatedField, simulate_field

from ..peers.cost import limit_threads
from ..peers.networks import PAPER, network_config
from ..scoreboard.errors_of_pixels import rms_error
from ..scoreboard.field_truth import FieldTruth, read_truth
from ..scoreboard.fields import BenchmarkField, benchmark_field
from .page import Outcome, format_page
from .psf_errors import gaussians, measure_psfs, spoiled

LOG = logging.getLogger("unknown")
TARGET_FWHM = 2.5

# Many of the sources are stars, so that there are five or more, but in the last.  All seeds are their own.
FIELDS = (
    benchmark_field("typical", 980011, (192, 12), 0.168, (0.5, 0.85), 25.3, 110, star_share=0.5),
    benchmark_field("0.1″ pixels, sharp", 980012, (192, 12), 0.1, (0.4, 0.6), 25.3, 80, star_share=0.8),
    benchmark_field("poor seeing", 980013, (192, 12), 0.2, (0.9, 1.3), 25.0, 100, star_share=0.5),
    benchmark_field("0.3″ pixels, sparse", 980014, (192, 12), 0.3, (0.8, 1.3), 25.3, 60, star_share=0.8),
    benchmark_field("no star", 980015, (192, 12), 0.168, (0.5, 0.85), 25.3, 110, star_share=0.0),
)
NETWORK_FIELD = benchmark_field("12 exposures", 980021, (96, 12), 0.2, (0.5, 0.8), 24.5, 70)


def run_field(field: BenchmarkField) -> Iterator[Outcome]:
    """Yield what comes of a field, by what its PSFs are taken for."""
    simulated = simulate_field(field.config)
    stack, truth = simulated.stack, read_truth(simulated, TARGET_FWHM)
    kernels = stack.psf.at(*stack.box.center)
    yield _outcome("true PSFs", "fixed", stack, kernels, truth)
    for name, factor in (
        ("Gaussian", 1.0),
        ("Gaussian, 30 % too narrow", 0.7),
        ("Gaussian, 30 % too wide", 1.3),
    ):
        yield _outcome(name, "estimate", stack, gaussians(kernels, factor), truth)
    wrong = spoiled(kernels, field.config.seed)
    yield _outcome("spoiled", "fixed", stack, wrong, truth)
    yield _outcome("spoiled", "refine", stack, wrong, truth)


def run_network(field: BenchmarkField, epochs: int) -> Iterator[Outcome]:
    """Yield what the paper's network makes of a field, whose PSFs it knows, learns, or has wrong."""
    simulated: SimulatedField = simulate_field(field.config)
    stack, truth = simulated.stack, read_truth(simulated, TARGET_FWHM)
    kernels = stack.psf.at(*stack.box.center)
    yield _outcome("true PSFs", "fixed", stack, kernels, truth, epochs)
    yield _outcome("Gaussian", "fixed", stack, gaussians(kernels, 1.0), truth, epochs)
    yield _outcome("Gaussian", "estimate", stack, gaussians(kernels, 1.0), truth, epochs)


def _outcome(
    name: str, mode: str, stack: ExposureStack, kernels: np.ndarray, truth: FieldTruth, epochs: int = 0
) -> Outcome:
    config = network_config(PAPER, TARGET_FWHM) if epochs else RestorationConfig()
    config.psf_mode, config.keep_residual, config.n_noise_realizations = mode, False, 2
    if epochs:
        config.paper.training.epochs = epochs
    given = dataclasses.replace(stack, psf=PsfKernels.constant(np.asarray(kernels), stack.box))
    true = stack.psf.at(*stack.box.center)
    LOG.info("%s, %s.", name, mode)
    try:
        result = restore(given, config)
    except UnknownPsfError:
        return Outcome(name, mode, None, 0, np.nan, np.nan, np.array([]))
    psfs = kernels if result.psfs is None else result.psfs.psf.at(*stack.box.center)
    classes = truth.classes
    source = classes["middle"] | classes["bright"]
    return Outcome(
        name,
        mode,
        measure_psfs(psfs, true),
        0 if result.psfs is None else result.psfs.n_stars,
        rms_error(result.image, truth.image, source),
        rms_error(result.image, truth.image, classes["sky"]),
        np.asarray(result.history["loss"]),
    )


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unknown", description=__doc__)
    parser.add_argument("folder", type=Path, help="Where unknown-psfs.md is written.")
    parser.add_argument("--epochs", type=int, default=450, help="Epochs of the paper's network.")
    parser.add_argument("--size", type=int, default=96, help="Side of the field that it restores.")
    parser.add_argument("--threads", type=int, default=1, help="Cores to use.")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("lsst").setLevel(logging.ERROR)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "unknown-psfs.md"
    outcomes: dict[str, list[Outcome]] = {}
    with limit_threads(arguments.threads):
        for field in FIELDS:
            LOG.info("Field %r.", field.name)
            outcomes[field.name] = list(run_field(field))
            path.write_text(format_page(outcomes, [], arguments))
        if arguments.epochs:
            box = Box.from_shape((arguments.size, arguments.size))
            config = dataclasses.replace(NETWORK_FIELD.config, box=box)
            network = list(run_network(dataclasses.replace(NETWORK_FIELD, config=config), arguments.epochs))
            path.write_text(format_page(outcomes, network, arguments))
    print(f"Wrote {path}.")
