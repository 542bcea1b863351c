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
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.wcs
import numpy as np
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from ..errors import InvalidExposureError, InvalidWarpFileError
from ..exposures.boxes import Box
from ..image_io import check_kernel
from .bounded_file import MAX_FILE_SIZE, open_bounded
from .fits_layout import check_fits_layout
from .fits_tiles import check_tiles
from .pixel_units import DEFAULT_UNIT, find_calibration
from .warp_file_errors import warp_file_error
from .warp_header import first_pixel, sky_wcs
from .warp_planes import extension_names, pixels_of, read_planes, single_precision


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
        Whether the file, or who names it, says so; else it is `DEFAULT_UNIT`.
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
    max_file_size: int = MAX_FILE_SIZE,
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
    pixel_scale : `float`, optional
        Side of a pixel in arcsec, where the file has no WCS: it gets a
        tangent plane at right ascension and declination 0.
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
        planes = read_planes(path, hdus)
        psf = _psf(path, hdus) if psf_path is None else _psf_of_file(psf_path, max_file_size)
        factor, stated = find_calibration(path, hdus, planes.header, unit)
        return WarpFile(
            path=path,
            image=_scaled(planes.image, factor),
            variance=_scaled(planes.variance, factor**2),
            mask=planes.mask,
            mask_planes=planes.mask_planes,
            start=first_pixel(path, planes.header),
            wcs=sky_wcs(path, planes.header, planes.image.shape, pixel_scale),
            unit=stated or DEFAULT_UNIT,
            states_unit=stated is not None,
            psf=psf,
        )


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
        raise warp_file_error(path, f"cannot be read as FITS: {told}") from error


def _scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return pixels if factor == 1 else single_precision(pixels * np.float64(factor))


def _psf(path: Path, hdus: astropy.io.fits.HDUList) -> np.ndarray:
    if "PSF" not in hdus:
        raise warp_file_error(
            path,
            f"has no extension PSF and no psf_path is given (a PSF in the archive of lsst.afw needs that "
            f"package to be read); it has {extension_names(hdus)}",
        )
    return _kernel(path, hdus["PSF"])


def _psf_of_file(path: Path, limit: int) -> np.ndarray:
    with _open(path, limit) as hdus:
        images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
        if not images:
            raise warp_file_error(path, "holds no image to be a PSF")
        return _kernel(path, images[0])


def _kernel(path: Path, hdu: Any) -> np.ndarray:
    kernel = single_precision(pixels_of(path, hdu))
    try:
        check_kernel(kernel)
    except InvalidExposureError as error:
        raise InvalidWarpFileError(f"{path}: {error}", path=str(path)) from error
    return kernel
