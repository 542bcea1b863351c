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

"""What the pixels of a file are measured in."""

from __future__ import annotations

__all__ = ("DEFAULT_UNIT", "find_calibration")

import logging
import math
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.units
import numpy as np

from ..errors import InvalidWarpFileError
from ..exposures.flux_units import NotAFluxUnitError, flux_unit
from .warp_file_errors import warp_file_error

_LOG = logging.getLogger(__name__)

DEFAULT_UNIT = "adu"
"""Unit of pixels of which nothing says what they are."""


def find_calibration(
    path: Path, hdus: astropy.io.fits.HDUList, header: astropy.io.fits.Header, told: str | None
) -> tuple[float, str | None]:
    """Return what to multiply pixels with, and the unit they are in then.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, for messages.
    hdus : `astropy.io.fits.HDUList`
        Its content.
    header : `astropy.io.fits.Header`
        That of the image.
    told : `str` or `None`
        Unit that the user gives for it.

    Returns
    -------
    factor : `float`
        Factor of the pixels.
    unit : `str` or `None`
        Their unit afterwards: what BUNIT says, else what ``told`` says, else
        nanojansky by the extension PhotoCalib; `None` if nothing states it.

    Raises
    ------
    InvalidWarpFileError
        Raised if a unit is not known, contradicts the other one, or is none
        that light adds up in; or if the calibration is of no use.
    """
    stated = header.get("BUNIT") or hdus[0].header.get("BUNIT")
    wanted = _unit(path, told, "the unit given for it")
    unit = _stated_unit(path, stated, wanted)
    if unit is not None and wanted is not None and unit != wanted:
        raise warp_file_error(path, f"has BUNIT {stated!r}, but the unit given for it is {told!r}")
    unit = unit or wanted
    is_flux = unit is not None and unit.is_equivalent(astropy.units.nJy)
    if "PhotoCalib" in hdus and wanted is None and not is_flux:
        return _photo_calib(path, hdus["PhotoCalib"]), "nJy"
    return 1.0, None if unit is None else unit.to_string()


def _stated_unit(path: Path, text: Any, wanted: Any) -> astropy.units.UnitBase | None:
    """Return what BUNIT says; what is not known gives way to what the user says."""
    try:
        return _unit(path, text, "BUNIT")
    except InvalidWarpFileError as error:
        if wanted is None or type(error.__cause__) is not ValueError:
            raise
    _LOG.warning("BUNIT of %s is %r, which is not known; its pixels are taken as %s.", path, text, wanted)
    return None


def _unit(path: Path, text: Any, what: str) -> astropy.units.UnitBase | None:
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise warp_file_error(path, f"is in a unit that is no text: {what} is {text!r}")
    try:
        return flux_unit(text)
    except NotAFluxUnitError as error:
        raise warp_file_error(
            path,
            f"is in a unit that light does not add up in: {what} is {text!r}; it should be one such as nJy, "
            "adu or electron",
        ) from error
    except ValueError as error:
        raise warp_file_error(path, f"is in a unit that is not known: {what} is {text!r}") from error


def _photo_calib(path: Path, hdu: Any) -> float:
    """Return the nanojansky of one count, as afw's archive has it."""
    names = set(getattr(hdu, "columns", astropy.io.fits.ColDefs([])).names)
    if missing := sorted({"flags", "calibrationMean"} - names):
        raise warp_file_error(path, f"has a PhotoCalib without {' and '.join(missing)}")
    if hdu.data is None or not len(hdu.data):
        raise warp_file_error(path, "has a PhotoCalib without rows")
    row = hdu.data[0]
    if not np.all(row["flags"]):
        raise warp_file_error(
            path, "has a PhotoCalib that varies, which only lsst.afw can apply; state the unit of its pixels"
        )
    mean = np.ravel(row["calibrationMean"])
    if mean.size != 1 or mean.dtype.kind != "f" or not 0 < float(mean[0]) < math.inf:
        raise warp_file_error(
            path, f"has a PhotoCalib of {row['calibrationMean']} nJy, which must be one positive number"
        )
    return float(mean[0])
