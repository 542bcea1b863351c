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

"""``pipetask`` that is killed at any moment, and repeated as the page on recovery says."""

from __future__ import annotations

__all__ = ("OPTIONS", "PIPELINE", "SIMULATION", "kill_pipetasks", "stored_pixels")

import importlib
import shutil
import time
from pathlib import Path

import numpy as np

from lsst.daf.butler import Butler, MissingCollectionError

from .commands import Child, is_traceback
from .kills import ATTEMPTS_PER_KILL
from .verdict import Verdict

PIPELINE = Path(__file__).parents[2] / "pipelines" / "acn.yaml"
NOTHING_LEFT = "QuantumGraph contains no quanta"
"""What ``pipetask`` says, before it fails, of a run that is complete."""

LOADED = (
    *("assemble_reference_coadd", "restore_coadd", "measure_restoration"),
    *("measure.plots.restoration_plot", "methods.cross_exposure.method"),
)
"""What each command would import for itself, and be killed in most of the time."""

IMAGES = ("reference_coadd", "restored_coadd", "restored_coadd_latent")
SIMULATION = ("--size", "48", "--visits", "3", "--cell-size", "24", "--psf-size", "21")
OPTIONS = (
    *("--register-dataset-types", "-d", "skymap='simulated'"),
    *("-c", "restoreCoadd:restoration.n_noise_realizations=2"),
    *("-c", "measureRestoration:held_out=False"),
)


def kill_pipetasks(folder: Path, count: int, seed: int) -> Verdict:
    """Kill a pipeline of three tasks, and compare what its repetition makes with an undisturbed run.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of kills that are to land in the work.
    seed : `int`
        Of the moments.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict, rng = Verdict(f"{count} killed pipetask"), np.random.default_rng(seed)
    for module in LOADED:
        importlib.import_module(f"lsst.acn.{module}")
    source, output = folder / "source", folder / "output"
    assert Child(["simulate-warps", str(source), *SIMULATION], output).wait() == 0, output.read_text()
    whole = folder / "whole"
    shutil.copytree(source, whole)
    start = time.perf_counter()
    assert Child(_first(whole), output, "pipetask").wait() == 0, output.read_text()
    duration, expected = time.perf_counter() - start, stored_pixels(whole)
    for _ in range(ATTEMPTS_PER_KILL * count):
        if verdict.counts["killed in the work"] == count:
            break
        repo = folder / "repo"
        shutil.rmtree(repo, ignore_errors=True)
        shutil.copytree(source, repo)
        child = Child(_first(repo), output, "pipetask")
        moment = float(rng.uniform(0.0, duration))
        child.kill_after(moment)
        was_killed = child.wait() == -9
        verdict.add("killed in the work" if was_killed else "done before the kill")
        if was_killed:
            _repeat(verdict, repo, output, expected, f"killed after {moment:.3f} s")
    return verdict


def _first(repo: Path) -> list[str]:
    return ["run", "-b", str(repo), "-p", str(PIPELINE), "-i", "simulated/warps", "-o", "restored", *OPTIONS]


def _again(repo: Path) -> list[str]:
    repeat = ["--extend-run", "--skip-existing-in", "restored", "--clobber-outputs"]
    return ["run", "-b", str(repo), "-p", str(PIPELINE), "-o", "restored", *OPTIONS, *repeat]


def _repeat(
    verdict: Verdict, repo: Path, output: Path, expected: dict[tuple[str, int], bytes], moment: str
) -> None:
    began = _has_run(repo)
    if began and not stored_pixels(repo).items() <= expected.items():
        verdict.add("half-written", moment)
    verdict.add("with a run" if began else "before there was a run")
    child = Child(_again(repo) if began else _first(repo), output, "pipetask")
    status = child.wait()
    # It was killed after the last patch was done; what there is is looked at below.
    is_done = status == 1 and NOTHING_LEFT in output.read_text()
    if status != 0 and not is_done:
        verdict.add("hangs" if status is None else "cannot be repeated", f"{moment}: {child.said}")
        if status is not None and is_traceback(child):
            verdict.add("tracebacks", moment)
        return
    if is_done:
        verdict.add("with nothing left to do")
    found = stored_pixels(repo)
    if found.keys() != expected.keys():
        verdict.add("lost", f"{moment}: {sorted(found)}")
    elif found != expected:
        verdict.add("other pixels", moment)
    else:
        verdict.add("repeated to equal pixels")


def _has_run(repo: Path) -> bool:
    with Butler.from_config(str(repo)) as butler:
        try:
            return bool(butler.collections.get_info("restored").children)
        except MissingCollectionError:
            return False


def stored_pixels(repo: Path) -> dict[tuple[str, int], bytes]:
    """Return the pixels of all images that are stored.

    Parameters
    ----------
    repo : `pathlib.Path`
        The repository.

    Returns
    -------
    pixels : `dict`
        By dataset type and patch.
    """
    with Butler.from_config(str(repo), collections="restored") as butler:
        known = {each.name for each in butler.registry.queryDatasetTypes()}
        found = [
            reference
            for name in IMAGES
            if name in known
            for reference in butler.query_datasets(name, explain=False)
        ]
        return {
            (each.datasetType.name, int(each.dataId["patch"])): _bytes(butler.get(each)) for each in found
        }


def _bytes(image: object) -> bytes:
    planes = [getattr(image, "image", image), getattr(image, "variance", None)]
    return b"".join(plane.array.tobytes() for plane in planes if plane is not None)
