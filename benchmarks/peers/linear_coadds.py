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

"""Linear coadds: all that the exposures say, in two spectra, and filters of them."""

from __future__ import annotations

__all__ = ("AT_TARGET", "LIKELIHOOD", "PROPER", "StackSpectra", "linear_coadds", "stack_spectra")

import dataclasses
from collections.abc import Iterator

import numpy as np
import scipy.fft

from lsst.acn import ExposureStack
from lsst.acn.arrays.spectra import gaussian_spectrum
from lsst.acn.coadd.robust_coadd import fill_invalid, robust_coadd
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA

from .cost import Cost
from .periodic import MirroredEdges, kernel_spectrum
from .restored import Restored

LIKELIHOOD = "likelihood coadd"
PROPER = "proper coadd"
AT_TARGET = "linear, at the target PSF"

REGULARIZATION = 0.01
"""Power, where that of a PSF without blur is 1, below which frequencies are
given up; chosen on `fields.TUNING_FIELD`."""

LEAST_POWER = 1e-12
"""Below it there is nothing but rounding in a spectrum."""


@dataclasses.dataclass(frozen=True, eq=False)
class StackSpectra:
    r"""Weighted sums over exposures, on a grid that is larger than they are.

    With weights :math:`c_t` (inverse median variances), PSF transforms
    :math:`F_t` and exposure transforms :math:`Y_t`,

    .. math::

        B = \frac{\sum_t c_t F_t^* Y_t}{\sum_t c_t}, \qquad
        P = \frac{\sum_t c_t |F_t|^2}{\sum_t c_t}.

    Parameters
    ----------
    back_projection, power : `numpy.ndarray`
        :math:`B` and :math:`P`.
    grid : `MirroredEdges`
        The grid.
    """

    back_projection: np.ndarray
    power: np.ndarray
    grid: MirroredEdges

    def image(self, transfer: np.ndarray | float) -> np.ndarray:
        """Return what a filter makes of the back projection, on the patch."""
        return self.grid.crop(scipy.fft.irfft2(transfer * self.back_projection, s=self.grid.shape))

    def kernel(self, spectrum: np.ndarray, size: int) -> np.ndarray:
        """Return the kernel of a real spectrum, in the middle of a stamp, of unit sum."""
        shifted = np.roll(scipy.fft.irfft2(spectrum, s=self.grid.shape), (size // 2, size // 2), (0, 1))
        kernel = shifted[:size, :size]
        return kernel / kernel.sum()


def stack_spectra(stack: ExposureStack) -> StackSpectra:
    """Return the spectra of a stack.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.  Pixels that are not valid are filled with a robust
        coadd, and all are mirrored at the edges.

    Returns
    -------
    spectra : `StackSpectra`
        Of a single PSF for each exposure, that of the middle.
    """
    grid = MirroredEdges(stack.shape, stack.psf.radius)
    filled = fill_invalid(stack.image, stack.valid, robust_coadd(stack.image, stack.variance, stack.valid))
    weights = 1.0 / stack.median_variances()
    height, width = grid.shape
    back_projection, power = np.zeros((2, height, width // 2 + 1), complex)
    for image, kernel, weight in zip(filled, stack.psf.at(*stack.box.center), weights, strict=True):
        transfer = kernel_spectrum(kernel, grid.shape)
        back_projection += weight * np.conj(transfer) * scipy.fft.rfft2(grid.extend(image))
        power += weight * np.abs(transfer) ** 2
    return StackSpectra(back_projection / weights.sum(), power.real / weights.sum(), grid)


def linear_coadds(
    stack: ExposureStack, target_fwhm: float, regularization: float = REGULARIZATION
) -> Iterator[Restored]:
    r"""Yield the linear coadds that are the best of their kind.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.
    regularization : `float`, optional
        :math:`\kappa`, below.

    Yields
    ------
    restored : `Restored`
        The likelihood coadd, the proper coadd, and one at the target PSF.

    Notes
    -----
    The likelihood coadd, of the transform :math:`B`, is what a point source
    is detected in best; the proper coadd, :math:`B / \sqrt P`, has white noise
    and loses nothing either (Zackay & Ofek 2017).  With the target's transform
    :math:`G`, the third is :math:`G B (1 + \kappa) / (P + \kappa)`: it keeps
    fluxes, and is at the target PSF where there is power enough.
    """
    with Cost() as cost:
        spectra = stack_spectra(stack)
        likelihood = spectra.image(1.0)
    size = stack.psf.size
    yield Restored(
        LIKELIHOOD, likelihood, cost.seconds, cost.peak_mib,
        psf=spectra.kernel(spectra.power, size), is_detection_image=True,
    )  # fmt: skip
    root = np.sqrt(np.maximum(spectra.power, LEAST_POWER))
    yield Restored(
        PROPER, spectra.image(1.0 / root), cost.seconds, cost.peak_mib, psf=spectra.kernel(root, size)
    )
    target = gaussian_spectrum(spectra.grid.shape, (target_fwhm / FWHM_PER_SIGMA) ** 2)
    at_target = target * (1.0 + regularization) / (spectra.power + regularization)
    yield Restored(AT_TARGET, spectra.image(at_target), cost.seconds, cost.peak_mib)
