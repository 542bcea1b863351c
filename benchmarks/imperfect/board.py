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

"""The scoreboard of imperfect exposures: all methods on fields with one fault each.

``python -m benchmarks.imperfect doc/benchmarks`` simulates a few fields of each
row, restores them with every method, and writes ``imperfect.md`` and two
pictures.  Scores are kept in the folder ``imperfect-results`` beside them: a run
that was stopped goes on where it was, and ``--again`` runs the chosen methods
and rows anew.  ``--quick`` takes one small field of each row: it shows that
everything runs.
"""

from __future__ import annotations

__all__ = ("Board", "main", "seeds")

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lsst.acn.simulation import SimulationConfig

from ..peers import classic, linear_coadds, networks, rubin
from ..peers import starred as starred_peer
from ..peers.runners import TARGET_FWHM, make_runners
from ..scoreboard.cutouts import Cutouts, draw_cutouts
from ..scoreboard.progress import Progress
from .figure import draw_errors
from .imperfect_score import pool
from .one_field import UPDATES, FieldJob
from .results import TRUTH, Recipe, ResultStore
from .rows import QUICK_SIZE, QUICK_VISITS, ROWS, Row
from .tables import format_imperfect
from .targets import Scores, judge
from .workers import run_jobs

FIRST_SEED = 700_001
"""Of the fields: those from 700 000 on are for these tables alone.  Nothing is
trained, fitted or tuned on them; training begins at 100 000, 200 000 and
300 000.  Rows share their seeds, and so their skies: the rows differ in their
faults."""

FIELDS = 3
"""Fields of each row."""

METHODS = ("coadd", rubin.NAME, "ImageMM", starred_peer.NAME, networks.SHIPPED)
"""Parts of the names of the methods that are run by default."""

FURTHER = (networks.TRAINED,)
"""Methods that are run where they are asked for."""


def seeds(number: int) -> range:
    """Return the seeds of so many fields."""
    return range(FIRST_SEED, FIRST_SEED + number)


class Board:
    """The rows, the methods, and the results so far.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where tables and pictures go.
    rows : `~collections.abc.Mapping` [`str`, `~benchmarks.imperfect.rows.Row`]
        The rows by name.
    methods : `~collections.abc.Sequence` [`str`]
        Names of all methods.
    number : `int`
        Fields of each row.
    quick : `bool`, optional
        Whether fields are small and methods do little.
    """

    def __init__(
        self, folder: Path, rows: Mapping[str, Row], methods: Sequence[str], number: int, quick: bool = False
    ) -> None:
        self.folder, self.rows, self.methods = folder, rows, methods
        self.number, self.quick = number, quick
        self.store = ResultStore(folder / ("imperfect-quick-results" if quick else "imperfect-results"))

    def configs(self, row: str) -> list[SimulationConfig]:
        """Return how the fields of a row are simulated."""
        smaller = {"size": QUICK_SIZE, "visits": QUICK_VISITS} if self.quick else {}
        return [self.rows[row].config(seed, **smaller) for seed in seeds(self.number)]

    def describe(self) -> str:
        """Return in words what fields there are."""
        config = next(config for row in self.rows for config in self.configs(row))
        height, width = config.box.shape
        count = f"{self.number} fields" if self.number > 1 else "a field"
        size = f"{height} × {width} pixels of {config.pixel_scale:g}″"
        return f"{count} of {config.visits} exposures of {size} for each"

    def jobs(self, rows: Sequence[str], methods: Sequence[str], again: bool = False) -> list[FieldJob]:
        """Return what is to be done: what has no score yet, or everything again."""
        jobs = []
        for row in rows:
            for config in self.configs(row):
                missing = [
                    method for method in methods if again or not self.store.load(Recipe(row, config, method))
                ]
                if missing:
                    jobs.append(FieldJob(row, config, tuple(missing), self.store.folder, self.quick))
        return jobs

    def scores(self) -> Scores:
        """Return what there is: numbers of each method, by row."""
        result: dict[str, dict[str, dict[str, float]]] = {}
        for row in self.rows:
            for method in self.methods:
                found = [self.store.load(Recipe(row, config, method)) for config in self.configs(row)]
                if kept := [score for score in found if score is not None]:
                    result.setdefault(row, {})[method] = pool(kept)
        return result

    def failures(self) -> dict[tuple[str, str], str]:
        """Return why methods have no score, by row and method."""
        reasons = {}
        for row in self.rows:
            for method in self.methods:
                for config in self.configs(row):
                    if reason := self.store.failure(Recipe(row, config, method)):
                        reasons[row, method] = reason
        return reasons

    def write(self, settings: Mapping[str, object], pictures: bool = True) -> Scores:
        """Write the tables, and the pictures, of all that is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scores = self.scores()
        text = format_imperfect(self.rows, self.methods, scores, self.failures(), settings)
        (self.folder / "imperfect.md").write_text(text)
        if scores and pictures:
            draw_errors(scores, self.methods).savefig(self.folder / "imperfect.png")
            self._draw_cutouts([row for row in self.rows if row in scores])
        return scores

    def _draw_cutouts(self, rows: Sequence[str]) -> None:
        cutouts = []
        for row in rows:
            config = self.configs(row)[0]
            images = {
                method: image
                for method in (TRUTH, *self.methods)
                if (image := self.store.load_cutout(Recipe(row, config, method))) is not None
            }
            if TRUTH in images:
                cutouts.append(Cutouts(row, 1.0, images.pop(TRUTH), images))
        shown = [name for name in self.methods if any(name in each.images for each in cutouts)]
        if shown:
            draw_cutouts(cutouts, shown).savefig(self.folder / "imperfect-cutouts.png")


def main() -> None:
    """Restore, score, and write the tables and the pictures."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    number = arguments.fields or (1 if arguments.quick else FIELDS)
    runners, skipped = make_runners(arguments.quick, (*METHODS, *FURTHER), UPDATES)
    methods = [name for names in runners for name in names if name != classic.MATCHED]
    board = Board(arguments.folder, ROWS, methods, number, arguments.quick)
    settings = {
        "title": "Imperfect exposures" + (", quick: for a look, not for numbers" if arguments.quick else ""),
        "fields": board.describe(),
        "fwhm": TARGET_FWHM,
        "strength": starred_peer.STRENGTH,
        "regularization": linear_coadds.REGULARIZATION,
        "skipped": skipped,
    }
    jobs = board.jobs(
        [row for row in ROWS if not arguments.rows or row in arguments.rows],
        [name for name in methods if _is_wanted(name, arguments.methods)],
        arguments.again,
    )
    progress = Progress(float(sum(_work(job) for job in jobs)))
    progress.say(f"{len(jobs)} fields to do")
    works = {job.name: _work(job) for job in jobs}
    for name in run_jobs(jobs, arguments.processes) if jobs else ():
        progress.done(works[name])
        progress.say(f"{name}: done")
        board.write(settings, pictures=False)
    verdicts = judge(board.write(settings))
    met = sum(verdict.is_met for verdict in verdicts)
    print(f"Wrote imperfect.md in {arguments.folder}: {met} of {len(verdicts)} targets met.")


def _is_wanted(method: str, parts: Sequence[str] | None) -> bool:
    return any(part in method for part in parts) if parts else method not in FURTHER


def _work(job: FieldJob) -> float:
    return float(job.config.visits * np.prod(job.config.box.shape)) * len(job.methods)


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="Folder for the tables and the pictures.")
    parser.add_argument("--quick", action="store_true", help="One small field of each row.")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="NAME", help="Run only these rows.")
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="Run only methods named like this; what is trained on the patch, only if it is.",
    )
    parser.add_argument("--fields", type=int, metavar="N", help="Fields of each row.")
    parser.add_argument("--again", action="store_true", help="Run what has a score already, too.")
    parser.add_argument("--processes", type=int, default=2, help="Fields that are run at once.")
    return parser.parse_args()
