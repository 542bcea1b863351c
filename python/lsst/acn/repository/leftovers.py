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

"""Temporary files of commands that were killed while they wrote."""

from __future__ import annotations

__all__ = ("TEMPORARY", "sweep_leftovers")

import logging
from collections.abc import Iterable
from pathlib import Path

_LOG = logging.getLogger(__name__)

TEMPORARY = "*.tmp.*"
"""Names of the files that the Butler moves to their place when they are complete."""


def sweep_leftovers(root: Path, run: str, dataset_types: Iterable[str]) -> None:
    """Remove temporary files of datasets that nobody else can be writing.

    Parameters
    ----------
    root : `pathlib.Path`
        The repository, which is locked for other commands of ours.
    run : `str`
        Run that is about to be written into.
    dataset_types : `~collections.abc.Iterable` [`str`]
        Names of the dataset types that only such commands write.
    """
    for name in dataset_types:
        for path in sorted((root / run / name).rglob(TEMPORARY)):
            _LOG.warning("Removing %s, which a command left that was killed.", path)
            path.unlink(missing_ok=True)
