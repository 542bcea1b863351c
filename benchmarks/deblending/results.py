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


"""Scores of fields on disk, so that a run which was stopped can be gone on with."""

from __future__ import annotations

__all__ = ("ResultStore",)

import math
from pathlib import Path

import numpy as np

from ..result_files import digest_of_package, fingerprint, read_result, slug, write_result
from ..scoreboard.fields import BenchmarkField
from .blend_scores import BlendScore

VERSION = 1
"""Of what is counted: with another, everything is run again."""


class ResultStore:
    """Scores and a picture for each field.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where they are; made when the first is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def picture(self, field: BenchmarkField) -> Path:
        """Return the file with the picture of a field."""
        return self._path(field).with_suffix(".png")

    def load(self, field: BenchmarkField) -> dict[str, BlendScore] | None:
        """Return the scores of a field by image.

        Parameters
        ----------
        field : `~benchmarks.scoreboard.fields.BenchmarkField`
            The field.

        Returns
        -------
        scores : `dict` [`str`, `BlendScore`] or `None`
            `None` if there are none of this field as it is, or of the
            package as it is.
        """
        content = read_result(self._path(field), _fingerprint(field))
        if not content or not self.picture(field).is_file():
            return None
        return {name: _score(each) for name, each in content["scores"].items()}

    def save(self, field: BenchmarkField, scores: dict[str, BlendScore]) -> None:
        """Save the scores of a field; NaN is null."""
        content = {
            "field": field.name,
            "conditions": field.describe(),
            "fingerprint": _fingerprint(field),
            "scores": {name: _numbers(score) for name, score in scores.items()},
        }
        write_result(self._path(field), content)

    def _path(self, field: BenchmarkField) -> Path:
        return self.folder / f"{slug(field.name)}.json"


def _fingerprint(field: BenchmarkField) -> str:
    return fingerprint(f"{VERSION} {field.config!r} {digest_of_package()}")


def _numbers(score: BlendScore) -> dict:
    depth = None if math.isnan(score.depth) else score.depth
    return {"depth": depth, "true": score.true, "false": score.false, "areas": score.areas.tolist()}


def _score(numbers: dict) -> BlendScore:
    depth = math.nan if numbers["depth"] is None else numbers["depth"]
    return BlendScore(depth, numbers["true"], numbers["false"], np.array(numbers["areas"], int))
