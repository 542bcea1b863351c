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

"""The peers that need no training: coadd, Richardson-Lucy, ImageMM."""

from __future__ import annotations

__all__ = ("MATCHED", "MATCHED_UPDATES", "coadd", "fill_gaps", "image_mm_updates", "richardson_lucy")

from collections.abc import Iterator, Sequence

import numpy as np

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.coadd.robust_coadd import robust_coadd
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.forward.point_response import PIXEL_GRID_RESPONSE, matching_fwhm
from lsst.acn.forward.target_psf import convolve_to_target
from lsst.acn.methods.image_mm.updates import image_mm, image_mm_start

from .cost import Cost
from .restored import Restored

RICHARDSON_LUCY_ITERATIONS = 20
"""Chosen on `fields.TUNING_FIELD`."""

PEDESTAL = 5.0
"""Sky, in units of its noise, under the coadd for Richardson-Lucy, which takes
no negative pixels."""

HUBER_DELTA = 2.0

MATCHED_UPDATES = 150
MATCHED = f"ImageMM {MATCHED_UPDATES}, narrower kernel"


def coadd(stack: ExposureStack) -> Iterator[Restored]:
    """Yield the inverse-variance coadd, and that coadd for detection.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.

    Yields
    ------
    restored : `Restored`
        The coadd at its own PSF, then the coadd convolved with that PSF.
    """
    from scipy.signal import oaconvolve

    with Cost() as cost:
        assembled = assemble_coadd(stack)
    image, psf = fill_gaps(assembled.image, stack), assembled.psf.at(*stack.box.center)[0]
    variance = np.nan_to_num(assembled.variance, nan=np.inf)
    yield Restored(
        "coadd", image, cost.seconds, cost.peak_mib, variance=variance, variance_seconds=0.0, psf=psf
    )
    with cost:
        padded = np.pad(image, stack.psf.radius, mode="reflect")
        filtered = oaconvolve(padded, psf[::-1, ::-1], mode="valid")
    yield Restored(
        "coadd, matched filter", filtered, cost.seconds, cost.peak_mib, psf=psf, is_detection_image=True
    )


def fill_gaps(image: np.ndarray, stack: ExposureStack) -> np.ndarray:
    """Return the coadd with its gaps interpolated."""
    return np.where(np.isfinite(image), image, robust_coadd(stack.image, stack.variance, stack.valid))


def richardson_lucy(
    stack: ExposureStack, target_fwhm: float, iterations: int = RICHARDSON_LUCY_ITERATIONS
) -> Iterator[Restored]:
    """Yield the coadd deconvolved from its PSF by Richardson-Lucy.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.
    iterations : `int`, optional
        Number of iterations.

    Yields
    ------
    restored : `Restored`
        At the target PSF.
    """
    from skimage import restoration

    with Cost() as cost:
        assembled = assemble_coadd(stack)
        radius = stack.psf.radius
        padded = np.pad(fill_gaps(assembled.image, stack), radius, mode="reflect")
        # As if counts had the noise of the coadd; all that is lower still is cut off.
        pedestal = PEDESTAL * float(np.sqrt(np.nanmedian(assembled.variance)))
        latent = restoration.richardson_lucy(
            np.maximum(padded + pedestal, 0.01 * pedestal),
            assembled.psf.at(*stack.box.center)[0],
            num_iter=iterations,
            clip=False,
        )
        image = convolve_to_target(
            latent - pedestal, stack.box.grown_by(radius), gaussian_kernel(target_fwhm), stack.box
        )
    yield Restored("Richardson–Lucy", image, cost.seconds, cost.peak_mib)


def image_mm_updates(
    stack: ExposureStack, target_fwhm: float, iterations: Sequence[int] = (50, 150, 400)
) -> Iterator[Restored]:
    """Yield ImageMM after growing numbers of plain updates.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.
    iterations : `~collections.abc.Sequence` [`int`], optional
        Numbers of updates, ascending.

    Yields
    ------
    restored : `Restored`
        At the target PSF, with the seconds since the first update; after
        150 updates also by the narrower kernel that our methods take, to tell
        what of our gain is due to that alone.
    """
    done = 0
    matched = gaussian_kernel(matching_fwhm(PIXEL_GRID_RESPONSE, target_fwhm))
    with Cost() as cost:
        model = ForwardModel(stack.shape, stack.psf.size)
        spectra = model.spectra(stack.psf.at(*stack.box.center))
        root_weight = 1.0 / np.sqrt(stack.variance)
        start = robust_coadd(stack.image, stack.variance, stack.valid)
        latent = image_mm_start(start, stack.psf.radius)
    for number in iterations:
        with cost:
            # Plain updates remember nothing but the image: they can be gone on with.
            latent = image_mm(
                stack.image, root_weight, model, spectra, latent,
                iterations=number - done, delta=HUBER_DELTA, accelerate=False,
            )  # fmt: skip
            done = number
            latent_box = stack.box.grown_by(stack.psf.radius)
            image = convolve_to_target(latent, latent_box, gaussian_kernel(target_fwhm), stack.box)
        yield Restored(f"ImageMM {number}", image, cost.seconds, cost.peak_mib)
        if number == MATCHED_UPDATES:
            image = convolve_to_target(latent, latent_box, matched, stack.box)
            yield Restored(MATCHED, image, cost.seconds, cost.peak_mib)
