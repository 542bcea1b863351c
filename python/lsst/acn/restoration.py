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

__all__ = ("restore",)

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import InvalidExposureError, TrainingDivergedError
from .exposure_stack import ExposureStack
from .patch_inputs import PatchInputs
from .psf_kernels import gaussian_kernel
from .restoration_config import RestorationConfig
from .restoration_result import RestorationResult
from .target_psf import convolve_to_target
from .tiles import TileBlender, tile_grid

MIN_EXPOSURES = 2


def restore(
    stack: ExposureStack, config: RestorationConfig | None = None, *, log: logging.Logger | None = None
) -> RestorationResult:
    """Restore one sharp, clean image from many noisy, blurred exposures.

    Parameters
    ----------
    stack : `ExposureStack`
        Co-registered exposures of one patch.
    config : `RestorationConfig`, optional
        What to do; by default, the paper's method.
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
    from .paper_network import PaperNetwork
    from .training import train

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
    network = PaperNetwork(config, len(stack))
    inputs = PatchInputs(stack, network.margin)
    log.info("Restoring %s from %d exposures of %s.", stack.box, len(stack), stack.shape)
    history = train(network, inputs, config, log)
    return _assemble_result(stack, config, network, inputs, history)


def _assemble_result(
    stack: ExposureStack,
    config: RestorationConfig,
    network: Any,
    inputs: PatchInputs,
    history: dict[str, np.ndarray],
) -> RestorationResult:
    from .noise_variance import estimate_variance

    encode = _compile_encoder(network)
    latent = _restore_latent(encode, inputs, config)
    if not np.isfinite(latent).all() or not latent.any():
        raise TrainingDivergedError(
            f"The latent image of visits {list(stack.visits)} is empty or not finite.", seed=config.seed
        )
    target_psf = gaussian_kernel(config.target_psf_fwhm)
    latent_box = stack.box.grown_by(stack.psf.radius)
    return RestorationResult(
        image=convolve_to_target(latent, latent_box, target_psf, stack.box),
        variance=estimate_variance(encode, inputs, config, target_psf),
        latent=latent,
        latent_box=latent_box,
        target_psf=target_psf,
        history=history,
        summary=_summarize(stack, config, network, history),
    )


def _compile_encoder(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return the encoder as a function of NumPy arrays."""
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            encode = tf.function(network.encode)
        case "jax":
            import jax

            encode = jax.jit(network.encode)
        case _:
            encode = network.encode
    return lambda exposures: np.asarray(keras.ops.convert_to_numpy(encode(exposures)))


def _restore_latent(
    encode: Callable[[np.ndarray], np.ndarray], inputs: PatchInputs, config: RestorationConfig
) -> np.ndarray:
    """Return the latent image of the whole patch in the unit of the stack."""
    latent_box = inputs.box.grown_by(inputs.psf.radius)
    blender = TileBlender(latent_box, config.tiles.overlap)
    for tile in tile_grid(latent_box, config.tiles.restoring_size, config.tiles.overlap):
        blender.add(tile, encode(inputs.encoder_input(tile)[None])[0])
    return blender.result() * np.float32(inputs.scale)


def _summarize(
    stack: ExposureStack, config: RestorationConfig, network: Any, history: dict[str, np.ndarray]
) -> dict[str, int | float | str]:
    import keras

    trained = len(history["epoch"]) > 0
    return {
        "method": config.method,
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "keras_version": keras.version(),
        "n_exposures": len(stack),
        "n_parameters": int(network.model.count_params()),
        "epochs": len(history["epoch"]),
        "final_loss": float(history["loss"][-1]) if trained else float("nan"),
        "training_seconds": float(history["seconds"][-1]) if trained else 0.0,
        "target_psf_fwhm": config.target_psf_fwhm,
    }
