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

__all__ = ("damage_files", "damage_tables")

import gzip
import signal
from collections.abc import Callable
from pathlib import Path

import astropy.io.fits
import numpy as np

from lsst.acn import RestorationError
from lsst.acn.repository.warp_files import read_warp_file
from lsst.acn.repository.warp_table import read_warp_table

from .commands import write_warps
from .verdict import Verdict

LONGEST = 30
"""Seconds after which reading is a hang (`int`)."""

VALUES = (
    *("", "T", "-1", "0", "7", "1E30", "-1E300", "NaN", "inf", "9223372036854775808", "'x'", "''", "'%'"),
    *(
        "'mag'",
        "[1, 2]",
        "{a: 1}",
        "!!python/object:os.system",
        "&a [*a]",
        "7.9",
        "'../../x'",
        "\x00",
        "1e-320",
    ),
)


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
    table = write_warps(folder / "source", [1, 2, 3])
    return _damage("tables", table.read_bytes(), table, _wrong_words, read_warp_table, count, seed)


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
    path = write_warps(folder / "source", [1]).with_name("1.fits")
    corpus = [path.read_bytes(), gzip.compress(path.read_bytes())]
    for kind in ("RICE_1", "GZIP_1", "GZIP_2"):
        with astropy.io.fits.open(path) as hdus:
            packed = [
                astropy.io.fits.CompImageHDU(hdu.data, hdu.header, hdu.name, compression_type=kind)
                for hdu in hdus[1:4]
            ]
            astropy.io.fits.HDUList([hdus[0], *packed, hdus[4]]).writeto(folder / f"{kind}.fits")
        corpus.append((folder / f"{kind}.fits").read_bytes())
    verdict = Verdict(f"{count} damaged files")
    for number, content in enumerate(corpus):
        share = count // len(corpus) + (number < count % len(corpus))
        part = _damage("files", content, path, _wrong_cards, read_warp_file, share, seed + number)
        verdict.counts += part.counts
        verdict.examples += part.examples
    return verdict


def _damage(
    what: str,
    content: bytes,
    path: Path,
    change: Callable[[bytes, np.random.Generator], bytes],
    read: Callable[[Path], object],
    count: int,
    seed: int,
) -> Verdict:
    verdict, rng = Verdict(f"{count} damaged {what}"), np.random.default_rng(seed)
    kinds = (change, change, _wrong_bytes, _cut)
    signal.signal(signal.SIGALRM, _too_long)
    for number in range(count):
        path.write_bytes(kinds[int(rng.integers(len(kinds)))](content, rng))
        signal.alarm(LONGEST)
        try:
            read(path)
            verdict.add("read all the same")
        except RestorationError as error:
            verdict.add("refused" if str(path) in str(error) else "tracebacks", f"no name: {error}")
        except TimeoutError:
            verdict.add("hangs", f"number {number}")
        except Exception as error:
            verdict.add("tracebacks", f"number {number}: {error!r}")
        finally:
            signal.alarm(0)
    return verdict


def _too_long(*arguments: object) -> None:
    raise TimeoutError


def _wrong_words(content: bytes, rng: np.random.Generator) -> bytes:
    words = content.decode().split(" ")
    for _ in range(int(rng.integers(1, 4))):
        words[int(rng.integers(len(words)))] = VALUES[int(rng.integers(len(VALUES)))]
    return " ".join(words).encode()


def _wrong_cards(content: bytes, rng: np.random.Generator) -> bytes:
    cards = [start for start in range(0, len(content) - 80, 80) if content[start + 8 : start + 10] == b"= "]
    result = bytearray(content)
    for _ in range(int(rng.integers(1, 4)) if cards else 0):
        start = cards[int(rng.integers(len(cards)))]
        text = VALUES[int(rng.integers(len(VALUES)))]
        result[start + 10 : start + 80] = f"{text:>20}".encode()[:70].ljust(70)
    return bytes(result) if cards else _wrong_bytes(content, rng)


def _wrong_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    result = np.frombuffer(content, np.uint8).copy()
    where = rng.integers(len(result), size=int(rng.integers(1, 20)))
    result[where] = rng.integers(256, size=len(where))
    return result.tobytes()


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]
