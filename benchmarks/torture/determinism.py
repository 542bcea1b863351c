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

"""The same numbers, whatever the number of processes and threads."""

from __future__ import annotations

__all__ = ("restore_in_many_ways",)

import shutil
from pathlib import Path

from lsst.acn import RestorationConfig, restore
from lsst.acn.restoration_result import RestorationResult

from .commands import Child
from .numerics import METHODS, make_field
from .pipetask_kills import OPTIONS, PIPELINE, SIMULATION, stored_pixels
from .verdict import Verdict

PLANES = ("image", "variance", "detection_variance", "latent")


def restore_in_many_ways(folder: Path, count: int, seed: int) -> Verdict:
    """Restore with one thread and with two, twice each, and run a pipeline with one process and with two.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of methods.
    seed : `int`
        Of the field.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{count} methods, and a pipeline on two patches")
    for method in METHODS[:count]:
        once = _restore(seed, method, 1)
        _compare(verdict, f"{method}, again", once, _restore(seed, method, 1))
        _compare(verdict, f"{method}, two threads", once, _restore(seed, method, 2))
    _compare_processes(verdict, folder)
    return verdict


def _restore(seed: int, method: str, n_cores: int) -> RestorationResult:
    config = RestorationConfig()
    config.method, config.n_noise_realizations = method, 2
    config.image_mm.iterations, config.paper.training.epochs = 30, 5
    # Several tiles, so that threads have something to share.
    config.tiles.restoring_size = 32
    return restore(make_field(seed), config, n_cores=n_cores)


def _compare(verdict: Verdict, how: str, once: RestorationResult, again: RestorationResult) -> None:
    differ = [name for name in PLANES if getattr(once, name).tobytes() != getattr(again, name).tobytes()]
    verdict.add("other pixels" if differ else "equal to the byte", f"{how}: {differ}")


def _compare_processes(verdict: Verdict, folder: Path) -> None:
    source, output, pixels = folder / "source", folder / "output", []
    simulate = ["simulate-warps", str(source), *SIMULATION, "--patches", "2"]
    assert Child(simulate, output).wait() == 0, output.read_text()
    for number in ("1", "2"):
        repo = folder / f"processes{number}"
        shutil.copytree(source, repo)
        inputs = ["-p", f"{PIPELINE}#reference,restoration", "-i", "simulated/warps", "-o", "restored"]
        command = ["run", "-b", str(repo), *inputs, *OPTIONS[:-2], "-j", number]
        assert Child(command, output, "pipetask").wait() == 0, output.read_text()
        pixels.append(stored_pixels(repo))
    same = pixels[0] == pixels[1] and len(pixels[0]) > 0
    verdict.add("equal to the byte" if same else "other pixels", "-j 1 and -j 2")
