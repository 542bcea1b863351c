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

"""Whether a training has come to something, judged on a sample of the patch."""

from __future__ import annotations

__all__ = ("TrainingGuard",)

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import TrainingDivergedError
from ...exposures.boxes import Box
from ...exposures.psf_kernels import gaussian_kernel
from ...forward.forward_model import ForwardModel
from ...forward.huber_loss import reconstruction_loss
from ...forward.target_psf import convolve_to_target
from .inputs import PatchInputs

PATIENCE = 10
"""Epochs in a row with a high loss after which a training is given up: the
first steps of Adam may raise the loss for a while."""

HIGH_LOSS = 1.2
"""Loss, in units of the starting one, that is high: tiles of other places than
those of the sample may have a somewhat greater one."""

BRIGHT = 3.0
"""Noise levels of one exposure from which on a pixel of the coadd is surely light."""

FAINTEST_SHARE = 0.1
"""Share of the light of such a pixel without which it is lost."""

MOST_LOST = 0.1
"""Share of such pixels that may be lost, to artifacts in the coadd for example."""

SMOOTHING_FWHM = 4.0
"""Pixels over which the latent image is smoothed, that a bright pixel may be a
star that stands beside it; roughly what a PSF does."""


class TrainingGuard:
    """What a network makes of a sample of the patch, before and after training.

    Parameters
    ----------
    encode : `~collections.abc.Callable`
        From encoder inputs to latent images, as they are restored.
    inputs : `PatchInputs`
        The patch.
    tiles : `~collections.abc.Sequence` [`Box`]
        The sample: equal tiles inside the patch.
    forward_model : `ForwardModel`
        The decoder, for tiles of this size.
    delta : `float`
        Residual, in standard deviations, at which the loss turns linear.
    trained_spectra : `~collections.abc.Callable`, optional
        Returns the PSF spectra that the decoder has by then, where these are
        trained; by default they are those of ``inputs``.

    Attributes
    ----------
    start_loss : `float`
        Mean loss of the sample when the guard was made.
    """

    def __init__(
        self,
        encode: Callable[[Any], Any],
        inputs: PatchInputs,
        tiles: Sequence[Box],
        forward_model: ForwardModel,
        delta: float,
        trained_spectra: Callable[[], Any] | None = None,
    ) -> None:
        self._encode, self._inputs, self._tiles = encode, inputs, tiles
        self._forward_model, self._delta = forward_model, delta
        self._trained_spectra = trained_spectra
        self._n_high = 0
        self.start_loss = float(np.mean([self._loss(tile, self._latent(tile)) for tile in tiles]))

    def watch(self, loss: float, epoch: int) -> None:
        """Take note of the loss of one more epoch.

        Parameters
        ----------
        loss : `float`
            Mean over its steps.
        epoch : `int`
            Which one it is.

        Raises
        ------
        TrainingDivergedError
            Raised if the loss has been high for too long.
        """
        self._n_high = self._n_high + 1 if loss > HIGH_LOSS * self.start_loss else 0
        if self._n_high >= PATIENCE:
            raise TrainingDivergedError(
                f"The loss jumped from {self.start_loss:.5f} to {loss:.5f}, and had not come back "
                f"in epoch {epoch}.",
                epoch=epoch,
                start_loss=self.start_loss,
                final_loss=loss,
            )

    def judge(self) -> None:
        """See whether the network is of use after it was trained.

        Raises
        ------
        TrainingDivergedError
            Raised if the loss of the sample is no lower than before, or if
            bright pixels of the coadd have gone out in the latent image.
        """
        latents = [self._latent(tile) for tile in self._tiles]
        loss = float(np.mean([self._loss(*each) for each in zip(self._tiles, latents, strict=True)]))
        lost = self._lost_share(latents)
        facts = {"start_loss": self.start_loss, "final_loss": loss, "lost_share": lost}
        if not loss < self.start_loss:
            raise TrainingDivergedError(
                f"The loss was {self.start_loss:.5f} before training and is {loss:.5f} after it.", **facts
            )
        if lost > MOST_LOST:
            raise TrainingDivergedError(
                f"{100 * lost:.0f} % of the bright pixels have no light in the latent image.", **facts
            )

    def _latent(self, tile: Box) -> Any:
        """Return the latent image of a tile, shape ``(1, height + k - 1, width + k - 1)``."""
        from keras import ops

        exposures = self._inputs.encoder_input(tile.grown_by(self._inputs.psf.radius))
        return self._encode(ops.convert_to_tensor(exposures[None]))

    def _loss(self, tile: Box, latent: Any) -> float:
        from keras import ops

        _, *batch = self._inputs.batch([tile], self._forward_model)
        data, root_weight, spectra = (ops.convert_to_tensor(array) for array in batch)
        if self._trained_spectra is not None:
            spectra = self._trained_spectra()
        loss = reconstruction_loss(self._forward_model, latent, spectra, data, root_weight, self._delta)
        return float(ops.convert_to_numpy(loss))

    def _lost_share(self, latents: Sequence[Any]) -> float:
        """Return the share of bright pixels without light; 0 where none is bright."""
        from keras import ops

        n_bright = n_lost = 0
        for tile, latent in zip(self._tiles, latents, strict=True):
            box = tile.grown_by(self._inputs.psf.radius)
            image = ops.convert_to_numpy(latent)[0]
            smooth = convolve_to_target(image, box, gaussian_kernel(SMOOTHING_FWHM), tile)
            coadd = self._inputs.coadd(tile)
            bright = coadd > BRIGHT
            n_bright += int(bright.sum())
            n_lost += int((bright & (smooth < FAINTEST_SHARE * coadd)).sum())
        return n_lost / max(n_bright, 1)
