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

"""The images that the demonstration compares."""

from __future__ import annotations

__all__ = ("DemoImages", "read_images")

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.coordinates import angular_separation

from ..exposures.stack import ExposureStack
from ..image_io import read_exposure_stack
from ..metrics import psf_fwhm, sky_noise

if TYPE_CHECKING:
    from lsst.daf.butler import Butler


@dataclasses.dataclass(frozen=True, eq=False)
class DemoImages:
    """Images of one patch, before and after, with the truth.

    Parameters
    ----------
    coadd : `numpy.ndarray`
        Inverse-variance mean of the exposures, shape ``(height, width)``.
    restored : `numpy.ndarray`
        Restored image at the target PSF, same shape.
    latent : `numpy.ndarray`
        Latent image, without its padding, same shape.
    truth : `numpy.ndarray`
        Noiseless scene at the resolution of ``restored``, same shape.
    coadd_fwhm, target_fwhm : `float`
        Full width at half maximum of the PSF of ``coadd``, and of
        ``restored`` and ``truth``, in pixels.
    coadd_noise : `float`
        Standard deviation of the sky in ``coadd``.
    n_visits : `int`
        Number of exposures.
    pixel_scale : `float`
        Side of a pixel in arcseconds.
    unit : `str`
        Unit of the pixels.
    """

    coadd: np.ndarray
    restored: np.ndarray
    latent: np.ndarray
    truth: np.ndarray
    coadd_fwhm: float
    target_fwhm: float
    coadd_noise: float
    n_visits: int
    pixel_scale: float
    unit: str


def read_images(butler: Butler, data_id: dict[str, Any], n_visits: int) -> DemoImages:
    """Read what the pipeline has made, and the truth, from a repository.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        Repository and collection.
    data_id : `dict`
        Skymap, tract, patch and band.
    n_visits : `int`
        Number of exposures that were restored.

    Returns
    -------
    images : `DemoImages`
        The images.
    """
    names = ("reference_coadd", "restored_coadd", "simulated_truth")
    coadd, restored, truth = (_read(butler.get(name, data_id)) for name in names)
    latent = butler.get("restored_coadd_latent", data_id).array
    padding = (latent.shape[0] - coadd.shape[0]) // 2
    middle = coadd.box.center
    return DemoImages(
        coadd=coadd.image[0],
        restored=restored.image[0],
        latent=latent[padding:-padding, padding:-padding],
        truth=truth.image[0],
        coadd_fwhm=psf_fwhm(coadd.psf.at(*middle)[0]),
        target_fwhm=psf_fwhm(restored.psf.at(*middle)[0]),
        coadd_noise=sky_noise(coadd.image[0]),
        n_visits=n_visits,
        pixel_scale=_pixel_scale(coadd),
        unit=coadd.unit,
    )


def _read(coadd: Any) -> ExposureStack:
    """Return the arrays of one coadd, its masked pixels included."""
    return read_exposure_stack({0: coadd}, bad_mask_planes=())


def _pixel_scale(stack: ExposureStack) -> float:
    (ra, dec), (next_ra, next_dec) = np.radians(stack.geometry.corners(stack.box)[:2])
    width = angular_separation(ra, dec, next_ra, next_dec)
    return float(np.degrees(width) * 3600.0 / stack.shape[1])
