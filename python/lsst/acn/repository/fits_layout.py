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

"""What the headers of a FITS file promise, held against what there is."""

from __future__ import annotations

__all__ = ("check_fits_layout",)

import math
import os
from typing import BinaryIO

CARD, BLOCK = 80, 2880
BITPIX = (8, 16, 32, 64, -32, -64)

MAX_HEADER_BLOCKS = 2000
"""Blocks that one header may have: 72 000 lines (`int`)."""

MAX_HDUS = 1000
MAX_AXES = 999


def check_fits_layout(stream: BinaryIO, limit: int) -> None:
    """Raise unless a file is FITS, with all pixels that its headers promise.

    Parameters
    ----------
    stream : `typing.BinaryIO`
        The file; is read up to its last header, and back at its beginning
        afterwards.
    limit : `int`
        Bytes that the pixels of an extension may take once they are
        decompressed.

    Raises
    ------
    ValueError
        Raised if something is wrong; says in which extension.

    Notes
    -----
    No pixel is read, and memory is that of one header: a header that
    promises more than there is must not be believed.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    for number in range(MAX_HDUS):
        start = stream.tell()
        if start >= size:
            break
        try:
            header = _read_header(stream)
            if number == 0 and "SIMPLE" not in header:
                raise ValueError("it does not begin with SIMPLE")
            stop = stream.tell() + _data_size(header)
            _check_decompressed(header, limit)
        except ValueError as error:
            if number > 0 and _is_padding(stream, start, size):
                break
            raise ValueError(f"extension {number}: {error}") from error
        if stop > size:
            raise ValueError(
                f"extension {number}: it is truncated, for {stop} bytes are promised, not {size}"
            )
        stream.seek(start + -(-(stop - start) // BLOCK) * BLOCK)
    else:
        raise ValueError(f"it has more than {MAX_HDUS} extensions")
    stream.seek(0)


def _read_header(stream: BinaryIO) -> dict[str, str]:
    """Return the values of a header as text, by keyword."""
    result: dict[str, str] = {}
    for _ in range(MAX_HEADER_BLOCKS):
        block = stream.read(BLOCK).decode("latin-1")
        for start in range(0, len(block), CARD):
            card = block[start : start + CARD]
            keyword = card[:8].rstrip()
            if keyword == "END":
                return result
            if card[8:9] == "=":
                result.setdefault(keyword, card[9:].split("/")[0].strip())
        if len(block) < BLOCK:
            raise ValueError("its header is truncated")
    raise ValueError("its header has no end")


def _is_padding(stream: BinaryIO, start: int, size: int) -> bool:
    """Tell whether no more than zeros or blanks follow the last extension."""
    stream.seek(start)
    rest = stream.read(min(size - start, BLOCK * MAX_HEADER_BLOCKS))
    return not rest.strip(b"\0 ") and stream.tell() == size


def _whole(header: dict[str, str], keyword: str, most: int, default: int | None = None) -> int:
    text = header.get(keyword)
    if text is None and default is not None:
        return default
    if text is None:
        raise ValueError(f"its header has no {keyword}")
    try:
        value = int(text)
    except ValueError:
        raise ValueError(f"its {keyword} is {text}, no whole number") from None
    if not 0 <= value <= most:
        raise ValueError(f"its {keyword} is {text}, which cannot be")
    return value


def _pixel_bytes(header: dict[str, str], keyword: str) -> int:
    text = header.get(keyword, "nothing")
    if text not in map(str, BITPIX):
        raise ValueError(f"its {keyword} is {text}, not one of {', '.join(map(str, BITPIX))}")
    return abs(int(text)) // 8


def _axes(header: dict[str, str], keyword: str) -> list[int]:
    count = _whole(header, keyword, MAX_AXES)
    return [_whole(header, f"{keyword}{number}", 2**62) for number in range(1, count + 1)]


def _data_size(header: dict[str, str]) -> int:
    axes, pixel = _axes(header, "NAXIS"), _pixel_bytes(header, "BITPIX")
    if not axes:
        return 0
    heap, groups = _whole(header, "PCOUNT", 2**62, 0), _whole(header, "GCOUNT", 2**31, 1)
    # Files of random groups begin with an axis of length 0.
    axes = axes[1:] if axes[0] == 0 and header.get("GROUPS") == "T" else axes
    return pixel * groups * (heap + math.prod(axes))


def _check_decompressed(header: dict[str, str], limit: int) -> None:
    """Raise if the pixels of a compressed image are too many."""
    if header.get("ZIMAGE") != "T":
        return
    axes, pixel = _axes(header, "ZNAXIS"), _pixel_bytes(header, "ZBITPIX")
    needed = pixel * math.prod(axes)
    if needed > limit:
        raise ValueError(f"it has {needed} bytes when it is decompressed, more than the limit of {limit}")
    for number, side in enumerate(axes, start=1):
        if _whole(header, f"ZTILE{number}", 2**62, 1) > max(side, 1):
            raise ValueError(f"its ZTILE{number} is larger than its ZNAXIS{number}")
