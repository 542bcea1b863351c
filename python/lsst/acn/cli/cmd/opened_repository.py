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

"""A repository that a command reads."""

from __future__ import annotations

__all__ = ("opened_repository",)

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsst.daf.butler import Butler


@contextlib.contextmanager
def opened_repository(repo: str) -> Iterator[Butler]:
    """Open a repository for reading.

    Parameters
    ----------
    repo : `str`
        The repository.

    Yields
    ------
    butler : `lsst.daf.butler.Butler`
        A butler, closed afterwards.

    Raises
    ------
    click.ClickException
        Raised if it cannot be opened; says why.
    """
    from lsst.daf.butler import Butler

    try:
        butler = Butler.from_config(repo, writeable=False)
    except FileNotFoundError as error:
        raise click.ClickException(f"There is no Butler repository {repo}.") from error
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise click.ClickException(f"{repo} cannot be opened as a Butler repository: {told}") from error
    with butler:
        yield butler
