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

"""Warps in FITS files, laid out as ``lsst.afw`` lays out exposures."""

from __future__ import annotations

__all__ = ("WarpFile", "read_warp_file")

import dataclasses
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.wcs
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from ..errors import InvalidExposureError, InvalidWarpFileError
from ..exposures.boxes import Box
from ..image_io import check_kernel
from ..image_io.warp_arrays import MASK_BITS
from .bounded_file import MAX_FILE_SIZE, open_bounded
from .fits_layout import check_fits_layout
from .fits_tiles import check_tiles
from .pixel_units import find_calibration

PLANES = ("IMAGE", "MASK", "VARIANCE")

MAX_PIXEL = 2**30
"""Largest row or column of a tract (`int`)."""

WHOLE = 0.01
"""How far, in pixels, the place of the first pixel may be from a whole number."""

NUMBERS_OF_WCS = re.compile(r"(CRVAL|CRPIX|CDELT|CROTA)\d|(CD|PC|PV)\d_\d+|LONPOLE|LATPOLE|EQUINOX")
"""Keywords of a WCS whose values are numbers."""

MAX_RETURN = 0.1
"""How far, in pixels, a corner may move on its way to the sky and back."""


@dataclasses.dataclass(frozen=True, eq=False)
class WarpFile:
    """Checked content of one file.

    Parameters
    ----------
    path : `pathlib.Path`
        Where it comes from.
    image, variance : `numpy.ndarray`
        Pixel values and their variance, float32.
    mask : `numpy.ndarray`
        Bit mask, uint32.
    mask_planes : `dict` [`str`, `int`]
        Bit number of each mask plane, by the name it has in the file.
    start : `tuple` [`int`, `int`] or `None`
        Row and column of the first pixel on the grid of the tract, where the
        file says so.
    wcs : `astropy.wcs.WCS`
        Map from pixels of ``image`` to the sky.
    unit : `str`
        Unit of ``image``.
    psf : `numpy.ndarray`
        PSF kernel, float32, square with odd sides and of unit sum.
    """

    path: Path
    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    mask_planes: dict[str, int]
    start: tuple[int, int] | None
    wcs: astropy.wcs.WCS
    unit: str
    psf: np.ndarray

    @property
    def box(self) -> Box:
        """The pixels of the file on the grid of the tract (`Box`)."""
        return Box.from_shape((self.image.shape[0], self.image.shape[1]), self.start or (0, 0))


def read_warp_file(
    path: Path, *, psf_path: Path | None = None, unit: str | None = None, max_file_size: int = MAX_FILE_SIZE
) -> WarpFile:
    """Read a warp and check that it is one.

    Parameters
    ----------
    path : `pathlib.Path`
        FITS file with extensions IMAGE, MASK, VARIANCE and, unless
        ``psf_path`` is given, PSF.
    psf_path : `pathlib.Path`, optional
        FITS file whose first image is the PSF kernel.
    unit : `str`, optional
        Unit of the pixels, where the file does not state any.
    max_file_size : `int`, optional
        Bytes that a file, and the pixels of each of its extensions, may have
        when they are decompressed.

    Returns
    -------
    warp : `WarpFile`
        Its content.

    Raises
    ------
    InvalidWarpFileError
        Raised if a file is missing, damaged, or lacks something; the message
        begins with the name of the file.
    """
    with _open(path, max_file_size) as hdus:
        missing = [name for name in PLANES if name not in hdus]
        if missing:
            raise _error(path, f"has no extension {', '.join(missing)}; it has {_names(hdus)}")
        image, variance = (_single_precision(_pixels(path, hdus[name])) for name in ("IMAGE", "VARIANCE"))
        mask, mask_planes = _mask(path, hdus["MASK"])
        for name, plane in {"MASK": mask, "VARIANCE": variance}.items():
            if plane.shape != image.shape:
                raise _error(path, f"has an IMAGE of shape {image.shape}, but a {name} of {plane.shape}")
        psf = _psf(path, hdus) if psf_path is None else _psf_of_file(psf_path, max_file_size)
        factor, unit = find_calibration(path, hdus, unit)
        return WarpFile(
            path=path,
            image=_scaled(image, factor),
            variance=_scaled(variance, factor**2),
            mask=mask,
            mask_planes=mask_planes,
            start=_start(path, hdus["IMAGE"].header),
            wcs=_wcs(path, hdus["IMAGE"].header, image.shape),
            unit=unit,
            psf=psf,
        )


def _error(path: Path, what: str) -> InvalidWarpFileError:
    return InvalidWarpFileError(f"{path} {what}.", path=str(path))


@contextmanager
def _open(path: Path, limit: int) -> Iterator[astropy.io.fits.HDUList]:
    """Open a FITS file, with all that can be wrong with it told alike."""
    try:
        with open_bounded(path, limit) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", astropy.wcs.FITSFixedWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            # A damaged file is only worth a warning to astropy.
            warnings.filterwarnings("error", "(?s).*(corrupt|truncate)", AstropyUserWarning)
            check_fits_layout(stream, limit)
            check_tiles(stream)
            with astropy.io.fits.open(stream, lazy_load_hdus=False, memmap=False) as hdus:
                yield hdus
    except InvalidWarpFileError:
        raise
    except Exception as error:
        # Whatever a damaged or hostile file makes of astropy, it is the file that is at fault.
        told = " ".join(str(error).split()) or type(error).__name__
        raise _error(path, f"cannot be read as FITS: {told}") from error


def _names(hdus: astropy.io.fits.HDUList) -> str:
    return ", ".join(hdu.name or "(no name)" for hdu in hdus)


def _pixels(path: Path, hdu: Any) -> np.ndarray:
    data = hdu.data
    if not isinstance(data, np.ndarray) or data.dtype.names or data.ndim != 2:
        shape = "no pixels" if data is None else f"shape {np.shape(data)}"
        raise _error(path, f"must have a two-dimensional {hdu.name or 'first image'}, not one of {shape}")
    if not data.size:
        raise _error(path, f"has no pixels in its {hdu.name or 'first image'}")
    # FITS is big endian, which nothing after this likes.
    return data.astype(data.dtype.newbyteorder("="))


def _single_precision(pixels: np.ndarray) -> np.ndarray:
    """Return pixels in single precision; what is too large for it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float32)


def _scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return pixels if factor == 1 else _single_precision(pixels * np.float64(factor))


def _mask(path: Path, hdu: Any) -> tuple[np.ndarray, dict[str, int]]:
    pixels = _pixels(path, hdu)
    if pixels.dtype.kind not in "iu":
        raise _error(path, f"has a MASK of {pixels.dtype}, which has no bits")
    if int(pixels.max()) >= 1 << MASK_BITS or int(pixels.min()) < -(1 << MASK_BITS - 1):
        raise _error(path, f"has a MASK with values of more than {MASK_BITS} bits")
    cards = [card for card in hdu.header.cards if card.keyword.startswith("MP_")]
    planes = {card.keyword.removeprefix("MP_"): _bit(path, card) for card in cards}
    if not planes and pixels.any():
        raise _error(path, "has no MP_ keywords in its MASK to say what the bits mean")
    return pixels.astype(np.int64).astype(np.uint32), planes


def _bit(path: Path, card: astropy.io.fits.Card) -> int:
    value = card.value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MASK_BITS:
        raise _error(path, f"has {card.keyword} = {value!r}, which is no bit from 0 to {MASK_BITS - 1}")
    return value


def _psf(path: Path, hdus: astropy.io.fits.HDUList) -> np.ndarray:
    if "PSF" not in hdus:
        raise _error(
            path,
            f"has no extension PSF and no psf_path is given (a PSF in the archive of lsst.afw needs that "
            f"package to be read); it has {_names(hdus)}",
        )
    return _kernel(path, hdus["PSF"])


def _psf_of_file(path: Path, limit: int) -> np.ndarray:
    with _open(path, limit) as hdus:
        images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
        if not images:
            raise _error(path, "holds no image to be a PSF")
        return _kernel(path, images[0])


def _kernel(path: Path, hdu: Any) -> np.ndarray:
    kernel = _single_precision(_pixels(path, hdu))
    try:
        check_kernel(kernel)
    except InvalidExposureError as error:
        raise InvalidWarpFileError(f"{path}: {error}", path=str(path)) from error
    return kernel


def _start(path: Path, header: astropy.io.fits.Header) -> tuple[int, int] | None:
    """Return the row and column of the first pixel, as afw writes them."""
    if "LTV1" in header and "LTV2" in header:
        y, x = (-_number(path, header, f"LTV{n}") for n in (2, 1))
    elif str(header.get("CTYPE1A", "")).strip() == "LINEAR" and "CRVAL1A" in header and "CRVAL2A" in header:
        y, x = (
            _number(path, header, f"CRVAL{n}A") + 1 - _number(path, header, f"CRPIX{n}A", 1.0) for n in (2, 1)
        )
    else:
        return None
    if not all(abs(value) < MAX_PIXEL and abs(value - round(value)) < WHOLE for value in (y, x)):
        raise _error(
            path, f"has its first pixel in row {y:g} and column {x:g}, which are no pixels of a tract"
        )
    return round(y), round(x)


def _number(path: Path, header: astropy.io.fits.Header, keyword: str, default: float | None = None) -> float:
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _error(path, f"has {keyword} = {value!r}, which is no number")
    return float(value)


def _wcs(path: Path, header: astropy.io.fits.Header, shape: tuple[int, ...]) -> astropy.wcs.WCS:
    for keyword in filter(NUMBERS_OF_WCS.fullmatch, header):
        # What is no number would be taken as 0.
        _number(path, header, keyword)
    try:
        wcs = astropy.wcs.WCS(header)
        if not wcs.has_celestial or wcs.naxis != 2:
            raise _error(path, "has no WCS in its IMAGE that leads to the sky")
        height, width = shape
        corners = np.array([(x, y) for x in (0, width - 1) for y in (0, height - 1)], float)
        ra, dec = wcs.celestial.pixel_to_world_values(*corners.T)
        moved = np.array(wcs.celestial.world_to_pixel_values(ra, dec)).T - corners
        if not isinstance(wcs.celestial.pixel_to_world(0.0, 0.0), SkyCoord):
            raise _error(path, f"has a WCS in its IMAGE of a frame that is not known: {wcs.wcs.radesys}")
    except InvalidWarpFileError:
        raise
    except Exception as error:
        raise _error(path, f"has a WCS in its IMAGE that is none: {' '.join(str(error).split())}") from error
    if not (np.abs(moved) < MAX_RETURN).all():
        raise _error(path, "has a WCS in its IMAGE that does not lead to the sky and back")
    return wcs
