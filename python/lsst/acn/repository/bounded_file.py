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

"""Open files from outside: regular ones of bounded size, and nothing else."""

from __future__ import annotations

__all__ = ("MAX_FILE_SIZE", "open_bounded")

import gzip
import io
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

from .warp_file_errors import warp_file_error

MAX_FILE_SIZE = 2**30
"""Bytes that a file may have by default, decompressed (`int`)."""

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 2**20


def open_bounded(path: Path, limit: int = MAX_FILE_SIZE) -> BinaryIO:
    """Open a regular file, decompressed if it is one of gzip.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.
    limit : `int`, optional
        Bytes that it may have, before and after it is decompressed.

    Returns
    -------
    stream : `typing.BinaryIO`
        Its content, from the beginning.

    Raises
    ------
    InvalidWarpFileError
        Raised if it is missing, larger, or no regular file, but a pipe, a
        device or a folder.
    OSError
        Raised if it is a damaged file of gzip.
    """
    try:
        stream = _open_regular(path)
    except FileNotFoundError:
        raise warp_file_error(path, "does not exist") from None
    except (OSError, ValueError) as error:
        raise warp_file_error(path, f"cannot be opened: {error}") from error
    try:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise warp_file_error(
                path, f"has {size} bytes, more than the limit of {limit} (see --max-file-size)"
            )
        if not stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            return stream
        with stream:
            return _decompressed(path, stream, limit)
    except BaseException:
        stream.close()
        raise


def _open_regular(path: Path) -> io.BufferedReader:
    # Opening a pipe without this flag waits for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return open(descriptor, "rb")


def _decompressed(path: Path, stream: BinaryIO, limit: int) -> BinaryIO:
    result = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=stream) as content:
            while chunk := content.read(CHUNK):
                result.write(chunk)
                if result.tell() > limit:
                    raise warp_file_error(
                        path, f"has more than {limit} bytes when it is decompressed (see --max-file-size)"
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise OSError(f"it is damaged as gzip: {error}") from error
    result.seek(0)
    return result
