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


"""Restored images as plain FITS and for astropy, without a Butler."""

from __future__ import annotations

__all__ = ("FitsFacts", "make_ccd_data", "write_fits")

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .exposures.boxes import Box

if TYPE_CHECKING:
    import astropy.io.fits
    import astropy.nddata
    import astropy.wcs


@dataclasses.dataclass(frozen=True)
class FitsFacts:
    """What the header of a restored image says.

    Parameters
    ----------
    unit : `str`
        Unit of the pixels, in a form that astropy reads.
    band : `str` or `None`
        Name of the band.
    target_fwhm : `float`
        FWHM of the PSF, in pixels.
    method : `str`
        How the image was restored.
    box : `Box`
        Position of the image on the pixel grid of its tract.
    geometry : `typing.Any`
        Where it is on the sky: an `astropy.wcs.WCS` of the pixels of the
        image, what ``image_io`` makes of a warp, or `None`.
    """

    unit: str
    band: str | None
    target_fwhm: float
    method: str
    box: Box
    geometry: Any = None

    def wcs(self) -> astropy.wcs.WCS | None:
        """Return where pixels are on the sky.

        Returns
        -------
        wcs : `astropy.wcs.WCS` or `None`
            `None` where nothing is known of it.
        """
        import astropy.wcs

        if self.geometry is None or isinstance(self.geometry, astropy.wcs.WCS):
            return self.geometry
        from .image_io import fits_wcs

        return fits_wcs(self.geometry, self.box)

    def header(self) -> astropy.io.fits.Header:
        """Return all of it as FITS has it.

        Returns
        -------
        header : `astropy.io.fits.Header`
            With WCS, BUNIT, BAND, PSFFWHM, METHOD, LTV1 and LTV2.
        """
        import astropy.io.fits

        wcs = self.wcs()
        header = astropy.io.fits.Header() if wcs is None else wcs.to_header()
        header["BUNIT"] = self.unit
        if self.band is not None:
            header["BAND"] = (self.band, "band of the exposures")
        header["PSFFWHM"] = (self.target_fwhm, "[pixel] FWHM of the PSF")
        header["METHOD"] = (self.method, "of lsst.acn, which restored it")
        header["LTV1"], header["LTV2"] = -float(self.box.x_start), -float(self.box.y_start)
        return header


def write_fits(path: str | Path, planes: Mapping[str, np.ndarray], facts: FitsFacts, overwrite: bool) -> None:
    """Write planes into one file.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.
    planes : `~collections.abc.Mapping` [`str`, `numpy.ndarray`]
        Pixels by the name of their extension; all that have the shape of the
        box get the WCS, too.
    facts : `FitsFacts`
        What the headers say.
    overwrite : `bool`
        Whether a file that is there may be replaced.

    Raises
    ------
    OSError
        Raised if the file is there and must not be replaced.
    """
    import astropy.io.fits

    header = facts.header()
    hdus = [astropy.io.fits.PrimaryHDU()]
    for name, pixels in planes.items():
        on_sky = header.copy() if pixels.shape == facts.box.shape else astropy.io.fits.Header()
        if name == "VARIANCE":
            on_sky["BUNIT"] = f"({facts.unit})2"
        hdus.append(astropy.io.fits.ImageHDU(np.asarray(pixels, np.float32), on_sky, name=name))
    astropy.io.fits.HDUList(hdus).writeto(path, overwrite=overwrite)


def make_ccd_data(
    image: np.ndarray, variance: np.ndarray, psf: np.ndarray, facts: FitsFacts
) -> astropy.nddata.CCDData:
    """Make what astropy, ccdproc and photutils take for an image.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance.
    psf : `numpy.ndarray`
        PSF kernel.
    facts : `FitsFacts`
        What is known of them.

    Returns
    -------
    data : `astropy.nddata.CCDData`
        With unit, uncertainty, PSF and, if there is one, WCS.
    """
    from astropy.nddata import CCDData, VarianceUncertainty

    meta = {"BAND": facts.band, "PSFFWHM": facts.target_fwhm, "METHOD": facts.method}
    uncertainty = VarianceUncertainty(variance)
    return CCDData(image, uncertainty=uncertainty, unit=facts.unit, wcs=facts.wcs(), psf=psf, meta=meta)
