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

"""From a stack of exposures to one restored image, without a Butler."""

from __future__ import annotations

__all__ = ("kernel_fwhm", "restore")

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import InvalidExposureError, TrainingDivergedError
from .exposure_stack import ExposureStack
from .point_response import gaussian_width, matching_fwhm
from .psf_kernels import gaussian_kernel
from .restoration_config import RestorationConfig
from .restoration_method import RestorationMethod, make_method
from .restoration_result import RestorationResult
from .target_psf import convolve_to_target

MIN_EXPOSURES = 2


def restore(
    stack: ExposureStack,
    config: RestorationConfig | None = None,
    *,
    network: Mapping[str, Any] | None = None,
    log: logging.Logger | None = None,
) -> RestorationResult:
    """Restore one sharp, clean image from many noisy, blurred exposures.

    Parameters
    ----------
    stack : `ExposureStack`
        Co-registered exposures of one patch.
    config : `RestorationConfig`, optional
        What to do; by default, restore with the network that is shipped.
    network : `~collections.abc.Mapping`, optional
        Trained network in plain values, as a ``restoration_network`` dataset
        holds it, for the method ``cross_exposure`` to begin with.
    log : `logging.Logger`, optional
        Told of the progress.

    Returns
    -------
    result : `RestorationResult`
        The restored image, its variance, and the latent image.

    Raises
    ------
    InvalidExposureError
        Raised if there are fewer than two exposures with valid pixels.
    TrainingDivergedError
        Raised if training ends without a meaningful latent image.
    """
    config = config or RestorationConfig()
    config.validate()
    log = log or logging.getLogger(__name__)
    usable = np.flatnonzero(stack.valid.any(axis=(1, 2)))
    if len(usable) < MIN_EXPOSURES:
        raise InvalidExposureError(
            f"A restoration needs {MIN_EXPOSURES} exposures with valid pixels; there are {len(usable)} "
            f"among visits {list(stack.visits)}.",
            n_exposures=len(usable),
        )
    if len(usable) < len(stack):
        stack = stack.select(usable)
    log.info("Restoring %s from %d exposures of %s.", stack.box, len(stack), stack.shape)
    method = make_method(stack, config, network)
    history = method.fit(log)
    latent = method.latent(log)
    if not np.isfinite(latent).all() or not latent.any():
        raise TrainingDivergedError(
            f"The latent image of visits {list(stack.visits)} is empty or not finite.", seed=config.seed
        )
    fwhm = kernel_fwhm(method, config, log)
    kernel = gaussian_kernel(fwhm)
    latent_box = stack.box.grown_by(stack.psf.radius)
    return RestorationResult(
        image=convolve_to_target(latent, latent_box, kernel, stack.box),
        variance=method.variance(kernel),
        latent=latent,
        latent_box=latent_box,
        target_psf=gaussian_kernel(config.target_psf_fwhm),
        history=history,
        summary=_summarize(stack, config, method, history) | {"kernel_fwhm": fwhm},
    )


def kernel_fwhm(method: RestorationMethod, config: RestorationConfig, log: logging.Logger) -> float:
    """Return the width of the Gaussian to convolve the latent image with.

    Parameters
    ----------
    method : `RestorationMethod`
        Fitted to the stack.
    config : `RestorationConfig`
        Uses ``target_psf_fwhm`` and ``match_target_psf``.
    log : `logging.Logger`
        Told the width.

    Returns
    -------
    fwhm : `float`
        In pixels.
    """
    target = config.target_psf_fwhm
    if not config.match_target_psf:
        return target
    response = method.point_response()
    fwhm = matching_fwhm(response, target)
    log.info(
        "A star has FWHM %.2f pixels in the latent image: a Gaussian of %.2f brings it to %.2f.",
        gaussian_width(response) if response.any() else float("nan"), fwhm, target,
    )  # fmt: skip
    return fwhm


def _summarize(
    stack: ExposureStack, config: RestorationConfig, method: RestorationMethod, history: dict[str, np.ndarray]
) -> dict[str, int | float | str]:
    trained = len(history["epoch"]) > 0
    return {
        "method": config.method,
        "seed": config.seed,
        **method.summary(),
        "n_exposures": len(stack),
        "epochs": len(history["epoch"]),
        "final_loss": float(history["loss"][-1]) if trained else float("nan"),
        "training_seconds": float(history["seconds"][-1]) if trained else 0.0,
        "target_psf_fwhm": config.target_psf_fwhm,
    }
