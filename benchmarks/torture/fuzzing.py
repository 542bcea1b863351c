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


"""Tables and files that are damaged at random."""

from __future__ import annotations

__all__ = ("KINDS", "damage", "damage_files", "damage_tables", "try_damage")

import gzip
from collections.abc import Callable
from pathlib import Path

import astropy.io.fits

from lsst.acn import RestorationError
from lsst.acn.repository.warp_files import read_warp_file
from lsst.acn.repository.warp_table import read_warp_table

from .commands import write_warps
from .drawn_cases import Case, damages, for_each_case, time_limit
from .verdict import Verdict

KINDS = ("plain", "gzip", "RICE_1", "GZIP_1", "GZIP_2")
"""How the files of warps are compressed."""


def damage_tables(folder: Path, count: int, seed: int) -> Verdict:
    """Read tables of warps with wrong values, lines and bytes.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of tables.
    seed : `int`
        Of the damage.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict, path, content = Verdict(f"{count} damaged tables"), *source(folder, "table")
    for_each_case(damages(), count, seed, lambda case: try_damage(verdict, "table", path, content, case))
    return verdict


def damage_files(folder: Path, count: int, seed: int) -> Verdict:
    """Read warps with wrong cards, bytes and lengths, plain and compressed.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work.
    count : `int`
        Number of files.
    seed : `int`
        Of the damage.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{count} damaged files")
    for number, kind in enumerate(KINDS):
        path, content = source(folder / kind, kind)
        share = count // len(KINDS) + (number < count % len(KINDS))

        def attempt(case: Case, kind: str = kind, path: Path = path, content: bytes = content) -> None:
            try_damage(verdict, kind, path, content, case)

        for_each_case(damages(), share, seed + number, attempt)
    return verdict


def source(folder: Path, kind: str) -> tuple[Path, bytes]:
    """Return a file that nothing is wrong with, and its content.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to work, made if need be.
    kind : `str`
        ``table``, or one of `KINDS`.

    Returns
    -------
    path : `pathlib.Path`
        The file, of a table or of a warp.
    content : `bytes`
        What is in it.
    """
    folder.mkdir(exist_ok=True)
    table = write_warps(folder / "source", [1, 2, 3])
    path = table if kind == "table" else table.with_name("1.fits")
    if kind == "gzip":
        return path, gzip.compress(path.read_bytes())
    if kind in ("table", "plain"):
        return path, path.read_bytes()
    with astropy.io.fits.open(path) as hdus:
        packed = [
            astropy.io.fits.CompImageHDU(hdu.data, hdu.header, hdu.name, compression_type=kind)
            for hdu in hdus[1:4]
        ]
        astropy.io.fits.HDUList([hdus[0], *packed, hdus[4]]).writeto(folder / "packed.fits")
    return path, (folder / "packed.fits").read_bytes()


def try_damage(verdict: Verdict, kind: str, path: Path, content: bytes, case: Case) -> None:
    """Read a damaged file, and count what came of it.

    Parameters
    ----------
    verdict : `Verdict`
        Counts.
    kind : `str`
        ``table``, or one of `KINDS`.
    path : `pathlib.Path`
        Overwritten.
    content : `bytes`
        What was in it.
    case : `dict`
        The damage.
    """
    read: Callable[[Path], object] = read_warp_table if kind == "table" else read_warp_file
    path.write_bytes(damage(content, case, is_table=kind == "table"))
    try:
        with time_limit():
            read(path)
        verdict.add("read all the same")
    except RestorationError as error:
        verdict.add(
            "refused" if str(path) in str(error) else "tracebacks", f"{kind} {case}: no name: {error}"
        )
    except TimeoutError:
        verdict.add("hangs", f"{kind} {case}")
    except Exception as error:
        verdict.add("tracebacks", f"{kind} {case}: {error!r}")


def damage(content: bytes, case: Case, *, is_table: bool) -> bytes:
    """Return what damage leaves of the content of a file.

    Parameters
    ----------
    content : `bytes`
        The content.
    case : `dict`
        The damage.
    is_table : `bool`
        Whether entries are words, and not cards of headers.

    Returns
    -------
    damaged : `bytes`
        What is left.
    """
    if "cut" in case:
        return content[: case["cut"] % len(content)]
    result = bytearray(content)
    if "bytes" in case:
        for place, value in case["bytes"]:
            result[place % len(content)] = value
        return bytes(result)
    if is_table:
        words = content.decode().split(" ")
        for place, text in case["entries"]:
            words[place % len(words)] = text
        return " ".join(words).encode(errors="replace")
    cards = [start for start in range(0, len(content) - 80, 80) if content[start + 8 : start + 10] == b"= "]
    for place, text in case["entries"]:
        # What is compressed has no cards to be seen.
        start = cards[place % len(cards)] if cards else place % (len(content) - 80)
        result[start + 10 : start + 80] = f"{text:>20}".encode(errors="replace")[:70].ljust(70)
    return bytes(result)
