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

"""What Rubin's deblender works on, with restored images in place of the deconvolved coadd.

``python -m benchmarks.deblending doc/benchmarks`` takes the crowded fields of
the scoreboard, or those that ``--fields`` names, and writes ``deblending.md``
with a picture of the first.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from lsst.acn.deconvolve_coadd import MODEL_PSF_FWHM
from lsst.acn.simulation import simulate_field

from ..peers.cost import limit_threads
from ..scoreboard.field_truth import read_truth
from ..scoreboard.fields import FIELDS, BenchmarkField
from .blend_scores import BlendScore, score_blends
from .figure import draw_blends
from .images import deconvolved_images, read_field
from .tables import format_deblending

LOG = logging.getLogger("deblending")
PICTURE = "deblending.png"
TRUTH = "truth"


def main() -> None:
    """Compare, and write the tables."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in FIELDS if each.name in arguments.fields]
    with limit_threads(arguments.threads):
        scores = {each.name: compare(each, arguments.folder / PICTURE) for each in chosen[::-1]}
    path = arguments.folder / "deblending.md"
    path.write_text(format_deblending({each.name: scores[each.name] for each in chosen}, PICTURE))
    print(f"Wrote {path}.")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    names = [each.name for each in FIELDS]
    crowded = [each.name for each in FIELDS if each.is_crowded]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the tables are written")
    parser.add_argument(
        "--fields", nargs="+", choices=names, default=crowded, help="fields of the scoreboard"
    )
    parser.add_argument("--threads", type=int, default=1, help="cores to use (default: %(default)s)")
    return parser.parse_args()


def compare(field: BenchmarkField, picture: Path) -> dict[str, BlendScore]:
    """Return what is found on all images of a field.

    Parameters
    ----------
    field : `~benchmarks.scoreboard.fields.BenchmarkField`
        The field.
    picture : `pathlib.Path`
        Where it is drawn.

    Returns
    -------
    scores : `dict` [`str`, `BlendScore`]
        By the name of the image.
    """
    LOG.info("%s: %s.", field.name, field.describe())
    simulated = simulate_field(field.config)
    known, truth = read_field(simulated.stack), read_truth(simulated, MODEL_PSF_FWHM)
    images = deconvolved_images(simulated.stack, known) | {TRUTH: truth.image * known.allowed}
    scores = {name: score_blends(image, known, truth) for name, image in images.items()}
    draw_blends(picture, images, scores, known)
    return scores
