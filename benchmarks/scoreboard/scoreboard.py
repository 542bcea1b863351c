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
fields and trains far too little: it shows that everything runs.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lsst.acn import Box, ExposureStack
from lsst.acn.simulation import SimulationConfig, simulate_field

from ..peers import classic as classic_peers
from ..peers import networks
from ..peers import starred as starred_peer
from ..peers.cost import limit_threads
from ..peers.restored import Restored
from .cutouts import Cutouts, draw_cutouts, most_detailed_box
from .field_truth import read_truth
from .fields import FIELDS, BenchmarkField, quick_fields
from .score import Score, score
from .tables import count_met, format_scoreboard

LOG = logging.getLogger("scoreboard")
TARGET_FWHM = 2.5
UPDATES = (50, 150, 400)
QUICK_UPDATES = (50, 150)
QUICK_STARRED_ITERATIONS = 30

Runner = Callable[[ExposureStack], Iterator[Restored]]


class Scoreboard:
    """Scores, cutouts and what is missing, field by field.

    Parameters
    ----------
    runners : `dict` [`tuple` [`str`, ...], `~collections.abc.Callable`]
        What yields restorations, by the names of the methods that it yields.
    skipped : `dict` [`str`, `str`]
        Why a method does not run at all.
    """

    def __init__(self, runners: dict[tuple[str, ...], Runner], skipped: dict[str, str]) -> None:
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

    def add(self, field: BenchmarkField, progress: Progress) -> None:
        """Simulate a field, restore it with every method, and score them."""
        simulated = simulate_field(field.config)
        truth = read_truth(field, simulated, TARGET_FWHM)
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
        text = format_scoreboard(self.fields, self.methods, self.scores, self.reasons, settings)
        shown = [name for name in self.methods if any(name in each.images for each in self.cutouts)]
        draw_cutouts(self.cutouts, shown).savefig(folder / "scoreboard.png")
        (folder / "scoreboard.md").write_text(text)


class Progress:
    """Tells what is going on, and how long it will take, on stderr.

    Parameters
    ----------
    work : `float`
        Size of everything, in any unit.
    """

    def __init__(self, work: float) -> None:
        self._work, self._done, self._start = work, 0.0, time.monotonic()

    def say(self, what: str) -> None:
        """Say what starts now."""
        gone = time.monotonic() - self._start
        left = f"{gone * (self._work - self._done) / self._done:.0f} s left" if self._done else "just begun"
        LOG.info("[%5.0f s, %s] %s", gone, left, what)

    def done(self, work: float) -> None:
        """Note that a part is done."""
        self._done += work


def main() -> None:
    """Restore, score, and write the tables and the picture."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("scoreboard.networks").setLevel(logging.WARNING)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    fields = quick_fields() if arguments.quick else FIELDS
    chosen = [field for field in fields if not arguments.fields or field.name in arguments.fields]
    with limit_threads(arguments.threads) as threads:
        board = Scoreboard(*make_runners(arguments.quick, arguments.methods))
        settings = {
            "title": "Scoreboard, quick: for a look, not for numbers" if arguments.quick else "Scoreboard",
            "threads": threads,
            "fwhm": TARGET_FWHM,
            "strength": starred_peer.STRENGTH,
            "iterations": classic_peers.RICHARDSON_LUCY_ITERATIONS,
        }
        warm_up()
        progress = Progress(sum(field.work for field in chosen))
        for field in chosen:
            board.add(field, progress)
            board.write(arguments.folder, settings)
        progress.say("done")
    met, total = count_met(board.scores, [field.name for field in chosen if field.is_crowded])
    print(f"Wrote scoreboard.md and scoreboard.png in {arguments.folder}: {met} of {total} targets met.")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="Folder for the tables and the picture.")
    parser.add_argument("--quick", action="store_true", help="Two small fields, hardly any training.")
    parser.add_argument("--fields", nargs="+", metavar="NAME", help="Only these fields.")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="Only methods named like this.")
    parser.add_argument("--threads", type=int, default=2, help="Cores that each method may use.")
    return parser.parse_args()


def make_runners(
    quick: bool, wanted: Sequence[str] | None = None
) -> tuple[dict[tuple[str, ...], Runner], dict[str, str]]:
    """Return what yields restorations, and why some methods are missing.

    Parameters
    ----------
    quick : `bool`
        Whether to do little.
    wanted : `~collections.abc.Sequence` [`str`], optional
        Parts of the names of the methods to run; by default all.

    Returns
    -------
    runners : `dict` [`tuple` [`str`, ...], `~collections.abc.Callable`]
        By the names of the methods that each yields.
    skipped : `dict` [`str`, `str`]
        The reason, by name of the method.
    """
    updates = QUICK_UPDATES if quick else UPDATES
    starred_iterations = QUICK_STARRED_ITERATIONS if quick else starred_peer.ITERATIONS
    runners: dict[tuple[str, ...], Runner] = {
        ("coadd", "coadd, matched filter"): classic_peers.coadd,
        ("Richardson–Lucy",): lambda stack: classic_peers.richardson_lucy(stack, TARGET_FWHM),
        (*(f"ImageMM {number}" for number in updates), classic_peers.MATCHED): (
            lambda stack: classic_peers.image_mm_updates(stack, TARGET_FWHM, updates)
        ),
        (starred_peer.NAME,): (
            lambda stack: starred_peer.starred(stack, TARGET_FWHM, iterations=starred_iterations)
        ),
    }
    for name in (networks.PAPER, networks.TRAINED, networks.SHIPPED):
        runners[(name,)] = _network_runner(name, quick)
    skipped = {}
    if not starred_peer.is_installed():
        skipped[starred_peer.NAME] = "not installed: it comes with the extra `peers`"
    if not networks.shipped_network_is_there():
        skipped[networks.SHIPPED] = "there is no network in the package yet"
    kept = {
        names: runner
        for names, runner in runners.items()
        if names[0] not in skipped and (not wanted or any(part in name for part in wanted for name in names))
    }
    return kept, skipped


def _network_runner(name: str, quick: bool) -> Runner:
    config = networks.network_config(name, TARGET_FWHM, quick=quick)
    return lambda stack: networks.restore_with(name, config, stack)


def warm_up() -> None:
    """Import what the methods need, so that none pays for it in its time."""
    LOG.info("Warming up.")
    names = ["keras.ops", "sep", "skimage.restoration"]
    if starred_peer.is_installed():
        names += ["starred.deconvolution.deconvolution", "starred.optim.optimization"]
    for name in names:
        importlib.import_module(name)
    # The first network of a process waits for its backend.
    box = Box.from_shape((48, 48))
    tiny = simulate_field(SimulationConfig(seed=1, box=box, visits=3, psf_size=21)).stack
    if networks.shipped_network_is_there():
        list(networks.restore_with("warm-up", networks.network_config(networks.SHIPPED, TARGET_FWHM), tiny))
