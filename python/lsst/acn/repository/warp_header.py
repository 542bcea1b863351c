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

"""What the header of a warp says of where its pixels are."""

from __future__ import annotations

__all__ = ("first_pixel", "sky_wcs")

import re
from pathlib import Path

import astropy.io.fits
import astropy.wcs
import numpy as np
from astropy.coordinates import SkyCoord

from ..errors import InvalidWarpFileError
from ..image_io import tangent_plane_wcs
from .warp_file_errors import warp_file_error

MAX_PIXEL = 2**30
"""Largest row or column of a tract (`int`)."""

WHOLE = 0.01
"""How far, in pixels, the place of the first pixel may be from a whole number."""

NUMBERS_OF_WCS = re.compile(r"(CRVAL|CRPIX|CDELT|CROTA)\d|(CD|PC|PV)\d_\d+|LONPOLE|LATPOLE|EQUINOX")
"""Keywords of a WCS whose values are numbers."""

TEXTS_OF_WCS = re.compile(r"(CTYPE|CUNIT|CPDIS|CQDIS)\d|RADESYS")
"""Keywords of a WCS whose values are text."""

MAX_RETURN = 0.1
"""How far, in pixels, a corner may move on its way to the sky and back."""


def first_pixel(path: Path, header: astropy.io.fits.Header) -> tuple[int, int] | None:
    """Return the row and column of the first pixel, as afw writes them.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, for messages.
    header : `astropy.io.fits.Header`
        That of the image.

    Returns
    -------
    start : `tuple` [`int`, `int`] or `None`
        On the grid of the tract; `None` if the header does not say.

    Raises
    ------
    InvalidWarpFileError
        Raised if it is no pixel of a tract.
    """
    if "LTV1" in header and "LTV2" in header:
        y, x = (-_number(path, header, f"LTV{n}") for n in (2, 1))
    elif str(header.get("CTYPE1A", "")).strip() == "LINEAR" and "CRVAL1A" in header and "CRVAL2A" in header:
        y, x = (
            _number(path, header, f"CRVAL{n}A") + 1 - _number(path, header, f"CRPIX{n}A", 1.0) for n in (2, 1)
        )
    else:
        return None
    if not all(abs(value) < MAX_PIXEL and abs(value - round(value)) < WHOLE for value in (y, x)):
        raise warp_file_error(
            path, f"has its first pixel in row {y:g} and column {x:g}, which are no pixels of a tract"
        )
    return round(y), round(x)


def _number(path: Path, header: astropy.io.fits.Header, keyword: str, default: float | None = None) -> float:
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise warp_file_error(path, f"has {keyword} = {value!r}, which is no number")
    return float(value)


def sky_wcs(
    path: Path, header: astropy.io.fits.Header, shape: tuple[int, ...], pixel_scale: float | None
) -> astropy.wcs.WCS:
    """Return the map from the pixels of a warp to the sky.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, for messages.
    header : `astropy.io.fits.Header`
        That of the image.
    shape : `tuple` [`int`, `int`]
        Height and width of the image.
    pixel_scale : `float` or `None`
        Side of a pixel in arcsec, for a header without a WCS: it gets a
        tangent plane at right ascension and declination 0.

    Returns
    -------
    wcs : `astropy.wcs.WCS`
        Of two dimensions.

    Raises
    ------
    InvalidWarpFileError
        Raised if there is none, or if it does not lead to the sky and back.
    """
    for keyword in filter(NUMBERS_OF_WCS.fullmatch, header):
        # What is no number would be taken as 0.
        _number(path, header, keyword)
    for keyword in filter(TEXTS_OF_WCS.fullmatch, header):
        if not isinstance(header[keyword], str):
            raise warp_file_error(path, f"has {keyword} = {header[keyword]!r}, which is no text")
    height, width = shape
    try:
        wcs = astropy.wcs.WCS(header)
        if not wcs.has_celestial or wcs.naxis != 2:
            if pixel_scale is not None:
                return tangent_plane_wcs(0.0, 0.0, pixel_scale, y=0.5 * (height - 1), x=0.5 * (width - 1))
            what = "has no WCS in its image that leads to the sky; --pixel-scale ARCSEC makes one"
            raise warp_file_error(path, what)
        corners = np.array([(x, y) for x in (0, width - 1) for y in (0, height - 1)], float)
        ra, dec = wcs.celestial.pixel_to_world_values(*corners.T)
        moved = np.array(wcs.celestial.world_to_pixel_values(ra, dec)).T - corners
        frame = wcs.celestial.pixel_to_world(0.0, 0.0)
    except InvalidWarpFileError:
        raise
    except Exception as error:
        told = " ".join(str(error).split())
        raise warp_file_error(path, f"has a WCS in its image that is none: {told}") from error
    if not isinstance(frame, SkyCoord):
        raise warp_file_error(path, f"has a WCS in its image of a frame that is not known: {wcs.wcs.radesys}")
    if not (np.abs(moved) < MAX_RETURN).all():
        raise warp_file_error(path, "has a WCS in its image that does not lead to the sky and back")
    return wcs
