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

"""The scoreboard: all methods on simulated fields, judged by the truth.

``python -m benchmarks.scoreboard doc/benchmarks`` simulates the fields,
restores each of them with every method in turn, and writes ``scoreboard.md``
and ``scoreboard.png``, anew after every field.  ``--quick`` takes two small
fields and trains far too little: it shows that everything runs.  ``--target-fwhm 2`` has all of
them restore to another PSF, and writes ``scoreboard-fwhm-2.md``.
``--instruments`` takes fields as some cameras take them, and writes
``instruments.md``.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from lsst.acn.simulation import simulate_field

from ..peers import classic as classic_peers
from ..peers import linear_coadds
from ..peers import starred as starred_peer
from ..peers.cost import limit_threads
from ..peers.runners import TARGET_FWHM, Runner, make_runners, warm_up
from .cutouts import Cutouts, draw_cutouts, most_detailed_box
from .field_truth import read_truth
from .fields import FIELDS, BenchmarkField, quick_fields
from .instruments import INSTRUMENTS
from .progress import LOG, Progress
from .score import Score, score
from .tables import count_met, format_scoreboard


class Scoreboard:
    """Scores, cutouts and what is missing, field by field.

    Parameters
    ----------
    runners : `dict` [`tuple` [`str`, ...], `~collections.abc.Callable`]
        What yields restorations, by the names of the methods that it yields.
    skipped : `dict` [`str`, `str`]
        Why a method does not run at all.
    target_fwhm : `float`, optional
        Full width at half maximum, in pixels, of the PSF that they restore to.
    name : `str`, optional
        What its files are called.
    """

    def __init__(
        self,
        runners: dict[tuple[str, ...], Runner],
        skipped: dict[str, str],
        target_fwhm: float = TARGET_FWHM,
        name: str = "scoreboard",
    ) -> None:
        self.target_fwhm = target_fwhm
        self.name = name
        self.runners = runners
        self.skipped = skipped
        self.fields: list[BenchmarkField] = []
        self.scores: dict[str, dict[str, Score]] = {}
        self.reasons: dict[str, dict[str, str]] = {}
        self.cutouts: list[Cutouts] = []

    @property
    def methods(self) -> list[str]:
        """Names of all methods, in the order of the tables (`list` [`str`])."""
        return [name for names in self.runners for name in names] + list(self.skipped)

    @property
    def stem(self) -> str:
        """Name of the files that are written, without what they end with (`str`)."""
        return self.name if self.target_fwhm == TARGET_FWHM else f"{self.name}-fwhm-{self.target_fwhm:g}"

    def add(self, field: BenchmarkField, progress: Progress) -> None:
        """Simulate a field, restore it with every method, and score them."""
        simulated = simulate_field(field.config)
        truth = read_truth(simulated, self.target_fwhm)
        box = most_detailed_box(truth).slices_within(simulated.box)
        scores: dict[str, Score] = {}
        reasons = dict(self.skipped)
        images = {}
        for names, runner in self.runners.items():
            progress.say(f"{field.name}: {names[0]}")
            try:
                for restored in runner(simulated.stack):
                    scores[restored.method] = score(restored, truth)
                    images[restored.method] = restored.image[box]
            except Exception as error:
                # One method that fails must not take what the others did with it.
                LOG.exception("%s failed on the field %r.", names[0], field.name)
                reasons |= {name: f"failed: {error}" for name in names if name not in scores}
            progress.done(field.work / len(self.runners))
        self.fields.append(field)
        self.scores[field.name], self.reasons[field.name] = scores, reasons
        self.cutouts.append(Cutouts(field.name, truth.noise, truth.image[box], images))

    def write(self, folder: Path, settings: dict[str, object]) -> None:
        """Write the table and the picture of all fields so far."""
        folder.mkdir(parents=True, exist_ok=True)
        text = format_scoreboard(
            self.fields, self.methods, self.scores, self.reasons, settings | {"picture": f"{self.stem}.png"}
        )
        shown = [name for name in self.methods if any(name in each.images for each in self.cutouts)]
        draw_cutouts(self.cutouts, shown).savefig(folder / f"{self.stem}.png")
        (folder / f"{self.stem}.md").write_text(text)


def main() -> None:
    """Restore, score, and write the tables and the picture."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("scoreboard.networks").setLevel(logging.WARNING)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    fields = INSTRUMENTS if arguments.instruments else quick_fields() if arguments.quick else FIELDS
    chosen = [field for field in fields if not arguments.fields or field.name in arguments.fields]
    with limit_threads(arguments.threads) as threads:
        board = Scoreboard(
            *make_runners(arguments.quick, arguments.methods, target_fwhm=arguments.target_fwhm),
            arguments.target_fwhm,
            "instruments" if arguments.instruments else "scoreboard",
        )
        settings = {
            "title": make_title(arguments),
            "threads": threads,
            "fwhm": arguments.target_fwhm,
            "strength": starred_peer.STRENGTH,
            "iterations": classic_peers.RICHARDSON_LUCY_ITERATIONS,
            "regularization": linear_coadds.REGULARIZATION,
        }
        LOG.info("Warming up.")
        warm_up([name for names in board.runners for name in names])
        progress = Progress(sum(field.work for field in chosen))
        for field in chosen:
            board.add(field, progress)
            board.write(arguments.folder, settings)
        progress.say("done")
    met, total = count_met(board.scores, [field.name for field in chosen if field.is_crowded])
    print(f"Wrote {board.stem}.md and {board.stem}.png in {arguments.folder}: {met} of {total} targets met.")


def make_title(arguments: argparse.Namespace) -> str:
    """Return the title of the page."""
    title = "Instruments" if arguments.instruments else "Scoreboard"
    if arguments.target_fwhm != TARGET_FWHM:
        title += f" at an FWHM of {arguments.target_fwhm:g} pixels"
    return title + (", quick: for a look, not for numbers" if arguments.quick else "")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="Folder for the tables and the picture.")
    parser.add_argument("--quick", action="store_true", help="Two small fields, hardly any training.")
    parser.add_argument("--instruments", action="store_true", help="Fields as some cameras take them.")
    parser.add_argument("--fields", nargs="+", metavar="NAME", help="Only these fields.")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="Only methods named like this.")
    parser.add_argument(
        "--target-fwhm",
        type=float,
        default=TARGET_FWHM,
        help="Full width at half maximum, in pixels, of the PSF to restore to (default: %(default)s).",
    )
    parser.add_argument("--threads", type=int, default=2, help="Cores that each method may use.")
    return parser.parse_args()
