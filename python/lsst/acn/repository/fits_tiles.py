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

"""Tiles of compressed FITS images that grow beyond their size."""

from __future__ import annotations

__all__ = ("check_tiles",)

import math
import zlib
from typing import BinaryIO

import astropy.io.fits

PIXEL_BYTES = 8
"""Bytes of the largest pixel (`int`)."""

GZIP_OR_ZLIB = 47
"""Tells zlib to take either head (`int`)."""


def check_tiles(stream: BinaryIO) -> None:
    """Raise if a tile that is compressed by gzip holds more than its pixels.

    Parameters
    ----------
    stream : `typing.BinaryIO`
        A FITS file, whose layout was checked; back at its beginning
        afterwards.

    Raises
    ------
    ValueError
        Raised if there is such a tile.

    Notes
    -----
    A kilobyte of gzip can become a megabyte, and whoever reads the image
    decompresses all of a tile before its size is looked at.  The other ways
    of compression are told how many pixels there are.
    """
    hdus = astropy.io.fits.open(stream, disable_image_compression=True, memmap=False)
    try:
        for hdu in hdus:
            if hdu.header.get("ZIMAGE") is True:
                _check_tiles(hdu)
    finally:
        hdus.close(closed=False)
    stream.seek(0)


def _check_tiles(hdu: astropy.io.fits.BinTableHDU) -> None:
    header = hdu.header
    sides = (header.get("ZTILE1", header["ZNAXIS1"]), header.get("ZTILE2", 1))
    most = PIXEL_BYTES * math.prod(sides)
    names = {"GZIP_COMPRESSED_DATA", "NULL_PIXEL_MASK"}
    names |= {"COMPRESSED_DATA"} if str(header.get("ZCMPTYPE")).startswith("GZIP") else set()
    for name in names.intersection(hdu.columns.names):
        for number, packed in enumerate(hdu.data[name]):
            if len(packed) and _grows_beyond(packed.tobytes(), most):
                raise ValueError(f"tile {number + 1} of {hdu.name or 'an image'} holds more than its pixels")


def _grows_beyond(packed: bytes, most: int) -> bool:
    try:
        return len(zlib.decompressobj(GZIP_OR_ZLIB).decompress(packed, most + 1)) > most
    except zlib.error as error:
        raise ValueError(f"a compressed tile is damaged: {error}") from error
