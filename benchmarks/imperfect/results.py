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

"""Scores on disk, so that a run can be gone on with and a method be run again."""

from __future__ import annotations

__all__ = ("Recipe", "ResultStore")

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lsst.acn.simulation import SimulationConfig

from ..peers import networks
from ..result_files import digest_of_package, fingerprint, read_result, slug, write_result
from .imperfect_score import FieldScore

VERSION = 1
"""Of what is counted: with another, everything is run again."""

TRUTH = "truth"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a score is the score of.

    Parameters
    ----------
    row : `str`
        Name of the row.
    config : `~lsst.acn.simulation.SimulationConfig`
        How its field is simulated.
    method : `str`
        Name of the method.
    """

    row: str
    config: SimulationConfig
    method: str

    @property
    def fingerprint(self) -> str:
        """What tells this recipe from what it was before a change (`str`).

        The networks change whenever the package does.
        """
        text = f"{VERSION} {self.config!r} {digest_of_package() if self.method in networks.OWN else ''}"
        return fingerprint(text)


class ResultStore:
    """Scores and cutouts by row, seed and method.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where they are; made when the first is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, recipe: Recipe) -> FieldScore | None:
        """Return a score, or `None` if there is none for this very recipe."""
        content = self._read(recipe)
        if "numbers" not in content:
            return None
        numbers = {name: _number(value) for name, value in content["numbers"].items()}
        samples = {name: np.array(values, float) for name, values in content["samples"].items()}
        return FieldScore(numbers, samples)

    def failure(self, recipe: Recipe) -> str | None:
        """Return why a method has no score, if it has failed."""
        return self._read(recipe).get("failed")

    def save(self, recipe: Recipe, score: FieldScore) -> None:
        """Save a score; NaN is null."""
        content = {
            "numbers": {name: _plain(value) for name, value in score.numbers.items()},
            "samples": {name: [_plain(value) for value in values] for name, values in score.samples.items()},
        }
        self._write(recipe, content)

    def save_failure(self, recipe: Recipe, reason: str) -> None:
        """Save why a method has no score; it will be run again."""
        self._write(recipe, {"failed": reason})

    def save_cutout(self, recipe: Recipe, image: np.ndarray) -> None:
        """Save a small image beside a score, in units of the field's noise."""
        path = self._path(recipe).with_suffix(".npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, image.astype(np.float32), allow_pickle=False)

    def load_cutout(self, recipe: Recipe) -> np.ndarray | None:
        """Return that small image, or `None`."""
        path = self._path(recipe).with_suffix(".npy")
        return np.load(path, allow_pickle=False) if path.is_file() else None

    def _read(self, recipe: Recipe) -> Mapping:
        return read_result(self._path(recipe), recipe.fingerprint)

    def _write(self, recipe: Recipe, content: Mapping) -> None:
        head = {
            "row": recipe.row,
            "seed": recipe.config.seed,
            "method": recipe.method,
            "fingerprint": recipe.fingerprint,
        }
        write_result(self._path(recipe), head | dict(content))

    def _path(self, recipe: Recipe) -> Path:
        return self.folder / recipe.row / str(recipe.config.seed) / f"{slug(recipe.method)}.json"


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
