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

"""A restored image in the place of a deconvolved coadd."""

from __future__ import annotations

__all__ = ("make_deconvolved_coadd",)

from typing import Any

import astropy.units
import numpy as np

from lsst.images import Image, MaskedImage
from lsst.images.cells import CellCoadd

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from .afw_psfs import box_from_afw
from .geometry import box_from_images


def make_deconvolved_coadd(
    image: np.ndarray,
    box: Box,
    *,
    psf: np.ndarray,
    coadd: Any,
    background: Any = None,
    detections: Any = None,
) -> Any:
    """Return an image as what a deblender takes for the deconvolved coadd.

    Parameters
    ----------
    image : `numpy.ndarray`
        Pixel values in nanojansky, with the sky of the warps, shape
        ``box.shape``.
    box : `Box`
        Pixels of ``image``; they cover those of ``coadd``.
    psf : `numpy.ndarray`
        PSF kernel of ``image``, of unit sum.
    coadd : ``lsst.afw.image.ExposureF`` or `lsst.images.cells.CellCoadd`
        The coadd that is deblended.
    background : ``lsst.afw.math.BackgroundList``, optional
        What detection has taken off that coadd; a `~lsst.images.cells.CellCoadd`
        brings it along.
    detections : ``lsst.afw.table.SourceCatalog``, optional
        Sources with footprints, outside of which the image is to be empty.

    Returns
    -------
    deconvolved : ``lsst.afw.image.ExposureF`` or `lsst.images.MaskedImage`
        The image in the unit and on the pixels of ``coadd``, with its mask
        and variance; nowhere below 0.  An exposure has the PSF of the image,
        and all else that ``coadd`` has; a masked image has no PSF.

    Raises
    ------
    InvalidExposureError
        Raised if the coadd has pixels that the image has not, or no
        photometric calibration.

    Notes
    -----
    The variance plane stays that of the coadd: the deblender compares pixels
    with its median, and takes what is some standard deviations *of the coadd*
    for a footprint.
    """
    if isinstance(coadd, CellCoadd):
        values = _values(image, box, box_from_images(coadd.bbox), detections, *_unit_and_sky(coadd))
        return MaskedImage(
            Image(values, bbox=coadd.bbox, unit=coadd.unit, sky_projection=coadd.sky_projection),
            mask=coadd.mask,
            variance=coadd.variance,
        )
    coadd_box = box_from_afw(coadd.getBBox())
    level = 0.0 if background is None else _level(background, coadd_box)
    deconvolved = coadd.clone()
    deconvolved.image.array[:] = _values(
        image, box, coadd_box, detections, _nanojansky_per_count(coadd), level
    )
    deconvolved.setPsf(_make_psf(psf))
    return deconvolved


def _values(
    image: np.ndarray, box: Box, wanted: Box, detections: Any, unit: float, sky: np.ndarray | float
) -> np.ndarray:
    """Return the pixels of a coadd, given its unit in nanojansky and the sky that is off it."""
    if not box.contains(wanted):
        raise InvalidExposureError(f"The coadd on {wanted} is not inside the patch that is restored, {box}.")
    values = image[wanted.slices_within(box)] / np.float32(unit) - sky
    values = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)
    if detections is not None:
        values = np.where(_inside_footprints(detections, wanted), values, 0.0)
    return values.astype(np.float32)


def _unit_and_sky(coadd: CellCoadd) -> tuple[float, np.ndarray | float]:
    """Return the unit of a coadd in nanojansky, and the sky that was taken off it, in that unit."""
    unit = float(coadd.unit.to(astropy.units.nJy))
    subtracted = coadd.backgrounds.subtracted
    if subtracted is None:
        return unit, 0.0
    sky = subtracted.field.render(coadd.bbox)
    level = sky.array if sky.unit is None else sky.quantity.to_value(coadd.unit)
    return unit, np.where(np.isfinite(level), level, 0.0)


def _nanojansky_per_count(coadd: Any) -> float:
    photo_calib = coadd.getPhotoCalib()
    if photo_calib is None:
        raise InvalidExposureError("The coadd has no PhotoCalib, so the unit of its pixels is not known.")
    return float(photo_calib.getCalibrationMean())


def _level(background: Any, box: Box) -> np.ndarray:
    """Return a background in each pixel; one that was never fitted is NaN, and taken for 0."""
    image = background.getImage()
    level = np.zeros(box.shape, np.float32)
    have = box.intersection(box_from_afw(image.getBBox()))
    level[have.slices_within(box)] = image.array[have.slices_within(box_from_afw(image.getBBox()))]
    return np.where(np.isfinite(level), level, np.float32(0.0))


def _inside_footprints(detections: Any, box: Box) -> np.ndarray:
    from lsst.afw.detection import footprintsToNumpy

    return np.asarray(footprintsToNumpy(detections, shape=box.shape, xy0=(box.x_start, box.y_start)), bool)


def _make_psf(kernel: np.ndarray) -> Any:
    from lsst.afw.image import ImageD
    from lsst.afw.math import FixedKernel
    from lsst.meas.algorithms import KernelPsf

    return KernelPsf(FixedKernel(ImageD(np.asarray(kernel, np.float64))))
