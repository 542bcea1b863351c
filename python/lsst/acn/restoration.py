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

"""From the exposures of a patch to one restored image, without a Butler."""

from __future__ import annotations

__all__ = ("kernel_fwhm", "restore", "restore_latent")

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.fft

from .errors import InvalidExposureError, TrainingDivergedError
from .exposures.psf_kernels import gaussian_kernel
from .exposures.source import ExposureSource
from .forward.target_psf import convolve_to_target
from .methods.method import RestorationMethod, make_method
from .restoration_config import RestorationConfig
from .restoration_result import RestorationResult
from .tiles.restore_tiles import MAX_WORKERS, OnStrip

MIN_EXPOSURES = 2


def restore(
    exposures: ExposureSource,
    config: RestorationConfig | None = None,
    *,
    network: Mapping[str, Any] | None = None,
    log: logging.Logger | None = None,
    on_strip: OnStrip | None = None,
    workers: int | None = None,
) -> RestorationResult:
    """Restore one sharp, clean image from many noisy, blurred exposures.

    Parameters
    ----------
    exposures : `ExposureStack` or other `ExposureSource`
        Co-registered exposures of one patch.
    config : `RestorationConfig`, optional
        What to do; by default, restore with the network that is shipped.
    network : `~collections.abc.Mapping`, optional
        Trained network in plain values, as a ``restoration_network`` dataset
        holds it, for the method ``cross_exposure`` to begin with.
    log : `logging.Logger`, optional
        Told of the progress.
    on_strip : `~collections.abc.Callable`, optional
        Called with the rows of the patch and the exposures on at least these,
        as they pass by, so that a large patch need not be read twice.
    workers : `int`, optional
        Cores to use, and so tiles that may be restored at once; by default as
        many as OMP_NUM_THREADS says, or as there are.

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
    log = log or logging.getLogger(__name__)
    exposures, method, history = _fit(exposures, config, network, log, workers)
    fwhm = kernel_fwhm(method, config, log)
    kernel = gaussian_kernel(fwhm)
    restored, variance = method.restore(kernel, log, on_strip, workers)
    _check(restored, exposures, config)
    assert variance is not None
    with scipy.fft.set_workers(workers or MAX_WORKERS):
        latent = method.to_latent(restored)
    latent_box = exposures.box.grown_by(exposures.psf.radius)
    return RestorationResult(
        image=convolve_to_target(
            restored if config.match_target_psf else latent, latent_box, kernel, exposures.box
        ),
        variance=variance,
        latent=latent,
        latent_box=latent_box,
        target_psf=gaussian_kernel(config.target_psf_fwhm),
        history=history,
        summary=_summarize(exposures, config, method, history) | {"kernel_fwhm": fwhm},
    )


def restore_latent(
    exposures: ExposureSource,
    config: RestorationConfig,
    *,
    network: Mapping[str, Any] | None = None,
    log: logging.Logger | None = None,
    workers: int | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Restore the latent image alone, without its variance.

    Parameters
    ----------
    exposures : `ExposureSource`
        Co-registered exposures of one patch.
    config : `RestorationConfig`
        What to do.
    network : `~collections.abc.Mapping`, optional
        As `restore` takes it.
    log : `logging.Logger`, optional
        Told of the progress.
    workers : `int`, optional
        As `restore` takes it.

    Returns
    -------
    latent : `numpy.ndarray`
        Latent image on the box of the exposures grown by half a PSF kernel.
    history : `dict` [`str`, `numpy.ndarray`]
        Training, as in `RestorationResult`.

    Raises
    ------
    InvalidExposureError
        Raised as by `restore`.
    TrainingDivergedError
        Raised as by `restore`.
    """
    log = log or logging.getLogger(__name__)
    exposures, method, history = _fit(exposures, config, network, log, workers)
    restored, _ = method.restore(None, log, workers=workers)
    _check(restored, exposures, config)
    with scipy.fft.set_workers(workers or MAX_WORKERS):
        return method.to_latent(restored), history


def _fit(
    exposures: ExposureSource,
    config: RestorationConfig,
    network: Mapping[str, Any] | None,
    log: logging.Logger,
    workers: int | None,
) -> tuple[ExposureSource, RestorationMethod, dict[str, np.ndarray]]:
    """Return the exposures that are of use, the method fitted to them, and its story."""
    config.validate()
    exposures = _usable(exposures)
    log.info("Restoring %s from %d exposures of %s.", exposures.box, len(exposures), exposures.box.shape)
    method = make_method(exposures, config, network, workers)
    with scipy.fft.set_workers(workers or MAX_WORKERS):
        return exposures, method, method.fit(log)


def _usable(exposures: ExposureSource) -> ExposureSource:
    """Return the exposures that have valid pixels; others have no variance."""
    usable = np.flatnonzero(np.isfinite(exposures.median_variances()))
    if len(usable) < MIN_EXPOSURES:
        raise InvalidExposureError(
            f"A restoration needs {MIN_EXPOSURES} exposures with valid pixels; there are {len(usable)} "
            f"among visits {list(exposures.visits)}.",
            n_exposures=len(usable),
        )
    return exposures if len(usable) == len(exposures) else exposures.select(usable)


def _check(latent: np.ndarray, exposures: ExposureSource, config: RestorationConfig) -> None:
    if not np.isfinite(latent).all() or not latent.any():
        raise TrainingDivergedError(
            f"The latent image of visits {list(exposures.visits)} is empty or not finite.", seed=config.seed
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
    fwhm = method.kernel_fwhm(target)
    log.info("A Gaussian of FWHM %.2f pixels brings stars to the target of %.2f.", fwhm, target)
    return fwhm


def _summarize(
    exposures: ExposureSource,
    config: RestorationConfig,
    method: RestorationMethod,
    history: dict[str, np.ndarray],
) -> dict[str, int | float | str]:
    trained = len(history["epoch"]) > 0
    return {
        "method": config.method,
        "seed": config.seed,
        **method.summary(),
        "n_exposures": len(exposures),
        "epochs": len(history["epoch"]),
        "final_loss": float(history["loss"][-1]) if trained else float("nan"),
        "training_seconds": float(history["seconds"][-1]) if trained else 0.0,
        "target_psf_fwhm": config.target_psf_fwhm,
    }
