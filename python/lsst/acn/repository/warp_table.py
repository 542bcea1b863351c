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

"""The table that lists the warps to ingest."""

from __future__ import annotations

__all__ = ("WarpTableRow", "read_warp_table")

import dataclasses
from pathlib import Path
from typing import Any

import astropy.table

from ..errors import InvalidWarpFileError
from .dimension_records import VisitDescription

COLUMNS = ("visit", "band", "physical_filter", "day_obs", "path")


@dataclasses.dataclass(frozen=True)
class WarpTableRow:
    """One row of a table of warps.

    Parameters
    ----------
    visit : `VisitDescription`
        The visit.
    path : `pathlib.Path`
        The warp.
    psf_path : `pathlib.Path` or `None`
        Its PSF, if that is in a file of its own.
    unit : `str` or `None`
        Unit of its pixels, where the file does not say.
    """

    visit: VisitDescription
    path: Path
    psf_path: Path | None
    unit: str | None


def read_warp_table(path: str | Path) -> tuple[list[WarpTableRow], dict[str, Any]]:
    """Read a table of warps and check it.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        Table in ECSV or plain CSV, with columns ``visit``, ``band``, ``physical_filter``,
        ``day_obs`` and ``path``, and, if need be, ``psf_path``, ``unit`` and
        ``exposure_time``.  Paths are relative to the table.

    Returns
    -------
    rows : `list` [`WarpTableRow`]
        One for each visit, in the order of the table.
    meta : `dict`
        What the head of the table says, such as ``instrument`` and ``unit``.

    Raises
    ------
    InvalidWarpFileError
        Raised if the table cannot be read, has no rows, lacks a column or a
        value, or lists a visit twice.
    """
    path = Path(path)
    try:
        table = astropy.table.Table.read(path, format="ascii.csv" if _is_csv(path) else "ascii.ecsv")
    except FileNotFoundError:
        raise _error(path, "does not exist") from None
    except (OSError, ValueError, astropy.table.TableMergeError) as error:
        raise _error(path, f"cannot be read as ECSV or CSV: {error}") from error
    if missing := [name for name in COLUMNS if name not in table.colnames]:
        raise _error(path, f"has no column {', '.join(missing)}; it has {', '.join(table.colnames)}")
    if not len(table):
        raise _error(path, "has no rows")
    rows = [
        _row(path, number, dict(zip(table.colnames, row, strict=True))) for number, row in enumerate(table)
    ]
    seen: set[int] = set()
    for row in rows:
        if row.visit.visit in seen:
            raise _error(path, f"lists visit {row.visit.visit} more than once")
        seen.add(row.visit.visit)
    return rows, dict(table.meta)


def _is_csv(path: Path) -> bool:
    """Tell plain CSV, which has no head that says of what types columns are."""
    with path.open(encoding="utf-8") as stream:
        first = stream.readline()
    return "," in first and not first.startswith("#")


def _error(path: Path, what: str) -> InvalidWarpFileError:
    return InvalidWarpFileError(f"{path} {what}.", path=str(path))


def _row(table: Path, number: int, values: dict[str, Any]) -> WarpTableRow:
    present = {name: value for name, value in values.items() if str(value) not in ("", "--")}
    if missing := [name for name in COLUMNS if name not in present]:
        raise _error(table, f"has no {', '.join(missing)} in row {number + 1}")
    try:
        visit = VisitDescription(
            visit=int(present["visit"]),
            band=str(present["band"]),
            physical_filter=str(present["physical_filter"]),
            day_obs=int(present["day_obs"]),
            exposure_time=float(present["exposure_time"]) if "exposure_time" in present else None,
        )
    except ValueError as error:
        raise _error(table, f"has a value that is no number in row {number + 1}: {error}") from error
    return WarpTableRow(
        visit=visit,
        path=table.parent / str(present["path"]),
        psf_path=table.parent / str(present["psf_path"]) if "psf_path" in present else None,
        unit=str(present["unit"]) if "unit" in present else None,
    )
