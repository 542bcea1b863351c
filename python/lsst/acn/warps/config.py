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

"""Which warps a task reads, and which of their pixels it uses."""

from __future__ import annotations

__all__ = ("DIMENSIONS", "WarpInputsConfig", "WarpInputsConnections")

import dataclasses
import logging
from collections.abc import Collection, Mapping
from typing import Any

from lsst.daf.butler import DataCoordinate, DatasetRef
from lsst.pex.config import ConfigField, DictField, Field, ListField, RangeField
from lsst.pipe.base import PipelineTaskConfig, PipelineTaskConnections
from lsst.pipe.base import connectionTypes as cT

from ..exposures.mask_planes import DEFAULT_BAD_MASK_PLANES
from ..field_limits import within
from ..image_io import default_mask_storage_class, default_warp_storage_class
from ..psf_quality import PsfQualityConfig

_LOG = logging.getLogger(__name__)

DIMENSIONS = ("skymap", "tract", "patch", "band")
"""Dimensions of an image that is made from the warps of a patch and band."""


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

    def adjustQuantum(
        self,
        inputs: dict[str, tuple[Any, Collection[DatasetRef]]],
        outputs: dict[str, tuple[Any, Collection[DatasetRef]]],
        label: str,
        data_id: DataCoordinate,
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Say so where a patch is left out since it has no warps.

        Parameters
        ----------
        inputs, outputs : `dict`
            Connections and their datasets by name.
        label : `str`
            Label of the task.
        data_id : `lsst.daf.butler.DataCoordinate`
            Identity of the quantum.

        Returns
        -------
        inputs, outputs : `~collections.abc.Mapping`
            What of it has changed.

        Raises
        ------
        lsst.pipe.base.NoWorkFound
            Raised if there is no warp.
        """
        if not inputs["warps"][1]:
            _LOG.warning(
                "%s of %s has nothing to do: the files of all its warps are gone, or were never made.",
                label,
                data_id,
            )
        return super().adjustQuantum(inputs, outputs, label, data_id)


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
    allow_lost_warps = Field[bool](
        doc="Go on, with a warning, without warps that the repository knows and whose files are gone; "
        "otherwise that is an error.",
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
        "plane is set in the output. Artifacts and the edges of sensors count wherever any warp is left out "
        "for them, as in the coadds of the stack.",
        default={"SAT": 0.1, "CLIPPED": 0.0, "SENSOR_EDGE": 0.0},
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
        check=within(1, 1_000_000),
    )
    use_sky_map_cells = Field[bool](
        doc="Restore the pixels of the skymap's grid of cells, and keep that grid, as cell-based coadds do; "
        "otherwise all pixels of the patch, which is wider by the border of a cell. For warps that are an "
        "ExposureF: a CellCoadd brings its cells along.",
        default=False,
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
