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

"""Measuring on restored images: stars of known flux, and detection, by the truth.

``python -m benchmarks.measuring doc/benchmarks`` simulates fields of stars
that are alone or in pairs, and sparse, crowded and empty fields, restores
them, and writes ``measuring.md``.  ``--fields`` says how many of each there
are; with one, it is a look of a minute, not numbers.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from lsst.acn import restore

from ..peers.cost import limit_threads
from .detection_fields import KINDS, detection_images, make_field
from .detection_scores import DetectionScore, score_detection
from .star_grids import make_grid
from .star_measurements import StarErrors, measure_grid, pooled
from .tables import format_measuring

LOG = logging.getLogger("measuring")
SEED = 800_000
"""First seed; those of all other benchmarks and of the training are others."""

SIGNAL_TO_NOISE = (3, 5, 7, 10, 15, 20, 50, 100, 300, 1000)
PAIR_SEPARATION = 4.2
"""Pixels between the stars of a pair: the FWHM of the exposures."""

PAIR_SIGNAL_TO_NOISE = (10, 30, 100)


def main() -> None:
    """Measure, and write the tables."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with limit_threads(arguments.threads):
        alone = {each: stars(each, arguments.fields) for each in SIGNAL_TO_NOISE}
        pairs = {each: stars(each, arguments.fields, PAIR_SEPARATION) for each in PAIR_SIGNAL_TO_NOISE}
        found = {kind: detections(kind, arguments.fields) for kind in KINDS}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "measuring.md"
    path.write_text(format_measuring(alone, pairs, found, arguments.fields))
    print(f"Wrote {path}.")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the tables are written")
    parser.add_argument("--fields", type=int, default=4, help="fields of each kind (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="cores to use (default: %(default)s)")
    return parser.parse_args()


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
