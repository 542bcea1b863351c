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

"""What the tasks that read the warps of a patch have in common."""

from __future__ import annotations

__all__ = ("WarpInputs", "WarpInputsConfig", "WarpInputsConnections", "WarpInputsTask")

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from lsst.pex.config import ConfigField, DictField, Field, ListField, RangeField
from lsst.pipe.base import (
    AlgorithmError,
    AnnotatedPartialOutputsError,
    InputQuantizedConnection,
    OutputQuantizedConnection,
    PipelineTask,
    PipelineTaskConfig,
    PipelineTaskConnections,
    QuantumContext,
    Struct,
)
from lsst.pipe.base import connectionTypes as cT

from ..errors import InvalidExposureError
from ..exposures.mask_planes import DEFAULT_BAD_MASK_PLANES
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..image_io import CoaddInput, default_mask_storage_class, default_warp_storage_class
from ..psf_quality import PsfQualityConfig
from ..records.mask_propagation import PropagatedMask, propagate_mask
from .fork_server import share_imports
from .reader import WarpReader

DIMENSIONS = ("skymap", "tract", "patch", "band")

share_imports()


@dataclasses.dataclass(frozen=True, eq=False)
class WarpInputs:
    """The warps of one patch and band, and what they are.

    Parameters
    ----------
    exposures : `ExposureSource`
        Pixels and PSFs of the warps that have valid pixels, in memory or to
        be read piece by piece.
    identities : `tuple` [`CoaddInput`]
        Instrument, visit, filter and night of all warps.
    n_cores : `int`, optional
        Cores that the quantum may use.
    """

    exposures: ExposureSource
    identities: tuple[CoaddInput, ...]
    n_cores: int = 1


class WarpInputsConnections(PipelineTaskConnections, dimensions=DIMENSIONS):
    """Inputs of a task that reads the warps of one patch and band.

    Parameters
    ----------
    config : `WarpInputsConfig`, optional
        Decides in which form the warps are read.
    """

    warps = cT.Input(
        doc="Exposures, one per visit, resampled to the pixel grid of the patch.",
        name="direct_warp",
        storageClass=default_warp_storage_class(),
        dimensions=("instrument", "visit", "skymap", "tract", "patch"),
        multiple=True,
        deferLoad=True,
        minimum=1,
    )
    sky_map = cT.PrerequisiteInput(
        doc="Geometry of tracts and patches, which an ExposureF does not carry. Without it, the warps' own "
        "bounding box stands in for that of the patch.",
        name="skyMap",
        storageClass="SkyMap",
        dimensions=("skymap",),
        minimum=0,
    )

    artifact_masks = cT.Input(
        doc="Masks of the warps in which what only some visits show is marked CLIPPED. Warps without one are "
        "used as they are, unless require_artifact_masks is set.",
        name="compare_warp_artifact_mask",
        storageClass=default_mask_storage_class(),
        dimensions=("instrument", "visit", "skymap", "tract", "patch"),
        multiple=True,
        deferLoad=True,
        minimum=0,
    )
    visit_selection = cT.Input(
        doc="Visits to use, a mapping with them as keys. Where there is none, all visits are used.",
        name="deep_coadd_visit_selection",
        storageClass="StructuredDataDict",
        dimensions=("instrument", "skymap", "tract", "patch", "band"),
        multiple=True,
        deferLoad=True,
        minimum=0,
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        if config is None:
            return
        self.warps = dataclasses.replace(self.warps, storageClass=config.warp_storage_class)
        self.artifact_masks = dataclasses.replace(
            self.artifact_masks, storageClass=config.artifact_mask_storage_class
        )
        if not config.use_artifact_masks:
            del self.artifact_masks
        if not config.use_visit_selection:
            del self.visit_selection
        if not config.warp_storage_class.startswith("Exposure"):
            del self.sky_map


class WarpInputsConfig(PipelineTaskConfig, pipelineConnections=WarpInputsConnections):
    """Which pixels of the warps are used, and what their masks lead to."""

    warp_storage_class = Field[str](
        doc="Storage class in which warps are read: CellCoadd, or ExposureF, which is the default where "
        "lsst.afw is installed.",
        default=default_warp_storage_class(),
    )
    use_visit_selection = Field[bool](
        doc="Use no other visits than the selection of a patch lists, where there is one.",
        default=True,
    )
    use_artifact_masks = Field[bool](
        doc="Set the planes of the artifact masks in the warps, where there are any.",
        default=True,
    )
    require_artifact_masks = Field[bool](
        doc="Leave out warps without an artifact mask, as the coaddition of the LSST Science Pipelines does.",
        default=False,
    )
    artifact_mask_storage_class = Field[str](
        doc="Storage class of artifact masks. The default is Mask where lsst.afw is installed, else MaskV2.",
        default=default_mask_storage_class(),
    )
    psf_quality = ConfigField[PsfQualityConfig](
        doc="What the PSF of a warp has to be like, or else the warp is left out. By default there is no "
        "limit; cuts by detector and visit are made before, when warps are made and visits selected.",
    )
    bad_mask_planes = ListField[str](
        doc="Mask planes that make a pixel of a warp invalid, by the names of lsst.afw or those of "
        "lsst.images. Planes that a warp lacks mark nothing.",
        default=list(DEFAULT_BAD_MASK_PLANES),
    )
    mask_propagation_thresholds = DictField[str, float](
        doc="For planes in bad_mask_planes: share of the weight of all warps that reach a pixel at which the "
        "plane is set in the output.",
        default={"SAT": 0.1},
    )
    default_mask_propagation_threshold = RangeField(
        dtype=float,
        doc="The same for planes that mask_propagation_thresholds does not name.",
        default=0.5,
        min=0.0,
        max=1.0,
    )
    psf_cell_size = Field[int](
        doc="Side in pixels of the cells in which the PSF of a warp is taken as constant. Cells that the "
        "warps bring along are kept unless they are much smaller.",
        default=100,
        check=lambda size: size > 0,
    )
    max_stack_memory = RangeField(
        dtype=float,
        doc="Memory, in GiB, that the pixels of the warps may take. Where all warps of a patch would take "
        "more, they are read a few rows of cells at a time.",
        default=3.0,
        min=0.0,
        inclusiveMin=False,
    )
    min_exposures = Field[int](
        doc="Number of selected warps with valid pixels below which it is an error to go on.",
        default=1,
        check=lambda number: number >= 1,
    )

    def validate(self) -> None:
        super().validate()
        if self.require_artifact_masks and not self.use_artifact_masks:
            raise ValueError("Artifact masks can only be required where they are used.")


class WarpInputsTask(PipelineTask):
    """Base class of tasks that make images from the warps of a patch.

    Notes
    -----
    A subclass implements ``run(*, inputs)`` and returns a struct with one
    attribute for each of its output connections.

    Warps that cannot be used, or too few of them, raise
    `InvalidExposureError`, an `lsst.pipe.base.AlgorithmError`; the failure is
    recorded in the task's metadata.  Where no warp has a valid pixel, there is
    nothing to do and `lsst.pipe.base.NoWorkFound` is raised.
    """

    ConfigClass: ClassVar[type[WarpInputsConfig]] = WarpInputsConfig

    config: WarpInputsConfig

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        try:
            outputs = self.run(inputs=self.read(butlerQC, inputRefs), **self.read_more(butlerQC, inputRefs))
        except AlgorithmError as error:
            raise AnnotatedPartialOutputsError.annotate(error, self, log=self.log) from error
        butlerQC.put(outputs, outputRefs)

    def read_more(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> dict[str, Any]:
        """Read what a subclass needs besides the warps.

        Parameters
        ----------
        butlerQC : `lsst.pipe.base.QuantumContext`
            Where it is read from.
        inputRefs : `lsst.pipe.base.InputQuantizedConnection`
            References of all inputs.

        Returns
        -------
        more : `dict` [`str`, `typing.Any`]
            Further keyword arguments of `run`.
        """
        return {}

    def run(self, *, inputs: WarpInputs, **more: Any) -> Struct:
        """Make the outputs from the warps.

        Parameters
        ----------
        inputs : `WarpInputs`
            The warps.
        **more
            What `read_more` returns.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            One attribute for each output connection.
        """
        raise NotImplementedError("A task that reads warps has to say what it does with them.")

    def read(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> WarpInputs:
        """Read the warps of a quantum.

        Parameters
        ----------
        butlerQC : `lsst.pipe.base.QuantumContext`
            Where the warps are read from.
        inputRefs : `lsst.pipe.base.InputQuantizedConnection`
            References of the warps.

        Returns
        -------
        inputs : `WarpInputs`
            The warps, by ascending visit.

        Raises
        ------
        InvalidExposureError
            Raised if a warp cannot be used, or if there are too few.
        lsst.pipe.base.NoWorkFound
            Raised if no warp is selected, or none has a valid pixel.
        """
        data_id: Any = butlerQC.quantum.dataId
        reader = WarpReader(butlerQC, inputRefs, self.config, self.log)
        exposures = reader.open(reader.warps, str(data_id["band"]))
        self._check_number(exposures, data_id, len(inputRefs.warps))
        identities = tuple(CoaddInput.from_data_id(handle.dataId) for handle in reader.warps)
        return WarpInputs(exposures=exposures, identities=identities, n_cores=reader.n_cores)

    def _check_number(self, exposures: ExposureSource, data_id: Any, n_warps: int) -> None:
        if len(exposures) < self.config.min_exposures:
            raise InvalidExposureError(
                f"At least {self.config.min_exposures} exposures are needed, but of the {n_warps} "
                f"{self.config.connections.warps} datasets of {data_id}, only those of visits "
                f"{list(exposures.visits)} are selected and have valid pixels.",
                n_exposures=len(exposures),
                min_exposures=self.config.min_exposures,
            )

    def record_summary(self, exposures: ExposureSource, summary: Mapping[str, int | float | str]) -> None:
        """Put the figures that sum up a quantum into the task's metadata.

        Parameters
        ----------
        exposures : `ExposureSource`
            The exposures that were used.
        summary : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`]
            Figures by name.
        """
        self.metadata["visits"] = list(exposures.visits)
        for name, value in {"n_exposures": len(exposures), **summary}.items():
            self.metadata[name] = value

    def propagate_mask(
        self, stack: ExposureStack, weights: np.ndarray, exact_psf: np.ndarray | None = None
    ) -> PropagatedMask:
        """Return the output mask that the config asks for.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures.
        weights : `numpy.ndarray`
            Weight of each exposure, shape ``(n,)``.
        exact_psf : `numpy.ndarray`, optional
            `True` where the PSF of the output is exact.

        Returns
        -------
        mask : `PropagatedMask`
            Bits and plane names.
        """
        return propagate_mask(
            stack,
            weights=weights,
            bad_mask_planes=self.config.bad_mask_planes,
            thresholds=self.config.mask_propagation_thresholds,
            default_threshold=self.config.default_mask_propagation_threshold,
            exact_psf=exact_psf,
        )
