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

"""Restorations of known quality, to measure."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from small_fields import make_stack

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.forward.target_psf import convolve_to_target
from lsst.acn.measure.restored_patch import RestoredPatch

FIELD = {"n": 5, "shape": (72, 80), "noise": 2.0}


def make_patch(blur: float = 0.0, noise: float = 0.0, scale: float = 1.0, **field: object) -> RestoredPatch:
    """Return a field "restored" to its truth, blurred, noised and scaled."""
    stack, truth = make_stack(**{**FIELD, **field})
    latent = scale * gaussian_filter(truth, blur) if blur else scale * truth
    latent = latent + noise * np.random.default_rng(9).normal(size=latent.shape)
    latent_box, target_psf = stack.box.grown_by(stack.psf.radius), gaussian_kernel(2.5)
    image = convolve_to_target(latent, latent_box, target_psf, stack.box)
    coadd = assemble_coadd(stack)
    return RestoredPatch(
        exposures=stack,
        coadd=ExposureStack.from_arrays(coadd.image[None], coadd.variance[None], coadd.psf, box=stack.box),
        restored=ExposureStack.from_arrays(
            image[None], np.ones((1, *stack.shape)), target_psf[None], box=stack.box
        ),
        latent=latent.astype(np.float32),
        latent_box=latent_box,
    )
