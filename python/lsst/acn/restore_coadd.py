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

"""The task that restores one image from the warps of a patch."""

from __future__ import annotations

__all__ = ("RestoreCoaddConfig", "RestoreCoaddConnections", "RestoreCoaddTask")

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from astropy.table import Table

from lsst.pex.config import ConfigField, Field, ListField
from lsst.pipe.base import InputQuantizedConnection, QuantumContext, Struct
from lsst.pipe.base import connectionTypes as cT

from .exposures.finer_exposures import on_finer_grid
from .exposures.psf_kernels import PsfKernels
from .field_limits import within
from .image_io import (
    NoiseWarps,
    default_noise_storage_class,
    make_cell_coadd,
    make_latent_image,
    make_residual_coadd,
    make_variance_image,
    point_flux_scale,
    psf_corrections,
)
from .nuisances.corrections import CORRECTIONS_KEY
from .psfs.table import make_psf_table
from .records.patch_records import PatchRecords
from .records.task_record import provenance_record
from .restoration_config import RestorationConfig
from .restoration_result import RestorationResult
from .warps.config import DIMENSIONS, WarpInputsConfig, WarpInputsConnections
from .warps.reader import WarpInputs
from .warps.task import WarpInputsTask

HISTORY_DESCRIPTIONS = {
    "epoch": "Number of passes over the patch.",
    "loss": "Mean loss of a valid pixel in this epoch.",
    "learning_rate": "Learning rate at the end of this epoch.",
    "seconds": "Time since training began.",
    "seed": "Seed of every random draw.",
}


def _noise_connection(layer: int) -> str:
    """Return the name that `lsst.drp.tasks.assemble_cell_coadd` has for it, too."""
    return f"noise{layer}_warps"


def _noise_warps(layer: int, storage_class: str) -> cT.Input:
    return cT.Input(
        doc="Noise of each exposure, resampled as the exposure was; where there is none, it is drawn.",
        name=f"direct_warp_noise{layer}",
        storageClass=storage_class,
        dimensions=("instrument", "visit", "skymap", "tract", "patch"),
        multiple=True,
        deferLoad=True,
        minimum=0,
    )


class RestoreCoaddConnections(WarpInputsConnections, dimensions=DIMENSIONS):
    """Inputs and outputs of `RestoreCoaddTask`.

    Parameters
    ----------
    config : `RestoreCoaddConfig`, optional
        Decides whether a trained network is an input, whether residual and
        PSFs are outputs, and how many realisations of noise are read.
    """

    restored_coadd = cT.Output(
        doc="Restored image at the target PSF, with mask, provenance, and a variance with which detection is "
        "safe.",
        name="restored_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    restored_coadd_pixel_variance = cT.Output(
        doc="Variance of each pixel of the restored image by itself: what its error is, not for detection.",
        name="restored_coadd_pixel_variance",
        storageClass="ImageV2",
        dimensions=DIMENSIONS,
    )
    restored_coadd_latent = cT.Output(
        doc="Latent image, not convolved with any PSF, with its padding around the patch.",
        name="restored_coadd_latent",
        storageClass="ImageV2",
        dimensions=DIMENSIONS,
    )
    restored_coadd_residual = cT.Output(
        doc="What the restored image leaves over of the warps: their likelihood-weighted mean residual, with "
        "a PSF and a variance of its own.",
        name="restored_coadd_residual",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    restored_coadd_psfs = cT.Output(
        doc="PSFs that the warps were taken to have, where these were fitted: a row per visit, with kernels "
        "and their errors.",
        name="restored_coadd_psfs",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )
    restored_coadd_training = cT.Output(
        doc="Loss, learning rate and time by epoch, and the seed. The table's metadata hold the provenance; "
        "the Butler gives them out with parameters={'strip_astropy_meta_yaml': False}.",
        name="restored_coadd_training",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )

    restoration_network = cT.Input(
        doc="Trained network to begin with.",
        name="restoration_network",
        storageClass="StructuredDataDict",
        dimensions=("skymap", "band"),
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        if config is None:
            return
        if not config.use_restoration_network:
            del self.restoration_network
        if not config.restoration.keep_residual:
            del self.restored_coadd_residual
        if config.restoration.psf_mode == "fixed":
            del self.restored_coadd_psfs
        for layer in range(config.n_noise_warps):
            setattr(self, _noise_connection(layer), _noise_warps(layer, config.noise_warp_storage_class))


class RestoreCoaddConfig(WarpInputsConfig, pipelineConnections=RestoreCoaddConnections):
    """Config of `RestoreCoaddTask`."""

    restoration = ConfigField[RestorationConfig](doc="How the image is restored.")
    use_restoration_network = Field[bool](
        doc="Restore with the restoration_network of the skymap and band, as trainRestoration makes it.",
        default=False,
    )
    mask_fraction_planes = ListField[str](
        doc="Mask planes of the warps of which restored_coadd keeps, in each pixel, the share of the weight "
        "of the warps that carry them; REJECTED is all that is left out, for whatever reason.",
        default=["REJECTED", "SATURATED", "CLIPPED"],
    )

    n_noise_warps = Field[int](
        doc="Number of direct_warp_noise datasets (direct_warp_noise0 and so on) that the pipeline makes of "
        "each visit. They are the noise of the first of restoration.n_noise_layers, with the correlations "
        "that warping makes; the noise of the others is drawn from the variance planes.",
        default=0,
        check=within(0, 1000),
    )
    noise_warp_storage_class = Field[str](
        doc="Storage class in which warps of noise are read. The default is MaskedImageF where lsst.afw is "
        "installed, else MaskedImageV2.",
        default=default_noise_storage_class(),
    )

    def validate(self) -> None:
        super().validate()
        if self.use_restoration_network and self.restoration.method != "cross_exposure":
            raise ValueError("Only the method cross_exposure can begin with a restoration_network.")
        if "NO_DATA" in self.mask_fraction_planes:
            raise ValueError("Mask fractions are shares of the warps that have data; NO_DATA is not one.")
        if self.n_noise_warps > self.restoration.n_noise_layers:
            raise ValueError(
                f"n_noise_warps is {self.n_noise_warps}, but only {self.restoration.n_noise_layers} "
                "restoration.n_noise_layers are made of noise."
            )
        self.restoration.forbid_adaptation(self.use_restoration_network)


class RestoreCoaddTask(WarpInputsTask):
    """Restore one image from the warps of a patch.

    Notes
    -----
    The restored image has the target PSF in all of its pixels, whichever
    warps are masked there, so that ``INEXACT_PSF`` is never set.  Pixels with
    ``NO_DATA`` hold what the restoration infers from their surroundings.
    """

    ConfigClass: ClassVar[type[RestoreCoaddConfig]] = RestoreCoaddConfig

    _DefaultName: ClassVar[str] = "restoreCoadd"

    config: RestoreCoaddConfig

    def needs_finer_psfs(self, more: Mapping[str, Any]) -> bool:
        return self.config.restoration.upsampling > 1

    def read_more(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> dict[str, Any]:
        more: dict[str, Any] = {"noise_warps": self._read_noise_warps(butlerQC, inputRefs)}
        if self.config.use_restoration_network:
            more["restoration_network"] = butlerQC.get(inputRefs.restoration_network)
        return more

    def _read_noise_warps(
        self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection
    ) -> list[dict[int, Any]]:
        """Return the handles of the noise of each layer, by visit."""
        layers = []
        for layer in range(self.config.n_noise_warps):
            handles = butlerQC.get(getattr(inputRefs, _noise_connection(layer)))
            layers.append({int(handle.dataId["visit"]): handle for handle in handles})
        return layers

    def run(
        self,
        *,
        inputs: WarpInputs,
        restoration_network: Mapping[str, Any] | None = None,
        noise_warps: Sequence[Mapping[int, Any]] = (),
    ) -> Struct:
        """Restore the image.

        Parameters
        ----------
        inputs : `WarpInputs`
            The warps.
        restoration_network : `~collections.abc.Mapping`, optional
            Trained network to begin with, in plain values.
        noise_warps : `~collections.abc.Sequence` [`~collections.abc.Mapping`], optional
            For each of the first noise layers, the warps of noise by visit.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attributes:

            - ``restored_coadd``: image at the target PSF, with aperture
              corrections and mask fractions (`lsst.images.cells.CellCoadd`).
            - ``restored_coadd_pixel_variance``: variance of each of its
              pixels by itself (`lsst.images.Image`).
            - ``restored_coadd_latent``: latent image with its padding
              (`lsst.images.Image`).
            - ``restored_coadd_residual``: what the image leaves over
              (`lsst.images.cells.CellCoadd`), unless
              ``restoration.keep_residual`` is off.
            - ``restored_coadd_psfs``: a row per visit
              (`astropy.table.Table`), unless ``restoration.psf_mode`` is
              ``fixed``.
            - ``restored_coadd_training``: a row per epoch
              (`astropy.table.Table`).

        Raises
        ------
        InvalidExposureError
            Raised if there are fewer warps than a restoration needs.
        InvalidNetworkError
            Raised if the network is damaged or of another kind.
        TrainingDivergedError
            Raised if training ends without a meaningful image.
        UnknownPsfError
            Raised if PSFs are to be estimated, and there are too few stars.
        """
        # Building a quantum graph imports this module, but must not import
        # Keras, and need not import SciPy.
        from .fluxes.aperture_corrections import star_corrections
        from .restoration import restore

        exposures = on_finer_grid(inputs.exposures, self.config.restoration.upsampling)
        planes = list(self.config.mask_fraction_planes)
        records = PatchRecords(exposures, inputs.identities, self.propagate_mask, planes)
        result = restore(
            inputs.exposures,
            self.config.restoration,
            network=restoration_network,
            log=self.log.logger,
            on_strip=records.add,
            n_cores=inputs.n_cores,
            noise=[NoiseWarps(warps) for warps in noise_warps],
        )
        self._tell_missing_noise(exposures.visits, noise_warps)
        self.record_summary(exposures, result.summary)
        record = provenance_record(self.config, exposures.visits, result.summary)
        record[CORRECTIONS_KEY] = result.corrections.pack()
        common: dict[str, Any] = {
            "mask": records.mask.array,
            "mask_planes": records.mask.planes,
            "exposures": exposures,
            "provenance": (provenance := records.provenance()),
            "metadata": record,
        }
        scale = point_flux_scale(inputs.handles, provenance, exposures.geometry, exposures.box)
        outputs = Struct(
            restored_coadd=make_cell_coadd(
                image=result.image,
                variance=result.detection_variance,
                psf=PsfKernels.constant(result.target_psf[None], exposures.box),
                noise_realizations=[layer.image for layer in result.noise_layers],
                mask_fractions=records.mask_fractions,
                aperture_corrections=lambda psf: psf_corrections(psf, star_corrections, scale),
                **common,
            ),
            restored_coadd_pixel_variance=make_variance_image(
                result.variance, exposures=exposures, metadata=record
            ),
            restored_coadd_latent=make_latent_image(
                result.latent, result.latent_box, exposures=exposures, metadata=record
            ),
            restored_coadd_training=make_training_table(result, record),
        )
        if self.config.restoration.psf_mode != "fixed":
            outputs.restored_coadd_psfs = make_psf_table(result.psfs, record)
        if result.residual is not None:
            outputs.restored_coadd_residual = make_residual_coadd(
                result.residual,
                noise_realizations=[
                    layer.residual for layer in result.noise_layers if layer.residual is not None
                ],
                **common,
            )
        return outputs

    def _tell_missing_noise(self, visits: Sequence[int], noise_warps: Sequence[Mapping[int, Any]]) -> None:
        for layer, warps in enumerate(noise_warps):
            if missing := [visit for visit in visits if visit not in warps]:
                self.log.warning("Noise %d of visits %s was not warped, and is drawn.", layer, missing)


def make_training_table(result: RestorationResult, record: Mapping[str, int | float | str]) -> Table:
    """Return the story of a training as a table.

    Parameters
    ----------
    result : `RestorationResult`
        What the restoration returned.
    record : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`]
        Provenance, for the metadata of the table.

    Returns
    -------
    table : `astropy.table.Table`
        A row per epoch, with the columns of the result's history and the
        seed.
    """
    # The Butler strips metadata from tables unless told otherwise, so the
    # seed is a column too.
    seed = np.full(len(result.history["epoch"]), result.summary["seed"], np.int64)
    columns = {**result.history, "seed": seed}
    table = Table(columns, descriptions=HISTORY_DESCRIPTIONS, meta=dict(record))
    table["seconds"].unit = "s"
    return table
