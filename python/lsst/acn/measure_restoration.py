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

"""The task that tells how good a restored coadd is."""

from __future__ import annotations

__all__ = ("MeasureRestorationConfig", "MeasureRestorationConnections", "MeasureRestorationTask")

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from astropy.table import Table

from lsst.pex.config import ChoiceField, Field, ListField, RangeField
from lsst.pipe.base import InputQuantizedConnection, QuantumContext, Struct
from lsst.pipe.base import connectionTypes as cT

from .errors import RestorationError
from .exposures.source import ExposureSource
from .measure.held_out_test import HeldOutTest, run_held_out_test
from .measure.measurement import PatchMeasurement, measure_patch
from .measure.metric_bundle import as_bundle, metric_documents
from .measure.patch_reading import read_restored_patch
from .measure.tables import make_metrics_table, make_visit_table
from .metrics import choose_held_out
from .records.task_record import provenance_record, recorded_restoration_config, recorded_upsampling
from .warps.config import DIMENSIONS, WarpInputsConfig, WarpInputsConnections
from .warps.reader import WarpInputs
from .warps.task import WarpInputsTask


class MeasureRestorationConnections(WarpInputsConnections, dimensions=DIMENSIONS):
    """Inputs and outputs of `MeasureRestorationTask`.

    Parameters
    ----------
    config : `MeasureRestorationConfig`, optional
        Decides in which form coadds are read, whether a network is, and
        in which form numbers are written.
    """

    restored_coadd = cT.Input(
        doc="Restored image at the target PSF.",
        name="restored_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    restored_coadd_latent = cT.Input(
        doc="Latent image, with its padding around the patch.",
        name="restored_coadd_latent",
        storageClass="ImageV2",
        dimensions=DIMENSIONS,
    )
    restored_coadd_training = cT.Input(
        doc="Loss by epoch, which the plot shows.",
        name="restored_coadd_training",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )
    reference_coadd = cT.Input(
        doc="Coadd to compare with, on the pixels of the same patch.",
        name="reference_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    restoration_network = cT.Input(
        doc="Trained network that the restoration began with.",
        name="restoration_network",
        storageClass="StructuredDataDict",
        dimensions=("skymap", "band"),
    )
    restored_coadd_psfs = cT.Input(
        doc="PSFs that the warps were taken to have.",
        name="restored_coadd_psfs",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )
    restored_coadd_metrics = cT.Output(
        doc="Numbers that need no truth, in one row. The table's metadata hold the provenance; the Butler "
        "gives them out with parameters={'strip_astropy_meta_yaml': False}.",
        name="restored_coadd_metrics",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )
    restored_coadd_visit_metrics = cT.Output(
        doc="How well the latent image explains each warp, a row per visit.",
        name="restored_coadd_visit_metrics",
        storageClass="ArrowAstropy",
        dimensions=DIMENSIONS,
    )
    restored_coadd_metric_bundle = cT.Output(
        doc="The main of these numbers, as Rubin's dashboards take them.",
        name="restored_coadd_metric_bundle",
        storageClass="StructuredDataDict",
        dimensions=DIMENSIONS,
    )
    restored_coadd_plot = cT.Output(
        doc="Coadd, restored image and residual, with close-ups and curves.",
        name="restored_coadd_plot",
        storageClass="Plot",
        dimensions=DIMENSIONS,
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        if config is None:
            return
        self.reference_coadd = dataclasses.replace(
            self.reference_coadd, storageClass=config.reference_coadd_storage_class
        )
        if not config.use_restoration_network:
            del self.restoration_network
        if not config.use_restored_psfs:
            del self.restored_coadd_psfs
        if config.metric_bundle == "none":
            del self.restored_coadd_metric_bundle
        else:
            self.restored_coadd_metric_bundle = dataclasses.replace(
                self.restored_coadd_metric_bundle, storageClass=config.metric_bundle
            )


class MeasureRestorationConfig(WarpInputsConfig, pipelineConnections=MeasureRestorationConnections):
    """Config of `MeasureRestorationTask`."""

    reference_coadd_storage_class = Field[str](
        doc="Storage class in which the reference coadd is read: CellCoadd or ExposureF.",
        default="CellCoadd",
    )
    source_threshold = RangeField(
        dtype=float,
        doc="Significance, in the coadd smoothed with its own PSF, from which a pixel is a source pixel.",
        default=5.0,
        min=0.0,
        inclusiveMin=False,
    )
    aperture_radius = RangeField(
        dtype=float,
        doc="Radius of the apertures for flux ratios, in units of the FWHM of the PSF of the coadd.",
        default=1.0,
        min=0.0,
        inclusiveMin=False,
    )
    magnitude_zero_point = Field[float](
        doc="Magnitude of a flux of 1 in the unit of the warps; the default is the AB magnitude of 1 nJy. "
        "With it, sources of warps in other units are plotted by flux.",
        default=31.4,
    )
    magnitude_edges = ListField[float](
        doc="Edges of the magnitude bins of the flux ratios, ascending.",
        default=[float(edge) for edge in range(16, 31)],
        minLength=2,
    )
    outlier_threshold = RangeField(
        dtype=float,
        doc="Deviation of the logarithm of a visit's reduced chi-square from the median of all visits, in "
        "robust standard deviations, from which the visit is flagged.",
        default=5.0,
        min=0.0,
        inclusiveMin=False,
    )
    held_out = Field[bool](
        doc="Restore again without some of the warps, by the config that the restored coadd says it was made "
        "with, and test the result on them.",
        default=True,
    )
    held_out_share = RangeField(
        dtype=float,
        doc="Share of the warps that are held out, at least one.",
        default=0.25,
        min=0.0,
        max=1.0,
    )
    held_out_visits = ListField[int](
        doc="Visits to hold out, where a patch has them, instead of a random share.",
        default=[],
    )
    held_out_size = Field[int](
        doc="Side in pixels of the part of the patch, that with most source pixels, that is restored again. "
        "It bounds what the test costs on a large patch.",
        default=512,
        check=lambda size: 8 <= size <= 32_768,
    )
    metric_bundle = ChoiceField[str](
        doc="Storage class in which the main numbers are also written as restored_coadd_metric_bundle.",
        default="none",
        allowed={
            "none": "They are not.",
            "StructuredDataDict": "The document of a MetricMeasurementBundle, for which PyPI's packages do.",
            "MetricMeasurementBundle": "That of analysis_tools, which the Rubin stack has.",
        },
    )
    use_restoration_network = Field[bool](
        doc="Begin with the restoration_network of the skymap and band when restoring again; has to be as in "
        "the task that restored the patch.",
        default=False,
    )
    use_restored_psfs = Field[bool](
        doc="Predict warps with the restored_coadd_psfs, which are there unless psf_mode was fixed.",
        default=False,
    )

    def validate(self) -> None:
        super().validate()
        if (np.diff(self.magnitude_edges) <= 0).any():
            raise ValueError(f"magnitude_edges must ascend; they are {list(self.magnitude_edges)}.")


class MeasureRestorationTask(WarpInputsTask):
    """Measure a restored coadd on the warps that it was made from.

    Notes
    -----
    The test on held-out warps costs about as much as restoring a part of the
    patch of ``held_out_size``.  Where it cannot be made, the reason is logged,
    its numbers are NaN, and the others are there all the same.
    """

    ConfigClass: ClassVar[type[MeasureRestorationConfig]] = MeasureRestorationConfig

    _DefaultName: ClassVar[str] = "measureRestoration"

    config: MeasureRestorationConfig

    def needs_finer_psfs(self, more: Mapping[str, Any]) -> bool:
        return recorded_upsampling(more["restored_coadd"].metadata) > 1

    def read_more(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> dict[str, Any]:
        names = ["restored_coadd", "restored_coadd_latent", "restored_coadd_training", "reference_coadd"]
        names += ["restoration_network"] * self.config.use_restoration_network
        names += ["restored_coadd_psfs"] * self.config.use_restored_psfs
        return {name: butlerQC.get(getattr(inputRefs, name)) for name in names}

    def run(
        self,
        *,
        inputs: WarpInputs,
        restored_coadd: Any,
        restored_coadd_latent: Any,
        restored_coadd_training: Table,
        reference_coadd: Any,
        restoration_network: Mapping[str, Any] | None = None,
        restored_coadd_psfs: Table | None = None,
    ) -> Struct:
        """Measure a restored coadd.

        Parameters
        ----------
        inputs : `WarpInputs`
            The warps.
        restored_coadd : `lsst.images.cells.CellCoadd`
            Restored image at the target PSF.
        restored_coadd_latent : `lsst.images.Image`
            Latent image.
        restored_coadd_training : `astropy.table.Table`
            Loss by epoch.
        reference_coadd : `lsst.images.cells.CellCoadd`
            Coadd to compare with.
        restoration_network : `~collections.abc.Mapping`, optional
            Trained network that the restoration began with.
        restored_coadd_psfs : `astropy.table.Table`, optional
            PSFs that the warps were taken to have, if not their own.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attributes:

            - ``restored_coadd_metrics``: one row of numbers
              (`astropy.table.Table`).
            - ``restored_coadd_visit_metrics``: a row per visit
              (`astropy.table.Table`).
            - ``restored_coadd_metric_bundle``: the main numbers as ``metric_bundle``
              says, unless that is ``none``.
            - ``restored_coadd_plot``: `matplotlib.figure.Figure`.

        Raises
        ------
        InvalidExposureError
            Raised if the inputs do not belong together; says which.
        """
        from .measure.plots.restoration_plot import draw_restoration

        names = self.config.connections
        patch = read_restored_patch(
            inputs.exposures,
            restored=(names.restored_coadd, restored_coadd),
            latent=(names.restored_coadd_latent, restored_coadd_latent),
            reference=(names.reference_coadd, reference_coadd),
            psfs=restored_coadd_psfs,
            psf_cell_size=self.config.psf_cell_size,
            upsampling=recorded_upsampling(restored_coadd.metadata),
        )
        self._check_visits(patch.exposures, restored_coadd)
        self.log.info("Measuring the restoration of %s on %d exposures.", patch.box, len(patch.exposures))
        measurement = measure_patch(
            patch,
            source_threshold=self.config.source_threshold,
            aperture_radius=self.config.aperture_radius,
            magnitude_edges=np.array(self.config.magnitude_edges),
            zero_point=self.config.magnitude_zero_point,
            outlier_threshold=self.config.outlier_threshold,
            n_cores=inputs.n_cores,
        )
        if self.config.held_out:
            test = self._hold_out(inputs, measurement, restored_coadd.metadata, restoration_network)
            measurement = dataclasses.replace(measurement, held_out=test)
        record = provenance_record(self.config, patch.exposures.visits)
        metrics = make_metrics_table(measurement, record)
        self._report(measurement, metrics, recorded_upsampling(restored_coadd.metadata))
        outputs = Struct(
            restored_coadd_metrics=metrics,
            restored_coadd_visit_metrics=make_visit_table(measurement, record),
            restored_coadd_plot=draw_restoration(measurement, metrics, restored_coadd_training),
        )
        if self.config.metric_bundle != "none":
            documents = metric_documents(metrics)
            is_native = self.config.metric_bundle == "MetricMeasurementBundle"
            outputs.restored_coadd_metric_bundle = as_bundle(documents) if is_native else documents
        return outputs

    def _report(self, measurement: PatchMeasurement, metrics: Table, upsampling: int) -> None:
        names = ("sharpness_change", "sky_sigma_change", "flux_ratio", "held_out_excess", "outlier_visits")
        self.record_summary(measurement.patch.exposures, {name: metrics[name][0].item() for name in names})
        if outliers := measurement.fits.outlier_visits:
            self.log.warning("Visits %s are explained unlike the others.", outliers)
        for quality in measurement.qualities:
            for warning in dataclasses.replace(quality, fwhm=quality.fwhm / upsampling).warnings(upsampling):
                self.log.warning("Visit %d: %s.", quality.visit, warning)

    def _check_visits(self, exposures: ExposureSource, restored_coadd: Any) -> None:
        used = json.loads(restored_coadd.metadata.get("visits", "null"))
        if used is not None and set(used) != set(exposures.visits):
            self.log.warning(
                "%s was made from visits %s, but is measured on visits %s.",
                self.config.connections.restored_coadd,
                used,
                list(exposures.visits),
            )

    def _hold_out(
        self, inputs: WarpInputs, measurement: PatchMeasurement, metadata: Any, network: Any
    ) -> HeldOutTest | None:
        """Return the test on held-out exposures, or nothing where there can be none."""
        try:
            config = recorded_restoration_config(metadata)
            if not (visits := self._choose_held_out(inputs.exposures.visits, config)):
                return None
            self.log.info("Restoring again without visits %s.", visits)
            return run_held_out_test(
                inputs.exposures,
                visits,
                config,
                threshold=self.config.source_threshold,
                size=self.config.held_out_size,
                sources=measurement.pixels.source,
                network=network,
                psfs=measurement.patch.psfs,
                log=self.log.logger,
                n_cores=inputs.n_cores,
            )
        except RestorationError as error:
            self.log.warning("There is no test on held-out exposures: %s", error)
            return None

    def _choose_held_out(self, visits: Sequence[int], config: Any) -> list[int]:
        """Return the visits to hold out; says why if there are none."""
        if named := list(self.config.held_out_visits):
            # Not every patch of a survey has them all.
            chosen = [visit for visit in visits if visit in named]
            reason = f"none of the visits {named} is among {list(visits)}"
        else:
            chosen = choose_held_out(visits, self.config.held_out_share, config.seed)
            reason = f"{len(visits)} exposures are too few to hold one out"
        if not chosen:
            self.log.warning("There is no test on held-out exposures: %s.", reason)
        return chosen
