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

"""The network of AstroClearNet: one convolutional encoder, one fixed decoder."""

from __future__ import annotations

__all__ = ("PaperNetwork",)

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...exposures.boxes import Box
from ...forward.forward_model import ForwardModel
from ...forward.huber_loss import masked_huber, reconstruction_loss
from ...machine.backend import import_keras
from ...restoration_config import RestorationConfig
from .attempt import Attempt
from .encoder import PaperEncoder
from .inputs import PatchInputs
from .pointwise_fit import PointwiseFit
from .trainable_psfs import TrainablePsfs


class PaperNetwork:
    """Encoder of a stack of exposures, trained on that very stack.

    The encoder has parallel branches, one per kernel size.  A branch is a
    depthwise convolution (each exposure keeps its own kernels), ReLU and batch
    normalisation, as often as its depth says.  The branches are concatenated,
    and one pointwise convolution with ReLU makes the latent image
    (Sukurdeep, Navarro & Budavari 2025, section 3).

    Parameters
    ----------
    config : `RestorationConfig`
        Uses ``paper`` and ``seed``.
    n_exposures : `int`
        Number of exposures in the stack.
    psfs : `TrainablePsfs`, optional
        Kernels of the decoder, if they are trained, too.
    """

    def __init__(
        self, config: RestorationConfig, n_exposures: int, psfs: TrainablePsfs | None = None
    ) -> None:
        self._config = config
        self.psfs = psfs
        self.output_unit = _output_unit(config, n_exposures)
        self.n_exposures = n_exposures
        self._encoder = _make_encoder(config, n_exposures, Attempt())
        self.margin = self._encoder.margin
        self._model = self._encoder.model if psfs is None else _joint_model(self._encoder.model, psfs)

    @property
    def model(self) -> Any:
        """What is trained (`keras.Model`)."""
        return self._model

    @property
    def encoder(self) -> Any:
        """The encoder as Keras computes it (`keras.Model`)."""
        return self._encoder.model

    def encode(self, exposures: Any, training: bool = False) -> Any:
        """Return the latent image of filled exposures.

        Parameters
        ----------
        exposures : tensor
            Exposures in units of the noise, channels last, with ``margin``
            more pixels on every side than the latent image, shape
            ``(b, height + 2 margin, width + 2 margin, n)``.
        training : `bool`
            Whether batch normalisation uses the statistics of this batch.

        Returns
        -------
        latent : tensor
            Non-negative, shape ``(b, height, width)``.
        """
        return self.output_unit * self._encoder.latent(exposures, training=training)

    def loss(self, forward_model: ForwardModel, batch: Sequence[Any]) -> Any:
        """Return the loss of a batch of tiles.

        Parameters
        ----------
        forward_model : `ForwardModel`
            The decoder, for tiles of this size.
        batch : `~collections.abc.Sequence`
            Encoder input, data, inverse standard deviations and PSF spectra,
            as `PatchInputs.batch` makes them.

        Returns
        -------
        loss : tensor
            Scalar.
        """
        exposures, data, root_weight, spectra = batch
        latent = self.encode(exposures, training=self._config.paper.network.statistics == "batch")
        delta = self._config.paper.training.huber_delta
        if self.psfs is not None:
            seen = forward_model.apply(latent, self.psfs.spectra(forward_model))
            return masked_huber(data, seen, root_weight, delta) + self.psfs.penalty()
        return reconstruction_loss(forward_model, latent, spectra, data, root_weight, delta)

    def draw_weights(self, attempt: Attempt) -> None:
        """Begin anew with the weights of another attempt.

        Parameters
        ----------
        attempt : `Attempt`
            Which one.
        """
        fresh = _make_encoder(self._config, self.n_exposures, attempt)
        self.encoder.set_weights(fresh.model.get_weights())
        if self.psfs is not None:
            self.psfs.reset()

    def start(self, inputs: PatchInputs, tiles: Sequence[Box]) -> None:
        """Set what training starts from, given a sample of the patch.

        The statistics of batch normalisation become those of the sample.  The
        pointwise layer is then fitted by least squares to the robust coadd:
        from random weights, an unlucky seed puts the last ReLU below zero
        everywhere, where it has no gradient.

        Parameters
        ----------
        inputs : `PatchInputs`
            The patch.
        tiles : `~collections.abc.Sequence` [`Box`]
            Equal tiles inside the patch.
        """
        from keras import ops

        boxes = [tile.grown_by(inputs.psf.radius) for tile in tiles]
        exposures = np.stack([inputs.encoder_input(box) for box in boxes])
        self._set_statistics(exposures)
        if self._config.paper.network.start == "random":
            return
        fit = PointwiseFit(self._encoder.features.output_shape[-1])
        for index, box in enumerate(boxes):
            values = ops.convert_to_numpy(self._encoder.features(exposures[index : index + 1]))[0]
            fit.add_image(np.moveaxis(values, -1, 0), inputs.coadd(box) / self.output_unit)
        weights, bias = fit.solve()
        self.encoder.layers[-1].set_weights([weights[None, None, :, None], bias[None]])

    def _set_statistics(self, exposures: np.ndarray) -> None:
        """Give batch normalisation the mean and variance of a sample."""
        import keras

        layers = [a for a in self.encoder.layers if isinstance(a, keras.layers.BatchNormalization)]
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.momentum = 0.0
        self.encoder(exposures, training=True)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def _joint_model(encoder: Any, psfs: TrainablePsfs) -> Any:
    """Return a model that has the weights of encoder and decoder."""
    model = import_keras().Model()
    model.encoder, model.decoder = encoder, psfs.layer
    model.built = True
    return model


def _output_unit(config: RestorationConfig, n_exposures: int) -> float:
    """Return the unit of the encoder's output for so many exposures.

    All features of a pixel tell of the same light, so that a step of Adam,
    which moves each weight of the pointwise layer by the learning rate, moves
    the latent image by as much as there are features.
    """
    options = config.paper.network
    return options.output_unit * min(1.0, options.unit_exposures / n_exposures)


def _make_encoder(config: RestorationConfig, n_exposures: int, attempt: Attempt) -> PaperEncoder:
    keras = import_keras()
    seeds = attempt.stream(config.seed, "weights")
    return PaperEncoder(
        config.paper.network.kernel_sizes,
        config.paper.network.depth,
        n_exposures,
        lambda: keras.initializers.GlorotUniform(seed=int(seeds.integers(2**32))),
    )
