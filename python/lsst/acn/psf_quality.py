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

"""Numbers by which exposures with a poor PSF are told from the others."""

from __future__ import annotations

__all__ = ("PsfQuality", "PsfQualityConfig", "measure_psf_quality")

import dataclasses

import numpy as np

from lsst.pex.config import Config, RangeField

from .errors import InvalidExposureError
from .exposures.psf_kernels import FWHM_PER_SIGMA, kernel_moments
from .exposures.source import ExposureSource

MAX_KERNELS = 25
"""Number of kernels of an exposure that are measured, spread over the patch."""


@dataclasses.dataclass(frozen=True)
class PsfQuality:
    """What the model PSF of one exposure is like on a patch.

    Parameters
    ----------
    fwhm : `float`
        Median full width at half maximum in pixels, from the determinant
        radius of the adaptive moments, as the visit summaries of the LSST
        Science Pipelines have it.
    ellipticity : `float`
        Median length of the distortion ``(xx - yy, 2 xy) / (xx + yy)``.
    radius_delta : `float`
        Largest minus smallest trace radius ``sqrt((xx + yy) / 2)``, in
        pixels.
    """

    fwhm: float
    ellipticity: float
    radius_delta: float


class PsfQualityConfig(Config):
    """Limits beyond which an exposure is left out; no limit where `None`."""

    max_fwhm = RangeField(
        dtype=float,
        doc="Largest full width at half maximum of a warp's PSF, in arcsec; None for no limit.",
        default=None,
        optional=True,
        min=0.0,
        inclusiveMin=False,
    )
    max_ellipticity = RangeField(
        dtype=float,
        doc="Largest ellipticity (xx - yy, 2 xy) / (xx + yy) of a warp's PSF; None for no limit.",
        default=None,
        optional=True,
        min=0.0,
        inclusiveMin=False,
    )
    max_radius_delta = RangeField(
        dtype=float,
        doc="Largest difference, in pixels, between the trace radii of a warp's PSF in the patch; None for "
        "no limit.",
        default=None,
        optional=True,
        min=0.0,
        inclusiveMin=False,
    )

    def is_active(self) -> bool:
        """Tell whether there is any limit.

        Returns
        -------
        is_active : `bool`
            Whether there is.
        """
        return any(limit is not None for limit in self.toDict().values())

    def reasons_to_reject(self, stack: ExposureSource) -> dict[int, str]:
        """Tell which exposures of a stack are beyond a limit.

        Parameters
        ----------
        stack : `ExposureSource`
            The exposures.

        Returns
        -------
        reasons : `dict` [`int`, `str`]
            By position in the stack, what is wrong with the PSF.

        Raises
        ------
        InvalidExposureError
            Raised if there is a limit in arcsec, but the stack does not say
            how large its pixels are.
        """
        reasons: dict[int, str] = {}
        scale = self._pixel_scale(stack)
        for index in range(len(stack)):
            quality = measure_psf_quality(stack, index)
            for name, value, limit in (
                ("FWHM in arcsec", quality.fwhm * scale, self.max_fwhm),
                ("ellipticity", quality.ellipticity, self.max_ellipticity),
                ("change of the radius in pixels", quality.radius_delta, self.max_radius_delta),
            ):
                # What cannot be measured is not good either.
                if limit is not None and not value <= limit:
                    reasons.setdefault(index, f"the {name} of its PSF is {value:.3g}, above {limit:g}")
        return reasons

    def _pixel_scale(self, stack: ExposureSource) -> float:
        if self.max_fwhm is None:
            return 1.0
        if stack.geometry is None:
            raise InvalidExposureError("The warps do not say how large their pixels are on the sky.")
        return float(stack.geometry.pixel_scale)


def measure_psf_quality(stack: ExposureSource, index: int) -> PsfQuality:
    """Measure the PSF of an exposure.

    Parameters
    ----------
    stack : `ExposureSource`
        The exposures.
    index : `int`
        Position of the exposure in the stack.

    Returns
    -------
    quality : `PsfQuality`
        The numbers, NaN where no kernel has moments.
    """
    kernels = stack.psf.kernels[index].reshape(-1, stack.psf.size, stack.psf.size)
    kernels = kernels[np.isfinite(kernels).all(axis=(1, 2))]
    chosen = np.unique(np.linspace(0, len(kernels) - 1, MAX_KERNELS).astype(int))
    moments = np.array([kernel_moments(kernels[number]) for number in chosen])
    moments = moments[np.isfinite(moments).all(axis=1)]
    if not len(moments):
        return PsfQuality(np.nan, np.nan, np.nan)
    xx, yy, xy = moments.T
    radius = np.sqrt(0.5 * (xx + yy))
    return PsfQuality(
        fwhm=float(FWHM_PER_SIGMA * np.median((xx * yy - xy**2) ** 0.25)),
        ellipticity=float(np.median(np.hypot(xx - yy, 2.0 * xy) / (xx + yy))),
        radius_delta=float(np.ptp(radius)),
    )
