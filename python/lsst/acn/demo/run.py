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

"""Simulate a field, restore it with the pipeline, and show what came out.

Run it as ``python -m lsst.acn.demo [OUTPUT]``, or by ``make demo``.
"""

from __future__ import annotations

__all__ = ("DemoError", "main", "prepare_folder", "show_output")

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lsst.daf.butler import Butler

from .images import DemoImages, read_images
from .picture import draw_comparison
from .table import compare_images, format_table

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
REPO, PICTURE, MARKER = "repo", "demo.png", ".made-by-the-acn-demo"

SEED = 24
SIZE = 256
VISITS = 12
WARPS, RESTORED = "simulated/warps", "demo/restored"
DATA_ID: dict[str, int | str] = {"skymap": "simulated", "tract": 0, "patch": 0, "band": "i"}
LOG_LEVELS = ("--log-level", "WARNING", "--log-level", "lsst.restoreCoadd=INFO")

LIBRARY_CHATTER = re.compile(
    r"WARNING: All log messages before absl|[IW]0000 |To enable the following instructions"
    r"|E0000 .*(cuInit|oneDNN)|.* Unable to import eups"
)
"""What libraries say whenever they start, whatever they are told."""


class DemoError(Exception):
    """Raised if the demonstration cannot go on; says why."""


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
    parser = argparse.ArgumentParser(
        prog="python -m lsst.acn.demo", description="Simulate a field, restore it, show what came out."
    )
    parser.add_argument("output", nargs="?", default="demo-output", type=Path, help="folder to write to")
    output = parser.parse_args(arguments).output
    start = time.monotonic()
    try:
        prepare_folder(output)
        _make_coadds(output / REPO)
    except DemoError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    butler = Butler.from_config(str(output / REPO), collections=RESTORED)
    images = read_images(butler, DATA_ID, n_visits=VISITS)
    print(f"\n{format_table(compare_images(images))}")
    _save_picture(images, output / PICTURE)
    print(_farewell(output, time.monotonic() - start))
    return 0


def prepare_folder(output: Path) -> None:
    """Make a folder ready for a fresh run.

    Parameters
    ----------
    output : `pathlib.Path`
        Folder to write to; need not exist.

    Raises
    ------
    DemoError
        Raised if there is something in the way that the demonstration did not
        make.
    """
    if not (output / MARKER).exists():
        for name in (REPO, PICTURE):
            if os.path.lexists(output / name):
                raise DemoError(
                    f"{output / name} is there and was not made by the demo; name another folder."
                )
    if output.exists() and not output.is_dir():
        raise DemoError(f"{output} is not a folder.")
    output.mkdir(parents=True, exist_ok=True)
    (output / MARKER).touch()
    if (output / REPO).exists():
        shutil.rmtree(output / REPO)
    (output / PICTURE).unlink(missing_ok=True)


def _make_coadds(repo: Path) -> None:
    _run("butler", "simulate-warps", str(repo), f"--seed={SEED}", f"--size={SIZE}", f"--visits={VISITS}")
    where = " AND ".join(f"{name}={value!r}" for name, value in DATA_ID.items())
    _run(
        *("pipetask", *LOG_LEVELS, "run", "-b", str(repo), "-p", "eups://acn/pipelines/acn.yaml"),
        *("-i", WARPS, "-o", RESTORED, "-d", where, "--register-dataset-types"),
    )


def _quoted(argument: str) -> str:
    """Return an argument as a person would type it."""
    return f'"{argument}"' if re.fullmatch(r"[\w ='-]*'[\w ='-]*", argument) else shlex.quote(argument)


def _run(command: str, *arguments: str) -> None:
    """Run a command of this environment, and show it and what it says."""
    print("\n$", command, *map(_quoted, arguments), flush=True)
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    program = shutil.which(command, path=folders)
    if program is None:
        raise DemoError(f"there is no command {command} here.")
    show_output([program, *arguments])


def show_output(
    command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Run a command and show what it says, but for what libraries always say.

    Parameters
    ----------
    command : `~collections.abc.Sequence` [`str`]
        Program and arguments.
    folder : `pathlib.Path`, optional
        Where to run it, if not in that of this process.
    environment : `~collections.abc.Mapping`, optional
        Its environment variables, if not those of this process.

    Raises
    ------
    DemoError
        Raised if the command fails.
    """
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not LIBRARY_CHATTER.match(line):
                print(line, end="", flush=True)
    if process.returncode:
        name = Path(command[0]).name
        raise DemoError(f"{name} failed with exit status {process.returncode}; see above.")


def _save_picture(images: DemoImages, path: Path) -> None:
    title = f"A simulated field, restored from {images.n_visits} visits"
    draw_comparison(images, title).savefig(path)


def _farewell(output: Path, seconds: float) -> str:
    repo = output / REPO
    activate = Path(os.path.relpath(sys.prefix)) / "bin" / "activate"
    values = (
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}"
        for name, value in DATA_ID.items()
    )
    lines = [
        f"Made in {seconds:.0f} s:",
        f"  {output / PICTURE}: coadd, restored image, truth and residual",
        f"  {repo}: Butler repository; warps and truth in {WARPS}, results in {RESTORED}",
        "",
        "Go on:",
        f"  . {activate}" if activate.exists() else None,
        f"  butler query-datasets {repo} --collections {RESTORED}",
        "  python",
        "  >>> from lsst.daf.butler import Butler",
        f'  >>> butler = Butler.from_config("{repo}", collections="{RESTORED}")',
        f'  >>> coadd = butler.get("restored_coadd", {", ".join(values)})',
        "  >>> coadd.image.array, coadd.variance.array, coadd.psf",
        "README.md says how to restore warps of your own.",
    ]
    return "\n".join(line for line in ["", *lines] if line is not None)
