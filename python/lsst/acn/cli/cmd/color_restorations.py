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

"""The command ``butler color-restorations``."""

from __future__ import annotations

__all__ = ("color_restorations",)

from pathlib import Path

import click

from lsst.daf.butler.cli.opt import options_file_option, repo_argument, where_option
from lsst.daf.butler.cli.utils import ButlerCommand

from .opened_repository import opened_repository
from .report_options import coadd_option, output_option


@click.command(short_help="Draw restored patches of three bands in colour.", cls=ButlerCommand)
@repo_argument(required=True, help="REPO is a Butler repository.")
@click.argument("collection")
@output_option("PNG files")
@click.option(
    "--bands",
    nargs=3,
    metavar="RED GREEN BLUE",
    help="Names of three bands.  By default i r g, or the reddest, the middle and the bluest of a patch that "
    "lacks one of these.",
)
@where_option(help="Expression that patches have to fulfil, similar to a SQL WHERE clause.")
@coadd_option("Coadd to draw in the same way.")
@options_file_option()
def color_restorations(
    repo: str, collection: str, output: Path, bands: tuple[str, ...] | None, **options: str
) -> None:
    """Draw the restored patches of a COLLECTION that have three bands in colour.

    For each, DIR has the restored coadd and the coadd as PNG files, on one
    scale: brightness by the inverse hyperbolic sine, after Lupton et al.
    (2004), and the light of all bright pixels together white.
    """
    from lsst.acn.report import ReportError, write_colors

    with opened_repository(repo) as butler:
        try:
            paths = write_colors(butler, collection, output, bands=bands or (), **options)
        except ReportError as error:
            raise click.ClickException(str(error)) from error
    for path in paths:
        print(path)
    print(f"Wrote {len(paths)} pictures.")
