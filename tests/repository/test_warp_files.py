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

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.io.fits
import numpy as np
import pytest
from fake_warps import FakeWarp

from lsst.acn import InvalidWarpFileError, gaussian_kernel
from lsst.acn.repository.warp_files import read_warp_file

Header = astropy.io.fits.Header


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a good warp."""
    FakeWarp(unit=None).write(tmp_path / "warp.fits")
    return tmp_path / "warp.fits"


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(InvalidWarpFileError) as caught:
        read_warp_file(path, **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


def set_card(path: Path, extension: str, keyword: str, value: Any) -> None:
    """Overwrite or add a card as text, so that nothing keeps it from being wrong."""
    with astropy.io.fits.open(path, mode="update") as hdus:
        header = hdus[extension].header
        header[keyword] = 123456
        image = str(header.cards[keyword])
    text = value if isinstance(value, str) else repr(value).upper()
    content = path.read_bytes()
    assert content.count(image.encode()) == 1
    path.write_bytes(content.replace(image.encode(), f"{image[:10]}{text:>20}".ljust(80).encode()))


@pytest.mark.parametrize(
    ("extension", "keyword", "value", "message"),
    [
        ("MASK", "HIERARCH MP_BAD", 40, "MP_BAD = 40, which is no bit from 0 to 31"),
        ("MASK", "MP_X", -1, "MP_X = -1"),
        ("MASK", "MP_X", 1e18, "MP_X = 1e+18"),
        ("IMAGE", "BUNIT", "17.5", "no text: BUNIT is 17.5"),
        ("IMAGE", "BUNIT", "'mag     '", "does not add up in: BUNIT is 'mag'"),
        ("IMAGE", "BUNIT", "'m       '", "does not add up in: BUNIT is 'm'"),
        ("IMAGE", "BUNIT", "'%       '", "does not add up in: BUNIT is '%'"),
        ("IMAGE", "RADESYS", "'NOSUCH  '", "of a frame that is not known: NOSUCH"),
        ("IMAGE", "CRVAL1", "'thirty  '", "CRVAL1 = 'thirty', which is no number"),
        ("IMAGE", "CRPIX1", 1e30, "does not lead to the sky and back"),
        ("IMAGE", "CPDIS1", "'NONE    '", "WCS"),
        ("IMAGE", "CPDIS1", 7, "CPDIS1 = 7, which is no text"),
        ("IMAGE", "RADESYS", 7, "RADESYS = 7, which is no text"),
        ("IMAGE", "CUNIT1", 7.5, "CUNIT1 = 7.5, which is no text"),
        ("IMAGE", "LTV1", 1e300, "no pixels of a tract"),
        ("IMAGE", "LTV1", -700.3, "column 700.3, which are no pixels"),
        ("IMAGE", "LTV1", "'west    '", "LTV1 = 'west', which is no number"),
    ],
)
def test_headers_without_meaning_are_named(
    path: Path, extension: str, keyword: str, value: Any, message: str
) -> None:
    if keyword.startswith("HIERARCH"):
        with astropy.io.fits.open(path, mode="update") as hdus:
            hdus[extension].header[keyword.split()[1]] = value
    else:
        set_card(path, extension, keyword, value)
    assert message in refusal(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BITPIX  =                  -32", "BITPIX  =                    7", "BITPIX is 7, not one of 8, 16"),
        ("NAXIS2  =                   24", "NAXIX2  =                   24", "has no NAXIS2"),
        ("NAXIS1  =                   32", "NAXIS1  =           9999999999", "is truncated, for"),
        ("NAXIS1  =                   32", "NAXIS1  =                   -3", "NAXIS1 is -3, which cannot be"),
        ("NAXIS   =                    2", "NAXIS   =                  'x'", "NAXIS is 'x', no whole number"),
        ("SIMPLE  =", "SIMPLY  =", "does not begin with SIMPLE"),
    ],
)
def test_headers_that_promise_too_much_are_not_believed(path: Path, old: str, new: str, message: str) -> None:
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1))
    assert message in refusal(path)


def table(**columns: Any) -> astropy.io.fits.BinTableHDU:
    made = [
        astropy.io.fits.Column(name, "1X" if name == "flags" else "1D", array=np.array(value))
        for name, value in columns.items()
    ]
    return astropy.io.fits.BinTableHDU.from_columns(made, name="PhotoCalib")


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (table(flags=[[True]]), "PhotoCalib without calibrationMean"),
        (table(calibrationMean=[1.0]), "PhotoCalib without flags"),
        (table(flags=np.zeros((0, 1), bool), calibrationMean=[]), "PhotoCalib without rows"),
        (table(flags=[[True]], calibrationMean=[np.nan]), "one positive number"),
        (table(flags=[[True]], calibrationMean=[0.0]), "one positive number"),
        (table(flags=[[True]], calibrationMean=[-57.0]), "one positive number"),
        (astropy.io.fits.ImageHDU(np.ones(3), name="PhotoCalib"), "without calibrationMean and flags"),
    ],
)
def test_calibrations_of_no_use_are_named(path: Path, calibration: Any, message: str) -> None:
    astropy.io.fits.append(path, calibration.data, calibration.header)
    assert message in refusal(path)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("ELECTRONS/S", "electron / s"), ("e-/s", "electron / s"), ("COUNTS", "ct"), ("ADU", "adu")],
)
def test_usual_spellings_of_units_are_understood(path: Path, text: str, unit: str) -> None:
    set_card(path, "IMAGE", "BUNIT", f"'{text:8}'")
    assert read_warp_file(path).unit == unit


def test_unit_that_is_not_known_gives_way(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    set_card(path, "IMAGE", "BUNIT", "'furlong '")
    assert read_warp_file(path, unit="nJy").unit == "nJy"
    assert "BUNIT of" in caplog.text
    set_card(path, "IMAGE", "BUNIT", "'mag     '")
    assert "does not add up" in refusal(path, unit="nJy")


def compress(path: Path, kind: str) -> None:
    """Replace the image by a compressed one."""
    with astropy.io.fits.open(path) as hdus:
        image = hdus["IMAGE"]
        packed = astropy.io.fits.CompImageHDU(image.data, image.header, "IMAGE", compression_type=kind)
        astropy.io.fits.HDUList([hdus[0], packed, *hdus[2:]]).writeto(path, overwrite=True)


def put_a_bomb_into_a_tile(path: Path) -> None:
    compress(path, "GZIP_1")
    with astropy.io.fits.open(path, disable_image_compression=True) as hdus:
        packed = hdus["IMAGE"]
        rows = packed.data["COMPRESSED_DATA"]
        bomb = np.frombuffer(gzip.compress(bytes(10**6)), np.uint8)
        column = astropy.io.fits.Column(
            "COMPRESSED_DATA", "1PB()", array=np.array([bomb, *rows[1:]], dtype=object)
        )
        header = packed.header
        new = astropy.io.fits.BinTableHDU.from_columns([column])
        for keyword in [key for key in header if key.startswith("Z") or key == "EXTNAME"]:
            new.header[keyword] = header[keyword]
        astropy.io.fits.HDUList([hdus[0], new, *hdus[2:]]).writeto(path, overwrite=True)


def damage_a_tile(path: Path) -> None:
    compress(path, "GZIP_1")
    tiles = path.read_bytes().split(b"\x1f\x8b")
    tiles[3] = bytes(8) + tiles[3][8:]
    path.write_bytes(b"\x1f\x8b".join(tiles))


def write_sparse(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(45 * 10**9)


def write_bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes() + bytes(10**7)))


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def point_to(device: str) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        path.symlink_to(device)

    return replace


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (make_pipe, "not a regular file"),
        (point_to("/dev/zero"), "not a regular file"),
        (point_to("/dev/urandom"), "not a regular file"),
        (point_to("/tmp"), "not a regular file"),
        (write_sparse, "has 45000000000 bytes, more than the limit of 5000000"),
        (write_bomb, "has more than 5000000 bytes when it is decompressed"),
        (put_a_bomb_into_a_tile, "tile 1 of IMAGE holds more than its pixels"),
        (damage_a_tile, "a compressed tile is damaged"),
    ],
)
def test_files_without_bounds_are_refused(path: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(path)
    assert message in refusal(path, max_file_size=5 * 10**6)
    good = path.with_name("good.fits")
    FakeWarp(psf=None).write(good)
    assert re.search(message.replace("IMAGE", "\\w+"), refusal_of_psf(good, path))


def refusal_of_psf(path: Path, psf_path: Path) -> str:
    with pytest.raises(InvalidWarpFileError) as caught:
        read_warp_file(path, psf_path=psf_path, max_file_size=5 * 10**6)
    return str(caught.value)


def test_compressed_images_may_not_promise_more_than_the_limit(path: Path) -> None:
    compress(path, "RICE_1")
    size = 24 * 32 * 4
    np.testing.assert_allclose(read_warp_file(path).image, FakeWarp().pixels()[0], atol=0.3)
    path.write_bytes(
        path.read_bytes().replace(b"ZNAXIS1 =                   32", b"ZNAXIS1 =            320000000")
    )
    assert f"has {size * 10**7} bytes when it is decompressed" in refusal(path)


def test_mask_beyond_its_bits_and_image_beyond_its_range(path: Path) -> None:
    with astropy.io.fits.open(path) as hdus:
        hdus["IMAGE"].data = hdus["IMAGE"].data.astype(float)
        hdus["IMAGE"].data[5, 5] = 1e300
        hdus.writeto(path, overwrite=True)
    assert np.isposinf(read_warp_file(path).image[5, 5])
    with astropy.io.fits.open(path) as hdus:
        hdus["MASK"].data = hdus["MASK"].data.astype(np.int64) << 30
        hdus.writeto(path, overwrite=True)
    assert "MASK with values of more than 32 bits" in refusal(path)


def test_kernel_is_read(path: Path) -> None:
    np.testing.assert_array_equal(read_warp_file(path).psf, gaussian_kernel(3.0, 11))
