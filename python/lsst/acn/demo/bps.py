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

"""Restore two patches at once with BPS on this machine.

Run it as ``python -m lsst.acn.demo.bps [OUTPUT]``, or by ``make demo-bps``.
"""

from __future__ import annotations

__all__ = ("BpsDemo", "main")

import argparse
import contextlib
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lsst.daf.butler import Butler

from .quantum_outcomes import QuantumOutcome, format_outcomes, read_outcomes
from .run import REPO, RESOURCES, DemoError, prepare_folder, show_output

SEED = 8
PATCHES = 2
WARPS, RESTORED = "simulated/warps", "demo/restored"
WHERE = "skymap='simulated' AND tract=0 AND band='i'"
DAMAGED = {"instrument": "SimCam", "visit": 2, "skymap": "simulated", "tract": 0, "patch": 1}
LOG_LEVELS = ("--log-level", "WARNING", "--log-level", "parsl.process_loggers=WARNING")
BPS_FOLDERS = ("submit", "runinfo")


@dataclasses.dataclass(frozen=True)
class BpsDemo:
    """A field of two patches, and how BPS restores it.

    Parameters
    ----------
    output : `pathlib.Path`
        Folder to write to.
    size, visits : `int`, optional
        Side of a patch in pixels; number of exposures.
    """

    output: Path
    size: int = 128
    visits: int = 8

    @property
    def repo(self) -> Path:
        """Absolute path of the repository (`pathlib.Path`)."""
        return self.output.resolve() / REPO

    def simulate(self) -> None:
        """Make a repository with the warps of two adjacent patches."""
        prepare_folder(self.output)
        for name in BPS_FOLDERS:
            shutil.rmtree(self.output / name, ignore_errors=True)
        options = f"--seed={SEED}", f"--size={self.size}", f"--visits={self.visits}", f"--patches={PATCHES}"
        self._run("butler", "simulate-warps", str(self.repo), *options)

    def submit(self, *, skip_existing: bool = False) -> None:
        """Restore the patches by ``bps submit``, and wait for the end.

        Parameters
        ----------
        skip_existing : `bool`, optional
            Whether to leave out what earlier submissions have made.
        """
        options = f"-C restoreCoadd:{RESOURCES / 'config' / 'quick.py'} -c measureRestoration:held_out=False"
        if skip_existing:
            options += f" --skip-existing-in {RESTORED}"
        self._run(
            *("bps", *LOG_LEVELS, "submit", str(RESOURCES / "bps" / "acn.yaml")),
            *("-b", str(self.repo), "-p", "eups://acn/pipelines/acn.yaml"),
            *("-i", WARPS, "-o", RESTORED, "-d", WHERE, "--extra-qgraph-options", options),
        )

    def outcomes(self) -> list[QuantumOutcome]:
        """Read what became of the last submission.

        Returns
        -------
        outcomes : `list` [`QuantumOutcome`]
            One for each quantum.

        Raises
        ------
        DemoError
            Raised if nothing was submitted.
        """
        graphs = sorted((self.output / "submit" / RESTORED).glob("*/*.qg"))
        if not graphs:
            raise DemoError(f"there is no quantum graph in {self.output / 'submit'}.")
        return read_outcomes(str(self.repo), graphs[-1])

    @contextlib.contextmanager
    def damaged_warp(self) -> Iterator[Path]:
        """Have one warp of the second patch cut short in the meantime.

        Yields
        ------
        path : `pathlib.Path`
            The damaged file.
        """
        with Butler.from_config(str(self.repo), collections=WARPS) as butler:
            path = Path(butler.getURI("direct_warp", DAMAGED).ospath)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        try:
            yield path
        finally:
            path.write_bytes(whole)

    def _run(self, command: str, *arguments: str) -> None:
        """Run a command in the folder of the output, and show what it says."""
        print("\n$", command, *(f'"{each}"' if " " in each else each for each in arguments), flush=True)
        folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        if shutil.which(command, path=folders) is None:
            raise DemoError(f"there is no command {command} here; it comes with the extra bps.")
        # The jobs look for pipetask on the PATH, and BPS for its folder in PWD.
        environment = {**os.environ, "PATH": folders, "PWD": str(self.output.resolve())}
        show_output([command, *arguments], folder=self.output, environment=environment)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    arguments : `~collections.abc.Sequence` [`str`], optional
        Command line; by default that of this process.

    Returns
    -------
    status : `int`
        0, or 1 if something went wrong.
    """
    options = _parse(arguments)
    demo = BpsDemo(options.output)
    start = time.monotonic()
    try:
        demo.simulate()
        if options.with_failure:
            _fail_first(demo)
        demo.submit(skip_existing=options.with_failure)
        outcomes = demo.outcomes()
    except DemoError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    print(f"\n{format_outcomes(outcomes)}")
    print(_farewell(demo, time.monotonic() - start))
    return 0 if all(outcome.status == "succeeded" for outcome in outcomes) else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m lsst.acn.demo.bps", description="Restore two patches at once with BPS."
    )
    parser.add_argument("output", nargs="?", default="demo-output/bps", type=Path, help="folder to write to")
    parser.add_argument(
        "--with-failure",
        action="store_true",
        help="damage a warp of one patch first, see what BPS makes of it, repair it and submit again",
    )
    return parser.parse_args(arguments)


def _fail_first(demo: BpsDemo) -> None:
    with demo.damaged_warp() as path:
        print(f"\nDamaged: {path}")
        demo.submit()
        print(f"\n{format_outcomes(demo.outcomes())}")
    print("\nRepaired the file; what is missing is made by submitting again:")


def _farewell(demo: BpsDemo, seconds: float) -> str:
    repo = Path(os.path.relpath(demo.repo))
    activate = Path(os.path.relpath(sys.prefix)) / "bin" / "activate"
    lines = [
        f"Made in {seconds:.0f} s:",
        f"  {repo}: Butler repository; warps of {PATCHES} patches in {WARPS}, results in {RESTORED}",
        "  (made in a hurry by config/quick.py: good to see BPS at work, not for science)",
        f"  {demo.output / 'submit'}: for each submission, the quantum graph, the configuration and the "
        "logs of the jobs",
        "",
        "Go on:",
        f"  . {activate}" if activate.exists() else None,
        f"  butler query-datasets {repo} 'restored_coadd*' --collections {RESTORED}",
        f"  pipetask report {repo} {demo.output / 'submit' / RESTORED}/*/*.qg --force-v2",
        "bps/sites.yaml says where else the jobs can run.",
    ]
    return "\n".join(line for line in ["", *lines] if line is not None)


if __name__ == "__main__":
    sys.exit(main())
