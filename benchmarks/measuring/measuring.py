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

"""Measuring on restored images: fluxes, detection, linearity and colours, by the truth.

``python -m benchmarks.measuring doc/benchmarks`` simulates fields of stars
that are alone or in pairs, and sparse, crowded and empty fields, restores
them, and writes ``measuring.md``; puts stars, discs and bulges into exposures
and writes ``linearity.csv`` and ``linearity.png``; and measures the colours of
sources in three bands for ``colours.md``.  ``--fields`` says how many of each
there are; with one, it is a look of some minutes, not numbers.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from lsst.acn import restore

from ..peers.cost import limit_threads
from .colours import measure_colours
from .detection_fields import KINDS, detection_images, make_field
from .detection_scores import DetectionScore, score_detection
from .injections import responses
from .linearity import write_linearity
from .star_grids import make_grid
from .star_measurements import StarErrors, measure_grid, pooled
from .tables import format_colours, format_measuring

LOG = logging.getLogger("measuring")
SEED = 800_000
"""First seed; those of all other benchmarks and of the training are others."""

SIGNAL_TO_NOISE = (3, 5, 7, 10, 15, 20, 50, 100, 300, 1000)
PAIR_SEPARATION = 4.2
"""Pixels between the stars of a pair: the FWHM of the exposures."""

PAIR_SIGNAL_TO_NOISE = (10, 30, 100)
LEVELS = (3, 5, 10, 30, 100, 300, 1000)
"""Of injected sources."""

COLOUR_FLUXES = (3000.0, 30_000.0)
"""Of sources in r, in nJy."""


def main() -> None:
    """Measure, and write the tables."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with limit_threads(arguments.threads):
        for part in arguments.parts:
            PARTS[part](arguments.folder, arguments.fields)


def write_measuring(folder: Path, n_fields: int) -> None:
    """Write the tables of stars and of detection.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where to.
    n_fields : `int`
        Fields of each kind.
    """
    alone = {each: stars(each, n_fields) for each in SIGNAL_TO_NOISE}
    pairs = {each: stars(each, n_fields, PAIR_SEPARATION) for each in PAIR_SIGNAL_TO_NOISE}
    found = {kind: detections(kind, n_fields) for kind in KINDS}
    path = folder / "measuring.md"
    path.write_text(format_measuring(alone, pairs, found, n_fields))
    print(f"Wrote {path}.")


def write_linearity_of_one(folder: Path, n_fields: int) -> None:
    """Write the responses to injected sources: one field, whose noise drops out.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where to.
    n_fields : `int`
        Not looked at.
    """
    LOG.info("Injected sources.")
    write_linearity(list(responses(SEED + 300_000, LEVELS)), folder)
    print(f"Wrote {folder / 'linearity.csv'} and {folder / 'linearity.png'}.")


def write_colours(folder: Path, n_fields: int) -> None:
    """Write the table of colours.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where to.
    n_fields : `int`
        Number of fields.
    """
    LOG.info("Colours.")
    seeds = [SEED + 400_000 + 10_000 * number for number in range(n_fields)]
    errors = {flux: [measure_colours(seed, flux) for seed in seeds] for flux in COLOUR_FLUXES}
    path = folder / "colours.md"
    path.write_text(format_colours(errors, n_fields))
    print(f"Wrote {path}.")


PARTS = {"measuring": write_measuring, "linearity": write_linearity_of_one, "colours": write_colours}
"""What is written, by name (`dict`)."""


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the tables are written")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured")
    parser.add_argument("--fields", type=int, default=4, help="fields of each kind (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="cores to use (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one field of each kind")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.fields = 1
    return arguments


def stars(signal_to_noise: float, n_fields: int, separation: float = 0.0) -> StarErrors:
    """Return the errors of the stars of some fields.

    Parameters
    ----------
    signal_to_noise : `float`
        Of each star.
    n_fields : `int`
        Number of fields.
    separation : `float`, optional
        Pixels between the stars of pairs; 0 for stars alone.

    Returns
    -------
    errors : `StarErrors`
        Of all of them.
    """
    LOG.info("Stars of a signal to noise of %g, %g pixels apart.", signal_to_noise, separation)
    errors = []
    for number in range(n_fields):
        seed = SEED + 100 * int(signal_to_noise) + number + (50 if separation else 0)
        grid = make_grid(seed, signal_to_noise, separation)
        errors.append(measure_grid(grid, restore(grid.stack)))
    return pooled(errors)


def detections(kind: str, n_fields: int) -> dict[str, list[DetectionScore]]:
    """Return what is detected on some fields.

    Parameters
    ----------
    kind : `str`
        Kind of the fields.
    n_fields : `int`
        Number of fields.

    Returns
    -------
    scores : `dict` [`str`, `list` [`DetectionScore`]]
        One for each field, by the image.
    """
    scores: dict[str, list[DetectionScore]] = {}
    for number in range(n_fields):
        LOG.info("Detection on a field that is %s.", kind)
        field = make_field(SEED + 200_000 + 1000 * list(KINDS).index(kind) + number, kind)
        for image in detection_images(field.stack, restore(field.stack)):
            scores.setdefault(image.name, []).append(score_detection(image, field.catalog))
    return scores
