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

``nice -n 19 python -m benchmarks.deblending doc/benchmarks --fields 8 --globular``
simulates eight crowded fields and a globular cluster, and writes
``deblending.md`` with pictures of the first and of the cluster.  Scores are
kept in the folder ``--results``: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import time
from pathlib import Path

from lsst.acn.deconvolve_coadd import MODEL_PSF_FWHM
from lsst.acn.simulation import simulate_field

from ..peers.cost import limit_threads
from ..scoreboard.field_truth import read_truth
from ..scoreboard.fields import BenchmarkField
from .blend_scores import BlendScore, score_blends
from .fields import crowded_fields, globular_field
from .figure import draw_blends
from .images import TRUTH, deconvolved_images, read_field
from .results import ResultStore
from .tables import format_deblending

LOG = logging.getLogger("deblending")


def main() -> None:
    """Compare, and write the page."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    fields = [*crowded_fields(arguments.fields), *([globular_field()] if arguments.globular else [])]
    store = ResultStore(arguments.results)
    with limit_threads(arguments.threads):
        run_missing(fields, store, arguments.minutes)
    path = write_page(fields, store, arguments.folder)
    print(f"Wrote {path}.")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("folder", type=Path, help="where the page is written")
    add("--fields", type=int, default=8, help="number of crowded fields (default: %(default)s)")
    add("--globular", action="store_true", help="with the globular cluster")
    add(
        "--results",
        type=Path,
        default=Path("deblending-results"),
        help="where scores are kept (default: %(default)s)",
    )
    add(
        "--minutes", type=float, default=float("inf"), help="begin no field after so many (default: no limit)"
    )
    add("--threads", type=int, default=1, help="cores to use (default: %(default)s)")
    return parser.parse_args()


def run_missing(fields: list[BenchmarkField], store: ResultStore, minutes: float) -> None:
    """Compare on all fields of which there are no scores.

    Parameters
    ----------
    fields : `list` [`~benchmarks.scoreboard.fields.BenchmarkField`]
        The fields; the last, which is the rarest, comes first.
    store : `ResultStore`
        Where scores are kept.
    minutes : `float`
        Time after which no other field is begun.
    """
    start = time.monotonic()
    for field in fields[-1:] + fields[:-1]:
        if store.load(field) is not None:
            continue
        if time.monotonic() - start > 60.0 * minutes:
            LOG.warning("No time is left for %s.", field.name)
            continue
        LOG.info("%s: %s.", field.name, field.describe())
        store.folder.mkdir(parents=True, exist_ok=True)
        store.save(field, compare(field, store.picture(field)))


def write_page(fields: list[BenchmarkField], store: ResultStore, folder: Path) -> Path:
    """Write the page of all fields of which there are scores.

    Parameters
    ----------
    fields : `list` [`~benchmarks.scoreboard.fields.BenchmarkField`]
        The fields.
    store : `ResultStore`
        Their scores.
    folder : `pathlib.Path`
        Where the page and its pictures are written.

    Returns
    -------
    path : `pathlib.Path`
        The page.
    """
    found = {field: scores for field in fields if (scores := store.load(field)) is not None}
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    shown = dict(
        zip(("deblending.png", "deblending-last.png"), [*found][:: max(len(found) - 1, 1)], strict=False)
    )
    for name, field in shown.items():
        shutil.copyfile(store.picture(field), folder / name)
        pictures[field.name] = name
    path = folder / "deblending.md"
    path.write_text(format_deblending(found, pictures))
    return path


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
    simulated = simulate_field(field.config)
    known, truth = read_field(simulated.stack), read_truth(simulated, MODEL_PSF_FWHM)
    images = deconvolved_images(simulated.stack, known) | {TRUTH: truth.image * known.allowed}
    draw_blends(picture, images, known)
    return {name: score_blends(image, known, truth) for name, image in images.items()}
