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

__all__ = ("make_method", "matching_kernel_fwhm", "restore", "restore_latent")

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import TrainingDivergedError
from .exposure_quality import measure_exposures
from .exposures.estimated_psfs import EstimatedPsfs, with_psfs
from .exposures.finer_exposures import on_finer_grid
from .exposures.noise_source import NoiseSource
from .exposures.psf_kernels import gaussian_kernel
from .exposures.source import ExposureSource
from .fluxes.detection_floor import detection_variance
from .fluxes.flux_images import FluxImages
from .fluxes.sky_of_layers import noise_facts
from .forward.sampling_error import sampling_variance, warn_of_dithers
from .forward.target_psf import convolve_to_target
from .machine.backend_setup import prepare_backend
from .machine.threads import cores
from .methods.method import RestorationMethod
from .nuisances.corrections import ExposureCorrections
from .nuisances.shared_errors import shared_variance
from .psfs.prepared_exposures import prepare, with_known_psfs
from .residual.cell_residual import PictureSpectra
from .residual.noise_exposures import NoiseExposures
from .residual.patch_residual import residual_of_patch
from .restoration_config import RestorationConfig
from .restoration_result import NoiseLayer, RestorationResult
from .tiles.restore_tiles import OnStrip
from .tiles.seen_pixels import SeenPixels


def restore(
    exposures: ExposureSource,
    config: RestorationConfig | None = None,
    *,
    network: Mapping[str, Any] | None = None,
    log: logging.Logger | None = None,
    on_strip: OnStrip | None = None,
    n_cores: int | None = None,
    noise: Sequence[NoiseSource] = (),
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
        Told of the progress, and warned of PSFs and variances that are wrong.
    on_strip : `~collections.abc.Callable`, optional
        Called with the rows of the patch and the exposures on at least these,
        as they pass by, so that a large patch need not be read twice.
    n_cores : `int`, optional
        Cores to use, and so tiles that may be restored at once; by default as
        many as OMP_NUM_THREADS says, or as there are.
    noise : `~collections.abc.Sequence` [`NoiseSource`], optional
        Noise that was warped as the exposures were, for the first noise
        layers; that of the others is drawn from the variance planes.

    Returns
    -------
    result : `RestorationResult`
        The restored image, its variance, the latent image, and what these
        leave over of the exposures.

    Raises
    ------
    InvalidExposureError
        Raised if there is no exposure with valid pixels, or too few for what
        the config asks for.
    TrainingDivergedError
        Raised if training ends without a meaningful latent image.
    UnknownPsfError
        Raised if PSFs are to be estimated, and there are too few stars.
    """
    config, log, unit = config or RestorationConfig(), log or logging.getLogger(__name__), exposures.unit
    with cores(n_cores):
        measure_exposures(exposures, log, upsampling=config.upsampling)
        fitted = _fit(exposures, config, network, log, n_cores)
        start = time.perf_counter()
        exposures, method = fitted.exposures, fitted.method
        fwhm = matching_kernel_fwhm(method, config, log)
        to_target = PictureSpectra(gaussian_kernel(fwhm), gaussian_kernel(config.target_psf_fwhm))
        seen = SeenPixels(exposures.box, on_strip)
        restored, variance = method.restore(to_target.kernel, log, seen)
        _check(restored, exposures, config)
        assert variance is not None
        latent = method.to_latent(restored)
        picture = _picture(exposures, restored if config.match_target_psf else latent, to_target)
        kernels, weights = exposures.psf.at(*exposures.box.center), 1.0 / exposures.median_variances()
        warn_of_dithers(kernels, weights, config.upsampling, log)
        variance = variance + sampling_variance(picture.image, kernels, weights, config.upsampling)
        variance += shared_variance(picture.image, fitted.corrections)
        times = {"fit_seconds": fitted.seconds, "restore_seconds": time.perf_counter() - start}
        start = time.perf_counter()
        residual = residual_of_patch(exposures, picture.unconvolved, to_target)
        images = FluxImages(picture.image, to_target.target_psf, residual, exposures.unit)
        safe = detection_variance(images, variance)
        times["residual_seconds"] = time.perf_counter() - start
        patterns = [*noise, *[None] * config.n_noise_layers][: config.n_noise_layers]
        layers = [
            _noise_layer(exposures, picture, config, network, log, number, warped)
            for number, warped in enumerate(patterns)
        ]
        facts = noise_facts([layer.image for layer in layers], safe, images, config.target_psf_fwhm)
    return RestorationResult(
        image=picture.image,
        variance=variance,
        detection_variance=safe,
        latent=latent,
        latent_box=exposures.box.grown_by(exposures.psf.radius),
        target_psf=to_target.target_psf,
        corrections=fitted.corrections.in_unit(1.0 / fitted.unit),
        no_data=~seen.pixels,
        psfs=fitted.psfs,
        history=fitted.history,
        summary=_summarize(fitted, config) | {"matching_kernel_fwhm": fwhm} | times | facts,
        residual=residual if config.keep_residual else None,
        noise_layers=tuple(layers),
        unit=unit,
        band=exposures.band,
        geometry=exposures.geometry,
    ).in_unit(fitted.unit)


@dataclasses.dataclass(frozen=True, eq=False)
class _Picture:
    """A restored image, what it was before its last convolution, and that."""

    image: np.ndarray
    unconvolved: np.ndarray
    to_target: PictureSpectra


def _picture(exposures: ExposureSource, unconvolved: np.ndarray, to_target: PictureSpectra) -> _Picture:
    box = exposures.box.grown_by(exposures.psf.radius)
    image = convolve_to_target(unconvolved, box, to_target.kernel, exposures.box)
    return _Picture(image, unconvolved, to_target)


def _noise_layer(
    exposures: ExposureSource,
    picture: _Picture,
    config: RestorationConfig,
    network: Mapping[str, Any] | None,
    log: logging.Logger,
    number: int,
    warped: NoiseSource | None,
) -> NoiseLayer:
    """Restore what a picture predicts of the exposures, with other noise."""
    log.info("Restoring noise layer %d of %d.", number + 1, config.n_noise_layers)
    drawn = NoiseExposures(
        exposures, picture.unconvolved, picture.to_target, seed=config.seed, layer=number, warped=warped
    )
    # The noise is drawn as if the PSFs were known.
    method = make_method(drawn, with_known_psfs(config), network)
    method.fit(log)
    restored, _ = method.restore(None, log)
    unconvolved = restored if config.match_target_psf else method.to_latent(restored)
    again = _picture(exposures, unconvolved, picture.to_target)
    change = again.image - picture.image
    if not config.keep_residual:
        return NoiseLayer(change, None)
    return NoiseLayer(change, residual_of_patch(drawn, unconvolved, picture.to_target).image)


def restore_latent(
    exposures: ExposureSource,
    config: RestorationConfig,
    *,
    network: Mapping[str, Any] | None = None,
    log: logging.Logger | None = None,
    n_cores: int | None = None,
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
    n_cores : `int`, optional
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
    with cores(n_cores):
        fitted = _fit(exposures, config, network, log, n_cores)
        restored, _ = fitted.method.restore(None, log)
        _check(restored, fitted.exposures, config)
        return fitted.method.to_latent(restored) * np.float32(fitted.unit), fitted.history


def make_method(
    exposures: ExposureSource,
    config: RestorationConfig,
    network: Mapping[str, Any] | None = None,
    n_cores: int | None = None,
) -> RestorationMethod:
    """Return the method that a config selects.

    Parameters
    ----------
    exposures : `ExposureSource`
        What is to be restored.  The method ``paper`` takes all of it into
        memory.
    config : `RestorationConfig`
        Its ``method`` is looked at here, the rest by the method.
    network : `~collections.abc.Mapping`, optional
        Trained network in plain values, for methods that can begin with one.
    n_cores : `int`, optional
        Cores to use; by default the Keras backend decides.

    Returns
    -------
    method : `RestorationMethod`
        Ready to be fitted.

    Raises
    ------
    MissingFrameworkError
        Raised if the method needs Keras and there is none.
    ValueError
        Raised if there is no such method, if it has no use for a trained
        network, or if one is to be trained further on the patch.
    """
    if network is not None and config.method != "cross_exposure":
        raise ValueError(f"The method {config.method!r} cannot begin with a trained network.")
    config.forbid_adaptation(network is not None)
    match config.method:
        case "paper":
            from .methods.paper.method import PaperMethod

            prepare_backend(n_cores)
            return PaperMethod(exposures.cutout(exposures.box), config)
        case "cross_exposure":
            from .methods.cross_exposure.method import CrossExposureMethod

            return CrossExposureMethod(exposures, config, network, n_cores)
        case "image_mm":
            from .methods.image_mm.method import ImageMMMethod

            return ImageMMMethod(exposures, config)
    raise ValueError(f"There is no restoration method {config.method!r}.")


@dataclasses.dataclass(frozen=True, eq=False)
class _Fitted:
    """A method that knows its exposures, in units of their noise, and how that came about."""

    exposures: ExposureSource
    unit: float
    corrections: ExposureCorrections
    psfs: EstimatedPsfs | None
    method: RestorationMethod
    history: dict[str, np.ndarray]
    seconds: float


def _fit(
    exposures: ExposureSource,
    config: RestorationConfig,
    network: Mapping[str, Any] | None,
    log: logging.Logger,
    n_cores: int | None,
) -> _Fitted:
    """Fit the method of a config to those exposures that are of use."""
    config.validate()
    start = time.perf_counter()
    prepared = prepare(on_finer_grid(exposures, config.upsampling), config, log)
    exposures = prepared.exposures
    log.info("Restoring %s from %d exposures of %s.", exposures.box, len(exposures), exposures.box.shape)
    method = make_method(exposures, config, network, n_cores)
    history = method.fit(log)
    trained = method.trained_psfs
    return _Fitted(
        with_psfs(exposures, trained),
        prepared.unit,
        prepared.corrections,
        prepared.psfs if trained is None else trained,
        method,
        history,
        time.perf_counter() - start,
    )


def _check(latent: np.ndarray, exposures: ExposureSource, config: RestorationConfig) -> None:
    if not np.isfinite(latent).all() or not latent.any():
        raise TrainingDivergedError(
            f"The latent image of visits {list(exposures.visits)} is empty or not finite.", seed=config.seed
        )


def matching_kernel_fwhm(method: RestorationMethod, config: RestorationConfig, log: logging.Logger) -> float:
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
    fwhm = method.matching_fwhm(target)
    log.info("A Gaussian of FWHM %.2f pixels brings stars to the target of %.2f.", fwhm, target)
    return fwhm


def _summarize(fitted: _Fitted, config: RestorationConfig) -> dict[str, int | float | str]:
    history = fitted.history
    trained = len(history["epoch"]) > 0
    return {
        "method": config.method,
        "seed": config.seed,
        **fitted.method.summary(),
        "n_exposures": len(fitted.exposures),
        "epochs": len(history["epoch"]),
        "final_loss": float(history["loss"][-1]) if trained else float("nan"),
        "training_seconds": float(history["seconds"][-1]) if trained else 0.0,
        "target_psf_fwhm": config.target_psf_fwhm,
        "upsampling": config.upsampling,
    }
