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

"""One theme of torture, and its line of result."""

from __future__ import annotations

__all__ = ("main",)

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .array_fuzzing import restore_arrays
from .bounds import open_what_has_no_end
from .config_fuzzing import try_configs
from .determinism import restore_in_many_ways
from .disks import fill_the_disk
from .fuzzing import damage_files, damage_tables
from .kills import kill_ingests, kill_simulations
from .memory import measure_memory
from .numerics import restore_extreme_numbers
from .pipetask_kills import kill_pipetasks
from .races import race_for_one_run, race_into_a_new_repository, race_on_postgresql
from .verdict import Verdict

THEMES: dict[str, tuple[Callable[[Path, int, int], Verdict], int]] = {
    "kill-ingest": (kill_ingests, 50),
    "kill-simulate": (kill_simulations, 50),
    "kill-pipetask": (kill_pipetasks, 50),
    "race-new": (race_into_a_new_repository, 20),
    "race-run": (race_for_one_run, 20),
    "race-postgresql": (race_on_postgresql, 20),
    "fuzz-tables": (damage_tables, 1000),
    "fuzz-files": (damage_files, 1000),
    "fuzz-arrays": (restore_arrays, 1000),
    "fuzz-configs": (try_configs, 1000),
    "numerics": (restore_extreme_numbers, 3),
    "determinism": (restore_in_many_ways, 3),
    "memory": (measure_memory, 4),
    "bounds": (open_what_has_no_end, 7),
    "disk": (fill_the_disk, 20),
}
"""What each theme does, and how often."""


def main() -> None:
    """Run one theme and print its line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument("theme", choices=THEMES)
    parser.add_argument("--count", type=int, help="number of attempts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    attempt, count = THEMES[arguments.theme]
    count = arguments.count or count
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="acn-torture-") as folder:
        verdict = attempt(Path(folder), count, arguments.seed)
    seconds = time.perf_counter() - start
    print(f"{arguments.theme}: {verdict} (seed {arguments.seed}, {seconds:.0f} s)")
    raise SystemExit(0 if verdict.is_clean else 1)
