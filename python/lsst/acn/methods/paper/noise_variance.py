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

"""Variance of a restored image from the response of the encoder to noise."""

from __future__ import annotations

__all__ = ("estimate_variance",)

from collections.abc import Callable

import numpy as np

from ...exposures.boxes import Box
from ...exposures.random_streams import random_stream
from ...forward.target_psf import convolve_to_target
from ...restoration_config import RestorationConfig
from ...tiles.grid import TileBlender, tile_grid
from ..variance import finish_variance
from .inputs import PatchInputs


def estimate_variance(
    encode: Callable[[np.ndarray], np.ndarray],
    inputs: PatchInputs,
    config: RestorationConfig,
    target_psf: np.ndarray,
) -> np.ndarray:
    r"""Return the variance of the restored image at the target PSF.

    Noise drawn from the variance plane is added to the exposures, and the
    mean square change of the restored image is its variance:
    :math:`\langle (g * [F(y + \eta) - F(y)])^2 \rangle`.  This is the paper's
    Jacobian :math:`\partial F / \partial y` applied to the noise, by finite
    differences of the size of the noise itself and with every correlation
    that the encoder makes.

    Parameters
    ----------
    encode : `~collections.abc.Callable`
        Takes exposures, shape ``(b, height, width, n)``, and returns latent
        images, shape ``(b, height - 2 margin, width - 2 margin)``.
    inputs : `PatchInputs`
        The patch.
    config : `RestorationConfig`
        Uses ``tiles``, ``n_noise_realizations`` and ``seed``.
    target_psf : `numpy.ndarray`
        PSF kernel of the restored image.

    Returns
    -------
    variance : `numpy.ndarray`
        Float32, positive, in the unit of the stack squared, on the patch.

    Notes
    -----
    What the weights themselves owe to the noise that they were trained on is
    not in this estimate.
    """
    blender = TileBlender(inputs.box, config.tiles.overlap)
    tiles = tile_grid(inputs.box, config.tiles.restoring_size, config.tiles.overlap)
    for number, tile in enumerate(tiles):
        rng = random_stream(config.seed, "paper", "noise", number)
        blender.add(tile, _tile_variance(encode, inputs, tile, config.n_noise_realizations, target_psf, rng))
    return finish_variance(blender.result() * inputs.scale**2)


def _tile_variance(
    encode: Callable[[np.ndarray], np.ndarray],
    inputs: PatchInputs,
    tile: Box,
    n_realizations: int,
    target_psf: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    reach = min(len(target_psf) // 2, inputs.psf.radius)
    latent_box = tile.grown_by(reach)
    exposures = inputs.encoder_input(latent_box)
    latent = encode(exposures[None])[0]
    total = np.zeros(tile.shape)
    for _ in range(n_realizations):
        noise = inputs.drawn_noise(latent_box, rng)
        change = encode((exposures + noise)[None])[0] - latent
        total += convolve_to_target(change, latent_box, target_psf, tile) ** 2
    return (total / n_realizations).astype(np.float32)
