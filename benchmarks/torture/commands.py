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

"""Commands in processes that can be killed, and what they leave."""

from __future__ import annotations

__all__ = ("Child", "ingest_arguments", "is_traceback", "stored_warps", "write_warps")

import os
import signal
import sys
import time
import traceback
from pathlib import Path

import astropy.io.fits
import astropy.table
import numpy as np

from lsst.acn import gaussian_kernel
from lsst.acn.image_io import tangent_plane_wcs
from lsst.ctrl.mpexec.cli.pipetask import cli as pipetask
from lsst.daf.butler import Butler, MissingDatasetTypeError
from lsst.daf.butler.cli.butler import cli as butler

PROGRAMS = {"butler": butler, "pipetask": pipetask}
SHAPE = (48, 48)


class Child:
    """One ``butler`` or ``pipetask`` command in a process of its own.

    Parameters
    ----------
    arguments : `list` [`str`]
        Of the command.
    output : `pathlib.Path`
        Where it writes what it says.
    program : `str`, optional
        Whose command it is.
    """

    def __init__(self, arguments: list[str], output: Path, program: str = "butler") -> None:
        self._output = output
        self.peak = 0
        """Bytes that it took at most, known at its end (`int`)."""
        self._pid = os.fork()
        if self._pid == 0:
            _become(program, arguments, output)

    def kill_after(self, seconds: float) -> None:
        """Kill it once it has run for some time, unless it is done by then.

        Parameters
        ----------
        seconds : `float`
            Time to wait.
        """
        time.sleep(seconds)
        os.kill(self._pid, signal.SIGKILL)

    def wait(self, longest: float = 300.0) -> int | None:
        """Return its exit status; `None` if it hangs, and is killed then.

        Parameters
        ----------
        longest : `float`, optional
            Seconds to wait.

        Returns
        -------
        status : `int` or `None`
            Negative if it was killed by a signal.
        """
        for _ in range(int(longest / 0.02)):
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            if pid:
                self.peak = 1024 * usage.ru_maxrss
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        return None

    @property
    def said(self) -> str:
        """All that it has printed (`str`)."""
        return self._output.read_text(errors="replace")


def _become(program: str, arguments: list[str], output: Path) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    status = 1
    try:
        PROGRAMS[program].main(arguments, prog_name=program)
    except SystemExit as error:
        status = int(error.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(status)


def is_traceback(child: Child) -> bool:
    """Tell whether a command that failed did so without a message of ours.

    Parameters
    ----------
    child : `Child`
        The command, at its end.

    Returns
    -------
    is_traceback : `bool`
        Whether there is a traceback, or no line that begins with ``Error:``.
    """
    return "Traceback" in child.said or "Error: " not in child.said or 'File "' in child.said


def write_warps(folder: Path, visits: list[int]) -> Path:
    """Write warps and the table that lists them.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to, made if need be.
    visits : `list` [`int`]
        Their visits.

    Returns
    -------
    table : `pathlib.Path`
        The table.
    """
    folder.mkdir(exist_ok=True)
    header = tangent_plane_wcs(30.0, -5.0, 0.2, y=24.0, x=24.0).to_header()
    header["LTV1"], header["LTV2"], header["BUNIT"] = -700.0, -500.0, "nJy"
    for visit in visits:
        image = np.random.default_rng(visit).normal(size=SHAPE).astype(np.float32)
        planes = {"IMAGE": image, "MASK": np.zeros(SHAPE, np.int32), "VARIANCE": np.ones_like(image)}
        hdus = [astropy.io.fits.ImageHDU(data, header, name=name) for name, data in planes.items()]
        hdus[1].header["MP_BAD"] = 0
        hdus.append(astropy.io.fits.ImageHDU(gaussian_kernel(3.0, 11), name="PSF"))
        astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), *hdus]).writeto(folder / f"{visit}.fits")
    table = astropy.table.Table(
        {
            "visit": visits,
            "band": ["r"] * len(visits),
            "physical_filter": ["r_01"] * len(visits),
            "day_obs": [20260131] * len(visits),
            "path": [f"{visit}.fits" for visit in visits],
        }
    )
    table.write(folder / "visits.ecsv")
    return folder / "visits.ecsv"


def ingest_arguments(repo: Path, table: Path, run: str, patch: int = 12) -> list[str]:
    """Return the arguments of ``butler ingest-warps``.

    Parameters
    ----------
    repo, table : `pathlib.Path`
        Repository and table.
    run : `str`
        Run to store in.
    patch : `int`, optional
        The patch.

    Returns
    -------
    arguments : `list` [`str`]
        All of them.
    """
    identity = ["--skymap", "test", "--tract", "4", "--patch", str(patch), "--instrument", "TestCam"]
    return ["ingest-warps", str(repo), str(table), *identity, "--output-run", run]


def stored_warps(repo: Path) -> tuple[int, int]:
    """Read all warps of a repository.

    Parameters
    ----------
    repo : `pathlib.Path`
        The repository.

    Returns
    -------
    whole, others : `int`
        Number of warps that read back; number of datasets that do not, and of
        files that belong to none.
    """
    with Butler.from_config(str(repo)) as butler:
        try:
            found = butler.query_all_datasets("*", find_first=False)
        except MissingDatasetTypeError:
            found = []
        paths = {Path(butler.getURI(each).ospath) for each in found}
        whole = sum(_reads(butler, each) for each in found)
    files = {path for path in repo.rglob("*") if path.suffix in (".fits", ".parq", ".json")}
    return whole, len(found) - whole + len(files - paths)


def _reads(butler: Butler, reference: object) -> bool:
    try:
        butler.get(reference)
    except Exception:
        return False
    return True
