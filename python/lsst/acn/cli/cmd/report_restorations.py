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

"""The command ``butler report-restorations``."""

from __future__ import annotations

__all__ = ("report_restorations",)

from pathlib import Path

import click

from lsst.daf.butler.cli.opt import options_file_option, repo_argument, where_option
from lsst.daf.butler.cli.utils import ButlerCommand

from .finite_number import FiniteNumber
from .opened_repository import opened_repository
from .report_options import coadd_option, output_option


@click.command(short_help="Show all restored patches on one page.", cls=ButlerCommand)
@repo_argument(required=True, help="REPO is a Butler repository.")
@click.argument("collection")
@output_option("index.html")
@where_option(help="Expression that patches have to fulfil, similar to a SQL WHERE clause.")
@coadd_option("Coadd to compare the restored coadds with.")
@click.option(
    "--image-size",
    type=click.IntRange(min=16),
    default=400,
    show_default=True,
    help="Largest side of a picture in pixels.  A larger patch is shown with fewer pixels, and a part of it "
    "at full resolution.",
)
@click.option("--plots/--no-plots", default=True, show_default=True, help="Put the plots into the page.")
@click.option(
    "--plot-width",
    type=click.IntRange(min=16),
    default=2000,
    show_default=True,
    help="Largest width of a plot in pixels.  A wider one is made smaller.",
)
@click.option(
    "--threshold",
    type=FiniteNumber(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Number of robust standard deviations from the median of its band from which a number stands out.",
)
@options_file_option()
def report_restorations(repo: str, collection: str, output: Path, plots: bool, **options: object) -> None:
    """Write one page, DIR/index.html, that shows all restored patches of a COLLECTION.

    The page has a table of the patches with their numbers
    (restored_coadd_metrics), the most unusual first, and blinks between coadd
    and restored coadd.  Patches that have three bands are shown in colour as
    well.  The page holds all it needs, so that it can be sent as one
    file, and fetches nothing.

    A patch that lacks numbers, plot or coadd is in the table none the less,
    with a note.  A page that is already there stays until the new one is
    complete.
    """
    from lsst.acn.report import ReportError, write_report

    with opened_repository(repo) as butler:
        try:
            summary = write_report(butler, collection, output, with_plots=plots, **options)  # type: ignore[arg-type]
        except ReportError as error:
            raise click.ClickException(str(error)) from error
    counts = [f"{summary.n_patches} patch{'es' * (summary.n_patches != 1)}"]
    counts += [f"{summary.n_outliers} of them unlike the others"] * (summary.n_outliers > 0)
    counts += [f"{summary.n_incomplete} incomplete"] * (summary.n_incomplete > 0)
    print(f"Wrote {summary.path}: {', '.join(counts)}; {summary.n_bytes / 1e6:.1f} MB.")
