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


"""The planes of a warp in a FITS file, under the names of those who write them."""

from __future__ import annotations

__all__ = (
    "WarpPlanes",
    "extension_names",
    "pixels_of",
    "read_planes",
    "single_precision",
)

import dataclasses
from pathlib import Path
from typing import Any

import astropy.io.fits
import numpy as np

from ..image_io.warp_arrays import MASK_BITS
from .warp_file_errors import warp_file_error

IMAGE_NAMES = ("IMAGE", "SCI")
VARIANCE_NAMES = ("VARIANCE", "VAR", "ERR")
MASK_NAMES = ("MASK", "DQ")

JWST_PLANES = {"BAD": 0, "SAT": 1, "CR": 2}
"""Bits of DQ that JWST calls DO_NOT_USE, SATURATED and JUMP_DET."""

BAD_PLANE = {"BAD": 0}


@dataclasses.dataclass(frozen=True, eq=False)
class WarpPlanes:
    """Pixels of a warp as a file has them.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance, float32.
    mask : `numpy.ndarray`
        Bit mask, uint32.
    mask_planes : `dict` [`str`, `int`]
        Bit number of each mask plane.
    header : `astropy.io.fits.Header`
        That of the image.
    """

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    mask_planes: dict[str, int]
    header: astropy.io.fits.Header


def read_planes(path: Path, hdus: astropy.io.fits.HDUList) -> WarpPlanes:
    """Read image, variance and mask.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, for messages.
    hdus : `astropy.io.fits.HDUList`
        What is in it: an image in IMAGE or SCI; its variance in VARIANCE or
        VAR, or its standard deviation in ERR; and, unless all pixels are good
        that are finite, a mask in MASK or DQ.

    Returns
    -------
    planes : `WarpPlanes`
        All of one shape.

    Raises
    ------
    InvalidWarpFileError
        Raised if there is no image or no variance, if shapes differ, or if
        nothing says what the bits of MASK mean.

    Notes
    -----
    DQ of JWST becomes the planes BAD (DO_NOT_USE), SAT (SATURATED) and CR
    (JUMP_DET).  In DQ of anyone else, every bit makes a pixel BAD.
    """
    names = [_first(hdus, names) for names in (IMAGE_NAMES, VARIANCE_NAMES)]
    if missing := [
        wanted[0] for wanted, name in zip((IMAGE_NAMES, VARIANCE_NAMES), names, strict=True) if not name
    ]:
        raise warp_file_error(path, f"has no extension {', '.join(missing)}; it has {extension_names(hdus)}")
    image_name, variance_name = names
    image = single_precision(pixels_of(path, hdus[image_name]))
    noise = pixels_of(path, hdus[variance_name])
    variance = single_precision(noise.astype(np.float64) ** 2 if variance_name == "ERR" else noise)
    mask_name = _first(hdus, MASK_NAMES)
    mask, planes = _mask(path, hdus, mask_name, image.shape)
    for name, plane in {mask_name: mask, variance_name: variance}.items():
        if plane.shape != image.shape:
            raise warp_file_error(
                path, f"has an {image_name} of shape {image.shape}, but a {name} of {plane.shape}"
            )
    return WarpPlanes(image, variance, mask, planes, hdus[image_name].header)


def _first(hdus: astropy.io.fits.HDUList, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in hdus), None)


def extension_names(hdus: astropy.io.fits.HDUList) -> str:
    """Return what extensions there are, for a message.

    Parameters
    ----------
    hdus : `astropy.io.fits.HDUList`
        Content of a file.

    Returns
    -------
    names : `str`
        Separated by commas.
    """
    return ", ".join(hdu.name or "(no name)" for hdu in hdus)


def pixels_of(path: Path, hdu: Any) -> np.ndarray:
    """Return the pixels of an image in the byte order of this machine.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, for messages.
    hdu : `astropy.io.fits.ImageHDU`
        The image.

    Returns
    -------
    pixels : `numpy.ndarray`
        Two-dimensional.

    Raises
    ------
    InvalidWarpFileError
        Raised if it is no two-dimensional image, or one without pixels.
    """
    data = hdu.data
    if not isinstance(data, np.ndarray) or data.dtype.names or data.ndim != 2:
        shape = "no pixels" if data is None else f"shape {np.shape(data)}"
        what = f"must have a two-dimensional {hdu.name or 'first image'}, not one of {shape}"
        raise warp_file_error(path, what)
    if not data.size:
        raise warp_file_error(path, f"has no pixels in its {hdu.name or 'first image'}")
    # FITS is big endian, which nothing after this likes.
    return data.astype(data.dtype.newbyteorder("="))


def single_precision(pixels: np.ndarray) -> np.ndarray:
    """Return pixels in single precision; what is too large for it is not finite.

    Parameters
    ----------
    pixels : `numpy.ndarray`
        Of any kind.

    Returns
    -------
    pixels : `numpy.ndarray`
        The same, float32.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float32)


def _mask(
    path: Path, hdus: astropy.io.fits.HDUList, name: str | None, shape: tuple[int, ...]
) -> tuple[np.ndarray, dict[str, int]]:
    if name is None:
        return np.zeros(shape, np.uint32), dict(BAD_PLANE)
    pixels = pixels_of(path, hdus[name])
    if pixels.dtype.kind not in "iu":
        raise warp_file_error(path, f"has a {name} of {pixels.dtype}, which has no bits")
    if int(pixels.max()) >= 1 << MASK_BITS or int(pixels.min()) < -(1 << MASK_BITS - 1):
        raise warp_file_error(path, f"has a {name} with values of more than {MASK_BITS} bits")
    bits = pixels.astype(np.int64).astype(np.uint32)
    planes = _stated_planes(path, hdus[name].header)
    if name == "DQ" and not planes:
        if str(hdus[0].header.get("TELESCOP", "")).strip() == "JWST":
            return bits, dict(JWST_PLANES)
        return (bits != 0).astype(np.uint32), dict(BAD_PLANE)
    if not planes and bits.any():
        raise warp_file_error(path, f"has no MP_ keywords in its {name} to say what the bits mean")
    return bits, planes


def _stated_planes(path: Path, header: astropy.io.fits.Header) -> dict[str, int]:
    """Return which bit is which plane, as afw writes it."""
    cards = [card for card in header.cards if card.keyword.startswith("MP_")]
    return {card.keyword.removeprefix("MP_"): _bit(path, card) for card in cards}


def _bit(path: Path, card: astropy.io.fits.Card) -> int:
    value = card.value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MASK_BITS:
        what = f"has {card.keyword} = {value!r}, which is no bit from 0 to {MASK_BITS - 1}"
        raise warp_file_error(path, what)
    return value
