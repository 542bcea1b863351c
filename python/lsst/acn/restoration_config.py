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

"""Everything that can be chosen about a restoration."""

from __future__ import annotations

__all__ = (
    "CrossExposureConfig",
    "ImageMMConfig",
    "NuisancesConfig",
    "PaperConfig",
    "PaperNetworkConfig",
    "PaperTrainingConfig",
    "RestorationConfig",
    "TilesConfig",
)

from lsst.pex.config import ChoiceField, Config, ConfigField, Field, ListField

from .field_limits import within
from .fits_config import NuisancesConfig, PsfsConfig


class PaperNetworkConfig(Config):
    """The encoder of AstroClearNet."""

    kernel_sizes = ListField[int](
        doc="Side in pixels of the depthwise kernels of each parallel branch of the encoder.",
        default=[3, 5, 7],
        minLength=1,
        maxLength=16,
        itemCheck=lambda size: 0 < size < 128 and size % 2 == 1,
    )
    depth = Field[int](
        doc="Number of depthwise convolutions, each with its ReLU and batch normalisation, in every branch.",
        default=3,
        check=within(1, 64),
    )
    output_unit = Field[float](
        doc="Unit of the encoder's output, in standard deviations of the noise. The larger it is, the faster "
        "Adam's steps of fixed size change the latent image.",
        default=40.0,
        check=within(1e-3, 1e6),
    )
    unit_exposures = Field[int](
        doc="Greatest number of exposures that output_unit holds for. With more, the unit falls as one over "
        "their number, for a step of Adam moves the weights of all exposures together.",
        default=12,
        check=within(1, 1_000_000),
    )
    statistics = ChoiceField[str](
        doc="What batch normalisation takes its mean and variance from while the network is trained.",
        allowed={
            "patch": "A sample of the whole patch, before training starts. A tile with a bright star is then "
            "normalised like every other, which keeps fluxes right.",
            "batch": "Each batch of tiles; the running mean of all batches when the patch is restored.",
        },
        default="patch",
    )
    start = ChoiceField[str](
        doc="How the last, pointwise layer of the encoder begins.",
        allowed={
            "coadd": "Fitted so that the latent image begins as the coadd.",
            "random": "Glorot-uniform; the ReLU may be dead under an unlucky seed.",
        },
        default="coadd",
    )


class PaperTrainingConfig(Config):
    """How that encoder is trained on a patch."""

    epochs = Field[int](doc="Number of passes over the patch.", default=450, check=within(0, 100_000))
    batch_size = Field[int](doc="Number of tiles in a training step.", default=1, check=within(1, 4096))
    learning_rate = Field[float](
        doc="Learning rate of Adam at the start.",
        default=0.002,
        check=within(1e-9, 1.0),
    )
    learning_rate_decay = Field[float](
        doc="Factor by which the learning rate falls every learning_rate_steps steps.",
        default=0.95,
        check=within(1e-6, 1.0),
    )
    learning_rate_steps = Field[int](
        doc="Number of steps between two falls of the learning rate.",
        default=1000,
        check=within(1, 1_000_000_000),
    )
    cool_down = Field[float](
        doc="Share of the training, at its end, in which the learning rate falls to zero besides, as half a "
        "cosine; with 0, it does not.",
        default=0.0,
        check=within(0.0, 1.0),
    )
    huber_delta = Field[float](
        doc="Residual, in standard deviations, at which the loss turns from quadratic to linear.",
        default=2.0,
        check=within(1e-3, 1e6),
    )
    retries = Field[int](
        doc="Number of times, at most, that a training which came to nothing is tried again, each time from "
        "other random weights and at half the learning rate.",
        default=2,
        check=within(0, 100),
    )
    resident = ChoiceField[str](
        doc="Whether the exposures of the patch are kept in the memory of the device that trains, and tiles "
        "are cut from them there, instead of being handed over with every step. It takes 12 bytes for every "
        "pixel of every exposure, and one device.",
        allowed={
            "auto": "On a GPU that has room for them.",
            "always": "On any device that has room for them.",
            "never": "Every step is handed its tiles.",
        },
        default="auto",
    )
    jit_compile = Field[bool](
        doc="Compile the training step with XLA under TensorFlow. Slower on CPU by a large factor; "
        "JAX always compiles.",
        default=False,
    )


class PaperConfig(Config):
    """The method of AstroClearNet."""

    network = ConfigField[PaperNetworkConfig](doc="The encoder.")
    training = ConfigField[PaperTrainingConfig](doc="How the encoder is trained.")
    tile_size = Field[int](
        doc="Side in pixels of the part of a training tile whose residuals count.",
        default=128,
        check=within(8, 4096),
    )


class CrossExposureConfig(Config):
    """Mixing many restorations by a network, which may be trained on exposures that these have not seen."""

    network = ChoiceField[str](
        doc="Which weights the mixing network begins with, where none are read from a Butler.",
        allowed={
            "shipped": "Those that come with this package, trained on many simulated fields.",
            "fresh": "Random ones, which have to be trained on the patch.",
        },
        default="shipped",
    )
    channels = Field[int](doc="Number of channels of the mixing network.", default=32, check=within(1, 1024))
    dilations = ListField[int](
        doc="Dilation of the convolution of each residual block of the mixing network.",
        default=[1, 2, 4, 2],
        maxLength=64,
        itemCheck=lambda dilation: 1 <= dilation <= 512,
    )
    tile_size = Field[int](
        doc="Side in pixels of the part of a training tile whose residuals count.",
        default=96,
        check=within(8, 4096),
    )
    samples = Field[int](
        doc="Number of training samples: tiles, each restored from its own subset of the exposures.",
        default=32,
        check=within(1, 100_000),
    )
    share = Field[float](
        doc="Share of the exposures that a training sample is restored from.",
        default=0.75,
        check=within(1e-3, 0.999),
    )
    max_held_out = Field[int](
        doc="Greatest number of left-out exposures that a training sample predicts.",
        default=8,
        check=within(1, 1000),
    )
    batch_size = Field[int](doc="Number of samples in a training step.", default=2, check=within(1, 4096))
    steps = Field[int](
        doc="Number of training steps, for a network that is random at the start or, by trainRestoration, is "
        "trained on many patches. A trained one restores as it is: steps on a single patch make it worse "
        "where exposures have faults in common, which no exposure tells of another.",
        default=0,
        check=within(0, 1_000_000),
    )
    learning_rate = Field[float](
        doc="Learning rate of Adam at the start; it falls to zero as a cosine.",
        default=0.003,
        check=within(1e-9, 1.0),
    )
    huber_delta = Field[float](
        doc="Residual, in standard deviations, at which the loss turns from quadratic to linear.",
        default=2.0,
        check=within(1e-3, 1e6),
    )
    refinement_updates = Field[int](
        doc="Number of multiplicative updates (ImageMM) of what the network made, let in where sources are "
        "bright; with 0, none.",
        default=5,
        check=within(0, 1000),
    )
    engine = ChoiceField[str](
        doc="What restores the tiles, with all that belongs to it: holes, family, network and variance. "
        "Networks are trained by the Keras backend in any case.",
        allowed={
            "auto": "The Keras backend if it has a GPU; else NumPy and SciPy, which are faster on a CPU.",
            "backend": "The Keras backend, on its device, which may be a CPU.",
            "numpy": "NumPy and SciPy, on the cores of the CPU.",
        },
        default="auto",
    )
    variance = ChoiceField[str](
        doc="Where the variance plane comes from. Where the network is trained on the patch, or is random, "
        "it is always the jackknife.",
        allowed={
            "predicted": "An error model that comes with this package, fitted to what the shipped network "
            "makes of simulated fields; it takes next to no time.",
            "jackknife": "The scatter of further restorations, each without one of four groups of exposures.",
        },
        default="predicted",
    )


class ImageMMConfig(Config):
    """Multiplicative majorise-minimise updates."""

    iterations = Field[int](
        doc="Number of updates of the latent image.",
        default=75,
        check=within(1, 10_000),
    )
    robust = Field[bool](
        doc="Take weight from pixels whose residual is larger than huber_delta.",
        default=True,
    )
    huber_delta = Field[float](
        doc="Residual, in standard deviations, from which a pixel loses weight.",
        default=2.0,
        check=within(1e-3, 1e6),
    )
    max_factor = Field[float](
        doc="Greatest factor by which an update changes a pixel.",
        default=2.0,
        check=lambda factor: 1 < factor <= 1000,
    )
    accelerate = Field[bool](
        doc="Extrapolate from one update to the next (Biggs & Andrews 1997); this many iterations then do "
        "as much as about four times as many plain ones.",
        default=True,
    )


class TilesConfig(Config):
    """How a patch is cut into the tiles that are restored."""

    restoring_size = Field[int](
        doc="Side in pixels of the part of a tile that is restored at once.",
        default=320,
        check=within(8, 32_768),
    )
    overlap = Field[int](
        doc="Number of pixels over which neighbouring restored tiles are blended.",
        default=16,
        check=within(0, 4096),
    )


class RestorationConfig(Config):
    """How a stack of exposures becomes one restored image."""

    method = ChoiceField[str](
        doc="Which restoration method to use.",
        allowed={
            "paper": "The network of AstroClearNet, trained on the exposures that it restores.",
            "cross_exposure": "A network, trained already, that mixes restorations pixel by pixel.",
            "image_mm": "Multiplicative updates without a network (ImageMM).",
        },
        default="cross_exposure",
    )
    paper = ConfigField[PaperConfig](doc="The paper's network and its training; for the method paper alone.")
    cross_exposure = ConfigField[CrossExposureConfig](doc="The mixing network, and how it is trained.")
    image_mm = ConfigField[ImageMMConfig](doc="How ImageMM iterates.")
    psf_mode = ChoiceField[str](
        doc="Which PSFs the exposures are taken to have, one kernel for each exposure.",
        allowed={
            "fixed": "Those that they come with, moved, widened and stretched by what nuisances has found.",
            "refine": "The same, changed pixel by pixel as stars ask for, or trained by the method paper. "
            "Where they are far from as wide as stars, as with estimate.",
            "estimate": "Those that stars ask for; of those that they come with, only about the width is "
            "used. The method paper begins with Gaussians of that width, and trains them.",
        },
        default="fixed",
    )
    psfs = ConfigField[PsfsConfig](doc="How PSFs are refined or estimated.")
    nuisances = ConfigField[NuisancesConfig](
        doc="What exposures get wrong, and whether it is fitted and taken off."
    )
    tiles = ConfigField[TilesConfig](doc="How the patch is cut into tiles.")
    seed = Field[int](
        doc="Seed of every random draw: weights, order and place of tiles, noise realisations.",
        default=20250101,
        check=within(0, 2**63 - 1),
    )
    devices = Field[int](
        doc="Number of devices (GPUs) that share the tiles; more than one needs the Keras backend jax, and "
        "batches that divide by it.",
        default=1,
        check=within(1, 1024),
    )
    upsampling = Field[int](
        doc="Pixels of the restored image per pixel of the exposures, along each axis: 1, 2 or 3. With more "
        "than 1, exposures are restored whose PSFs are too narrow for their own pixels. They need dithers by "
        "fractions of a pixel, which PSFs have in them; what fits exposures in PSFs, skies and scales stays "
        "in their pixels.",
        default=1,
        check=lambda factor: factor in (1, 2, 3),
    )
    target_psf_fwhm = Field[float](
        doc="Full width at half maximum of the Gaussian PSF of the restored image, in its own pixels: the "
        "same number means a PSF that is half as wide on the sky with an upsampling of 2.",
        default=2.5,
        check=within(0.1, 100.0),
    )
    match_target_psf = Field[bool](
        doc="Measure how the restoration spreads a star, and convolve the latent image with a Gaussian so "
        "much narrower that stars have the target PSF; otherwise with the target PSF itself.",
        default=True,
    )
    keep_residual = Field[bool](
        doc="Keep what the restored image leaves over of the exposures, so that fluxes can be measured "
        "without bias and with errors that are true.",
        default=True,
    )
    n_noise_layers = Field[int](
        doc="Number of times that the exposures which the restored image predicts are restored again, each "
        "time with other noise, which is drawn from the variance planes unless there are warps of noise "
        "(n_noise_warps of restoreCoadd); what changes is written as the noise realisations of the coadds. "
        "Each takes as long as restoring.",
        default=0,
        check=within(0, 1000),
    )
    n_noise_realizations = Field[int](
        doc="Number of noise realisations that are restored along with the data to estimate the variance, by "
        "the methods paper and image_mm.",
        default=16,
        check=within(2, 1000),
    )

    def validate(self) -> None:
        super().validate()
        if self.tiles.overlap >= self.tiles.restoring_size:
            raise ValueError("tiles.overlap must be smaller than tiles.restoring_size.")
        if self.upsampling > 1 and self.method == "cross_exposure" and self.cross_exposure.steps > 0:
            raise ValueError(
                f"upsampling is {self.upsampling}, but networks are trained in the pixels of the exposures: "
                "set cross_exposure.steps to 0."
            )

    def forbid_adaptation(self, is_given: bool) -> None:
        """Refuse to train a network on a patch that has been trained on others.

        Parameters
        ----------
        is_given : `bool`
            Whether the network is handed over, and not the one that the
            config asks for.

        Raises
        ------
        ValueError
            Raised if that is what the config asks for.
        """
        options = self.cross_exposure
        is_trained = is_given or options.network == "shipped"
        if self.method == "cross_exposure" and is_trained and options.steps > 0:
            raise ValueError(
                f"cross_exposure.steps is {options.steps}, but a network that is trained already is not "
                "trained further on a patch: set it to 0, or cross_exposure.network to 'fresh'."
            )
