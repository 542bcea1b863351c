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

"""One field of a row: simulated, restored by every method that is wanted, and scored."""

from __future__ import annotations

__all__ = ("FieldJob", "run_field")

import dataclasses
import logging
from pathlib import Path

import numpy as np

from lsst.acn import Box
from lsst.acn.simulation import SimulationConfig, simulate_field

from ..peers.restored import Restored
from ..peers.runners import TARGET_FWHM, make_runners
from ..scoreboard.cutouts import most_detailed_box
from ..scoreboard.field_truth import FieldTruth, read_truth
from .imperfect_score import score_imperfect
from .results import TRUTH, Recipe, ResultStore

LOG = logging.getLogger("scoreboard")
UPDATES = (150,)


@dataclasses.dataclass(frozen=True)
class FieldJob:
    """What is to be done with a field.

    Parameters
    ----------
    row : `str`
        Name of the row.
    config : `~lsst.acn.simulation.SimulationConfig`
        How to simulate it.
    methods : `tuple` [`str`, ...]
        Names of the methods that are to be run.
    folder : `~pathlib.Path`
        Where the results are kept.
    quick : `bool`, optional
        Whether methods are to do little.
    """

    row: str
    config: SimulationConfig
    methods: tuple[str, ...]
    folder: Path
    quick: bool = False

    @property
    def name(self) -> str:
        """Row and seed, for the log (`str`)."""
        return f"{self.row}, {self.config.seed}"


def run_field(job: FieldJob) -> str:
    """Simulate a field, run methods on it, and save their scores.

    Parameters
    ----------
    job : `FieldJob`
        What is to be done.

    Returns
    -------
    name : `str`
        Row and seed.
    """
    store = ResultStore(job.folder)
    simulated = simulate_field(job.config)
    truth = read_truth(simulated, TARGET_FWHM)
    box = most_detailed_box(truth)
    _save_cutout(store, job, TRUTH, truth.image, truth, box)
    runners, _ = make_runners(job.quick, updates=UPDATES)
    for names, runner in runners.items():
        wanted = set(names) & set(job.methods)
        if not wanted:
            continue
        try:
            for restored in runner(simulated.stack):
                if restored.method in wanted:
                    _save(store, job, restored, truth, box)
                    wanted.remove(restored.method)
        except Exception as error:
            # One method that fails must not take what the others did with it.
            LOG.exception("%s failed on %s.", names[0], job.name)
            for method in wanted:
                store.save_failure(Recipe(job.row, job.config, method), f"{type(error).__name__}: {error}")
    return job.name


def _save(store: ResultStore, job: FieldJob, restored: Restored, truth: FieldTruth, box: Box) -> None:
    store.save(Recipe(job.row, job.config, restored.method), score_imperfect(restored, truth))
    _save_cutout(store, job, restored.method, restored.image, truth, box)


def _save_cutout(
    store: ResultStore, job: FieldJob, method: str, image: np.ndarray, truth: FieldTruth, box: Box
) -> None:
    part = image[box.slices_within(Box.from_shape(truth.image.shape))]
    store.save_cutout(Recipe(job.row, job.config, method), part / truth.noise)
