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

"""The command ``butler ingest-warps``."""

from __future__ import annotations

__all__ = ("ingest_warps",)

import click

from lsst.daf.butler.cli.opt import options_file_option, repo_argument
from lsst.daf.butler.cli.progress import ClickProgressHandler
from lsst.daf.butler.cli.utils import ButlerCommand
from lsst.daf.butler.progress import Progress

from .finite_number import MOST_IDENTIFIER, FiniteNumber


@click.command(short_help="Ingest warps from FITS files.", cls=ButlerCommand)
@repo_argument(required=True, help="REPO is a Butler repository, which is made if there is none.")
@click.argument("table")
@click.option("--skymap", required=True, help="Name of the skymap.")
@click.option(
    "--tract", required=True, type=click.IntRange(0, MOST_IDENTIFIER), help="Identifier of the tract."
)
@click.option(
    "--patch", required=True, type=click.IntRange(0, MOST_IDENTIFIER), help="Identifier of the patch."
)
@click.option("--instrument", help="Name of the instrument.  By default what the table's head says.")
@click.option("--output-run", required=True, help="Name of the run to store the warps in.")
@click.option(
    "--unit",
    help="Unit of the pixels of files that do not state it in BUNIT, in place of what their PhotoCalib says, "
    "if they have one.  If nothing states a unit, it is adu.",
)
@click.option(
    "--patch-grid",
    type=(click.IntRange(min=1), click.IntRange(min=1)),
    default=(10, 10),
    show_default=True,
    metavar="ROWS COLUMNS",
    help="Number of rows and columns of patches of a tract, for a skymap that the repository does not know.",
)
@click.option(
    "--cell-size",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="Side in pixels that the cells of the patch should have.",
)
@click.option(
    "--max-file-size",
    type=FiniteNumber(min=0, min_open=True),
    default=1024.0,
    show_default=True,
    metavar="MIB",
    help="Size in MiB that a file, and the pixels of each of its extensions, may have when they are "
    "decompressed.  Several times as much memory may be needed.",
)
@click.option(
    "--pixel-scale",
    type=FiniteNumber(min=0, min_open=True),
    metavar="ARCSEC",
    help="Side of a pixel, for files that have no WCS.  They are taken to show the same pixels of the sky, "
    "and put at right ascension and declination 0.",
)
@options_file_option()
def ingest_warps(repo: str, table: str, max_file_size: float, **options: object) -> None:
    """Ingest warps, exposures resampled to the pixels of a patch.

    TABLE is an ECSV or CSV table with columns visit, band, physical_filter,
    day_obs, path and, if need be, psf_path, unit and exposure_time.  Each
    path, relative to the table, is a FITS file with extensions IMAGE or SCI;
    VARIANCE, VAR or ERR (a standard deviation); MASK (with MP_* keywords) or
    DQ, if any; and, unless psf_path names a file of its own, PSF.

    Skymap, tract, patch, instrument and visits are registered where they are
    missing.  All files are checked before anything is written; a warp that
    the run already has is an error.
    """
    from lsst.acn.errors import RestorationError
    from lsst.acn.machine.progress import someone_watches
    from lsst.acn.repository.ingest import ingest_warps as ingest

    if someone_watches():
        Progress.set_handler(ClickProgressHandler())
    try:
        size = int(max_file_size * 2**20)
        references = ingest(repo, table, max_file_size=size, **options)  # type: ignore[arg-type]
    except RestorationError as error:
        raise click.ClickException(str(error)) from error
    for reference in references:
        identity = " ".join(f"{name}={value}" for name, value in reference.dataId.required.items())
        print(f"{reference.datasetType.name} {identity} band={reference.dataId['band']}")
    print(f"Ingested {len(references)} warps into run {references[0].run} of {repo}.")
