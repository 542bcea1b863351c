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
import datetime
import math
from pathlib import Path
from typing import Any

import astropy.table

from ..errors import InvalidWarpFileError
from ..exposures.finer_psfs import MOST_OVERSAMPLING
from ..exposures.plain_numbers import whole_number
from .bounded_file import open_bounded
from .dimension_records import VisitDescription
from .warp_file_errors import warp_file_error

COLUMNS = ("visit", "band", "physical_filter", "day_obs", "path")

MAX_TABLE_SIZE = 2**26
"""Bytes that a table may have (`int`)."""


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
    psf_oversampling : `int`
        Samples of its PSF per pixel along each axis; with more than 1, the PSF
        is that of the light before pixels see it.
    """

    visit: VisitDescription
    path: Path
    psf_path: Path | None
    unit: str | None
    psf_oversampling: int


def read_warp_table(path: str | Path) -> tuple[list[WarpTableRow], dict[str, Any]]:
    """Read a table of warps and check it.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        Table in ECSV or plain CSV, with columns ``visit``, ``band``, ``physical_filter``,
        ``day_obs`` and ``path``, and, if need be, ``psf_path``, ``unit``,
        ``psf_oversampling`` and ``exposure_time``.  Paths are relative to the table.

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
        value, has one of no use, or lists a visit twice; or if the file is
        larger than 64 MiB or no regular one.
    """
    path = Path(path)
    table = _read(path)
    if missing := [name for name in COLUMNS if name not in table.colnames]:
        raise warp_file_error(path, f"has no column {', '.join(missing)}; it has {', '.join(table.colnames)}")
    if not len(table):
        raise warp_file_error(path, "has no rows")
    rows = [
        _row(path, number, dict(zip(table.colnames, row, strict=True))) for number, row in enumerate(table)
    ]
    seen: set[int] = set()
    for row in rows:
        if row.visit.visit in seen:
            raise warp_file_error(path, f"lists visit {row.visit.visit} more than once")
        seen.add(row.visit.visit)
    return rows, dict(table.meta)


def _read(path: Path) -> astropy.table.Table:
    try:
        with open_bounded(path, MAX_TABLE_SIZE) as stream:
            content = stream.read()
        lines = content.decode().splitlines()
        return astropy.table.Table.read(lines, format="ascii.csv" if _is_csv(lines) else "ascii.ecsv")
    except InvalidWarpFileError:
        raise
    except Exception as error:
        # Whatever damaged text makes of the parsers of YAML and CSV, it is the table that is at fault.
        told = " ".join(str(error).split()) or type(error).__name__
        raise warp_file_error(path, f"cannot be read as ECSV or CSV: {told[:500]}") from error


def _is_csv(lines: list[str]) -> bool:
    """Tell plain CSV, which has no head that says of what types columns are."""
    return bool(lines) and "," in lines[0] and not lines[0].startswith("#")


def _row(table: Path, number: int, values: dict[str, Any]) -> WarpTableRow:
    present = {name: value for name, value in values.items() if str(value) not in ("", "--")}
    if missing := [name for name in COLUMNS if name not in present]:
        raise warp_file_error(table, f"has no {', '.join(missing)} in row {number + 1}")
    try:
        visit = VisitDescription(
            visit=whole_number("visit", present["visit"]),
            band=_text("band", present["band"]),
            physical_filter=_text("physical_filter", present["physical_filter"]),
            day_obs=_night(present["day_obs"]),
            exposure_time=_seconds(present["exposure_time"]) if "exposure_time" in present else None,
        )
        return WarpTableRow(
            visit=visit,
            path=table.parent / _text("path", present["path"]),
            psf_path=table.parent / _text("psf_path", present["psf_path"]) if "psf_path" in present else None,
            unit=_text("unit", present["unit"]) if "unit" in present else None,
            psf_oversampling=_samples(present.get("psf_oversampling", 1)),
        )
    except ValueError as error:
        raise warp_file_error(table, f"has a value that is of no use in row {number + 1}: {error}") from error


def _samples(value: Any) -> int:
    samples = whole_number("psf_oversampling", value)
    if not 1 <= samples <= MOST_OVERSAMPLING:
        raise ValueError(f"psf_oversampling must be from 1 to {MOST_OVERSAMPLING}; it is {samples}")
    return samples


def _night(value: Any) -> int:
    night = whole_number("day_obs", value)
    try:
        datetime.date(night // 10000, night // 100 % 100, night % 100)
    except (ValueError, OverflowError):
        raise ValueError(f"day_obs must be a date such as 20260131; it is {value!r}") from None
    return night


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except TypeError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"exposure_time must be a number of seconds; it is {value!r}")
    return seconds


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text; it is {value!r}")
    return str(value)
