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

__all__ = ("DEFAULT_UNIT", "WarpFile", "read_warp_file")

import dataclasses
import gzip
import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import astropy.io.fits
import astropy.units
import astropy.wcs
import numpy as np
from astropy.io.fits.verify import VerifyError, VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from ..errors import InvalidExposureError, InvalidWarpFileError
from ..exposures.boxes import Box
from ..image_io import check_kernel, tangent_plane_wcs
from .warp_planes import WarpPlanes, extension_names, pixels_of, read_planes, warp_file_error

DEFAULT_UNIT = "adu"
"""Unit of pixels of which nothing says what they are."""

GZIP_MAGIC = b"\x1f\x8b"


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
    states_unit : `bool`
        Whether anything says that this is its unit.
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
    states_unit: bool
    psf: np.ndarray

    @property
    def box(self) -> Box:
        """The pixels of the file on the grid of the tract (`Box`)."""
        return Box.from_shape((self.image.shape[0], self.image.shape[1]), self.start or (0, 0))


def read_warp_file(
    path: Path,
    *,
    psf_path: Path | None = None,
    unit: str | None = None,
    pixel_scale: float | None = None,
) -> WarpFile:
    """Read a warp and check that it is one.

    Parameters
    ----------
    path : `pathlib.Path`
        FITS file with what `~lsst.acn.repository.warp_planes.read_planes`
        reads and, unless ``psf_path`` is given, an extension PSF.
    psf_path : `pathlib.Path`, optional
        FITS file whose first image is the PSF kernel.
    unit : `str`, optional
        Unit of the pixels, where the file does not state any.
    pixel_scale : `float`, optional
        Side of a pixel in arcsec, where the file has no WCS: it gets a
        tangent plane at right ascension and declination 0.

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
    with _open(path) as hdus:
        planes = read_planes(path, hdus)
        psf = _psf(path, hdus) if psf_path is None else _psf_of_file(psf_path)
        factor, stated = _calibration(path, hdus, planes, unit)
        return WarpFile(
            path=path,
            image=planes.image * np.float32(factor),
            variance=planes.variance * np.float32(factor**2),
            mask=planes.mask,
            mask_planes=planes.mask_planes,
            start=_start(planes.header),
            wcs=_wcs(path, planes, pixel_scale),
            unit=stated or DEFAULT_UNIT,
            states_unit=stated is not None,
            psf=psf,
        )


@contextmanager
def _open(path: Path) -> Iterator[astropy.io.fits.HDUList]:
    """Open a FITS file, with errors and warnings of damage made alike."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", astropy.wcs.FITSFixedWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            # A damaged file is only worth a warning to astropy.
            warnings.filterwarnings("error", "(?s).*(corrupt|truncate)", AstropyUserWarning)
            with (
                _stream(path) as stream,
                astropy.io.fits.open(stream, lazy_load_hdus=False, memmap=False) as hdus,
            ):
                yield hdus
    except FileNotFoundError:
        raise warp_file_error(path, "does not exist") from None
    except (OSError, EOFError, TypeError, ValueError, VerifyError, zlib.error, AstropyUserWarning) as error:
        raise warp_file_error(path, f"cannot be read as FITS: {' '.join(str(error).split())}") from error


def _stream(path: Path) -> BinaryIO:
    """Open a file; astropy takes any end of a gzip file for its end."""
    stream = path.open("rb")
    if stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
        with stream:
            return io.BytesIO(gzip.decompress(stream.read()))
    return stream


def _psf(path: Path, hdus: astropy.io.fits.HDUList) -> np.ndarray:
    if "PSF" not in hdus:
        raise warp_file_error(
            path,
            f"has no extension PSF and no psf_path is given (a PSF in the archive of lsst.afw needs that "
            f"package to be read); it has {extension_names(hdus)}",
        )
    return _kernel(path, hdus["PSF"])


def _psf_of_file(path: Path) -> np.ndarray:
    with _open(path) as hdus:
        images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
        if not images:
            raise warp_file_error(path, "holds no image to be a PSF")
        return _kernel(path, images[0])


def _kernel(path: Path, hdu: Any) -> np.ndarray:
    kernel = pixels_of(path, hdu).astype(np.float32)
    try:
        check_kernel(kernel)
    except InvalidExposureError as error:
        raise InvalidWarpFileError(f"{path}: {error}", path=str(path)) from error
    return kernel


def _start(header: astropy.io.fits.Header) -> tuple[int, int] | None:
    """Return the row and column of the first pixel, as afw writes them."""
    if "LTV1" in header and "LTV2" in header:
        return -round(header["LTV2"]), -round(header["LTV1"])
    if header.get("CTYPE1A", "").strip() == "LINEAR" and "CRVAL1A" in header and "CRVAL2A" in header:
        y, x = (header[f"CRVAL{n}A"] + 1 - header.get(f"CRPIX{n}A", 1) for n in (2, 1))
        return round(y), round(x)
    return None


def _wcs(path: Path, planes: WarpPlanes, pixel_scale: float | None) -> astropy.wcs.WCS:
    wcs = astropy.wcs.WCS(planes.header)
    if wcs.has_celestial and wcs.naxis == 2:
        return wcs
    if pixel_scale is None:
        what = "has no WCS in its image that leads to the sky; --pixel-scale ARCSEC makes one"
        raise warp_file_error(path, what)
    height, width = planes.image.shape
    return tangent_plane_wcs(0.0, 0.0, pixel_scale, y=0.5 * (height - 1), x=0.5 * (width - 1))


def _calibration(
    path: Path, hdus: astropy.io.fits.HDUList, planes: WarpPlanes, told: str | None
) -> tuple[float, str | None]:
    """Return what to multiply pixels with, and the unit they are in then, if anything states it."""
    stated = planes.header.get("BUNIT") or hdus[0].header.get("BUNIT")
    unit = _unit(path, stated, "BUNIT")
    wanted = _unit(path, told, "the unit given for it")
    if unit is not None and wanted is not None and unit != wanted:
        raise warp_file_error(path, f"has BUNIT {stated!r}, but the unit given for it is {told!r}")
    unit = unit or wanted
    is_flux = unit is not None and unit.is_equivalent(astropy.units.nJy)
    if "PhotoCalib" in hdus and wanted is None and not is_flux:
        return _photo_calib(path, hdus["PhotoCalib"]), "nJy"
    return 1.0, None if unit is None else unit.to_string()


def _unit(path: Path, text: str | None, what: str) -> astropy.units.UnitBase | None:
    if not text:
        return None
    try:
        return astropy.units.Unit(text.strip().replace("ADU", "adu"))
    except ValueError as error:
        raise warp_file_error(path, f"is in a unit that is not known: {what} is {text!r}") from error


def _photo_calib(path: Path, hdu: Any) -> float:
    """Return the nanojansky of one count, as afw's archive has it."""
    row = hdu.data[0]
    if not np.all(row["flags"]):
        raise warp_file_error(
            path, "has a PhotoCalib that varies, which only lsst.afw can apply; state the unit of its pixels"
        )
    return float(row["calibrationMean"])
