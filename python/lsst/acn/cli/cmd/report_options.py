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

"""Options of all commands that show restored patches."""

from __future__ import annotations

__all__ = ("coadd_option", "output_option")

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def output_option(content: str) -> Callable[[Any], Any]:
    """Return the option that names the folder to write to.

    Parameters
    ----------
    content : `str`
        What is written.

    Returns
    -------
    option : `~collections.abc.Callable`
        Decorates a command, which gets ``output``.
    """
    return click.option(
        "-o",
        "--output",
        required=True,
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Folder to write {content} to, made if need be.",
    )


def coadd_option(help: str) -> Callable[[Any], Any]:
    """Return the option that names the coadds to show restored ones with.

    Parameters
    ----------
    help : `str`
        What becomes of them.

    Returns
    -------
    option : `~collections.abc.Callable`
        Decorates a command, which gets ``coadd``.
    """
    return click.option(
        "--coadd", default="reference_coadd", show_default=True, metavar="DATASET_TYPE", help=help
    )
