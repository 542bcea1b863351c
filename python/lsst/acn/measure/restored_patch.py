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

"""A restoration next to everything that it is measured against."""

from __future__ import annotations

__all__ = ("RestoredPatch",)

import dataclasses
import functools

import numpy as np
from astropy.coordinates import angular_separation

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.estimated_psfs import EstimatedPsfs, with_psfs
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..metrics import psf_fwhm
from ..nuisances.corrected_exposures import corrected
from ..nuisances.corrections import ExposureCorrections


@dataclasses.dataclass(frozen=True, eq=False)
class RestoredPatch:
    """A restoration, the exposures it was made from, and their coadd.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    coadd : `ExposureStack`
        The coadd to compare with, as a stack of one, on the same pixels.
    restored : `ExposureStack`
        The restored image at the target PSF, in the same form.
    latent : `numpy.ndarray`
        Latent image in the unit of the exposures, shape ``latent_box.shape``.
    latent_box : `Box`
        Pixels of ``latent``.
    corrections : `~lsst.acn.nuisances.corrections.ExposureCorrections`, \
            optional
        What was taken off the exposures before they were restored; by default
        nothing.
    psfs : `~lsst.acn.exposures.estimated_psfs.EstimatedPsfs`, optional
        PSFs that the exposures were taken to have; by default their own.

    Raises
    ------
    InvalidExposureError
        Raised if the parts do not belong together; says which.
    """

    exposures: ExposureSource
    coadd: ExposureStack
    restored: ExposureStack
    latent: np.ndarray
    latent_box: Box
    corrections: ExposureCorrections | None = None
    psfs: EstimatedPsfs | None = None

    def __post_init__(self) -> None:
        for name in ("coadd", "restored"):
            image = getattr(self, name)
            if image.box != self.box or len(image) != 1:
                raise InvalidExposureError(f"The {name} is on {image.box}, but the exposures on {self.box}.")
            if image.unit != self.exposures.unit:
                raise InvalidExposureError(
                    f"The {name} is in {image.unit!r}, but the exposures in {self.exposures.unit!r}."
                )
        if not self.latent_box.contains(self.box) or self.latent.shape != self.latent_box.shape:
            raise InvalidExposureError(
                f"The latent image of shape {self.latent.shape} on {self.latent_box} does not cover the "
                f"exposures on {self.box}."
            )

    @property
    def box(self) -> Box:
        """Pixels of the patch (`Box`)."""
        return self.exposures.box

    @functools.cached_property
    def applied_corrections(self) -> ExposureCorrections:
        """What was taken off each exposure, be it nothing (`ExposureCorrections`)."""
        nothing = ExposureCorrections.nothing(self.box, self.exposures.visits)
        return nothing if self.corrections is None else self.corrections.of_visits(self.exposures.visits)

    @functools.cached_property
    def corrected_exposures(self) -> ExposureSource:
        """The exposures as they were restored (`ExposureSource`)."""
        return with_psfs(corrected(self.exposures, self.applied_corrections), self.psfs)

    @functools.cached_property
    def coadd_image(self) -> np.ndarray:
        """The coadd, NaN where it has no data (`numpy.ndarray`)."""
        return np.where(self.coadd.valid[0], self.coadd.image[0], np.nan)

    @functools.cached_property
    def restored_image(self) -> np.ndarray:
        """The restored image, NaN where it has no value (`numpy.ndarray`)."""
        return np.where(self.restored.valid[0], self.restored.image[0], np.nan)

    @functools.cached_property
    def latent_image(self) -> np.ndarray:
        """The latent image without its padding (`numpy.ndarray`)."""
        return self.latent[self.box.slices_within(self.latent_box)]

    @functools.cached_property
    def coadd_fwhm(self) -> float:
        """Width of the PSF in the middle of the coadd, in pixels (`float`)."""
        return psf_fwhm(self.coadd.psf.at(*self.box.center)[0])

    @functools.cached_property
    def restored_fwhm(self) -> float:
        """Width of the PSF of the restored image, in pixels (`float`)."""
        return psf_fwhm(self.restored.psf.at(*self.box.center)[0])

    @functools.cached_property
    def exposure_fwhm(self) -> np.ndarray:
        """Width of the PSF of each exposure, in pixels (`numpy.ndarray`)."""
        return np.array([psf_fwhm(kernel) for kernel in self.exposures.psf.at(*self.box.center)])

    @functools.cached_property
    def pixel_scale(self) -> float:
        """Side of a pixel in arcsec, NaN if nothing tells (`float`)."""
        if self.exposures.geometry is None:
            return float("nan")
        (ra, dec), (next_ra, next_dec) = np.radians(self.exposures.geometry.corners(self.box)[:2])
        width = angular_separation(ra, dec, next_ra, next_dec)
        return float(np.degrees(width) * 3600.0 / self.box.shape[1])
