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


"""Tasks of the stack that read coadds of a patch: their connections, and nothing else."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

from lsst.pex.config import Field
from lsst.pipe.base import PipelineTask, PipelineTaskConfig, PipelineTaskConnections
from lsst.pipe.base import connectionTypes as cT

PATCH = ("skymap", "tract", "patch")
PATCH_BAND = (*PATCH, "band")


def reader(
    class_name: str,
    coadd: str,
    cells: str,
    output: str,
    *,
    multiple: bool = False,
    option: str = "useCellCoadds",
    image_type: str | None = "imageType",
    wcs: str | None = None,
) -> type[PipelineTask]:
    """Return a task that reads a coadd, or a cell-based one in its place.

    Parameters
    ----------
    class_name : `str`
        Name of the task.
    coadd, cells, output : `str`
        Names of its connections.
    multiple : `bool`, optional
        Whether it reads all bands.
    option : `str`, optional
        Field of its config that decides.
    image_type : `str` or `None`, optional
        Field of its config that can be ``future``, if there is one.
    wcs : `str` or `None`, optional
        Connection that reads a WCS, if there is one.

    Returns
    -------
    task : `type`
        The task.  With ``imageType`` set to ``future`` it reads a
        `~lsst.images.cells.CellCoadd` where the coadd is; otherwise, with a
        cell-based coadd it reads the background that detection has taken off.
    """
    inputs = {
        name: cT.Input(
            name=f"{class_name}_{name}", storageClass=kind, doc=".", dimensions=PATCH_BAND, multiple=multiple
        )
        for name, kind in ((coadd, "ExposureF"), (cells, "MultipleCellCoadd"))
    }
    background = "backgrounds" if multiple else "background"
    inputs[background] = cT.Input(
        name="deep_coadd_background",
        storageClass="Background",
        doc=".",
        dimensions=PATCH_BAND,
        multiple=multiple,
    )
    if wcs is not None:
        inputs[wcs] = cT.Input(name="deepCoadd.wcs", storageClass="Wcs", doc=".", dimensions=PATCH_BAND)
    dimensions = PATCH if multiple else PATCH_BAND
    made = cT.Output(
        name=f"{class_name}_{output}", storageClass="SourceCatalog", doc=".", dimensions=dimensions
    )

    def adapt(self: Any, *, config: Any = None) -> None:
        PipelineTaskConnections.__init__(self, config=config)
        take_one(self, config, coadd, cells, option, image_type)
        if coadd in self.inputs:
            delattr(self, background)

    connections = types.new_class(
        "Connections",
        (PipelineTaskConnections,),
        {"dimensions": dimensions},
        lambda namespace: namespace.update(inputs | {output: made, "__init__": adapt}),
    )
    fields: dict[str, Any] = {option: Field[bool](doc="Use cells.", default=False)}
    if image_type is not None:
        fields[image_type] = Field[str](doc="Type of coadds.", default="legacy")
    Config = types.new_class(
        "Config",
        (PipelineTaskConfig,),
        {"pipelineConnections": connections},
        lambda body: body.update(fields),
    )
    return type(class_name, (PipelineTask,), {"ConfigClass": Config, "_DefaultName": class_name})


def take_one(
    connections: Any,
    config: Any,
    coadd: str,
    cells: str,
    option: str = "useCellCoadds",
    image_type: str | None = "imageType",
) -> None:
    """Leave one of two coadds among the inputs of a task, as the stack does.

    Parameters
    ----------
    connections : `lsst.pipe.base.PipelineTaskConnections`
        Of the task.
    config : `lsst.pipe.base.PipelineTaskConfig` or `None`
        Its config.
    coadd, cells : `str`
        Names of the two.
    option : `str`, optional
        Field that decides, unless ``image_type`` is ``future``.
    image_type : `str` or `None`, optional
        Field that names the type of coadds.
    """
    if config is not None and image_type is not None and getattr(config, image_type) == "future":
        future = dataclasses.replace(getattr(connections, coadd), storageClass="CellCoadd")
        setattr(connections, coadd, future)
        delattr(connections, cells)
    else:
        delattr(connections, coadd if config is None or getattr(config, option) else cells)


def fit(class_name: str, coadd: str, cells: str, *, multiple: bool = False) -> type[PipelineTask]:
    """Return a task of multiprofit, whose options have other names."""
    return reader(
        class_name,
        coadd,
        cells,
        "cat_output",
        multiple=multiple,
        option="use_cell_coadds",
        image_type="image_type",
    )


class HealSparsePropertyMapConnections(PipelineTaskConnections, dimensions=PATCH[:2]):
    coadd_exposures = cT.Input(
        name="deepCoadd", storageClass="ExposureF", doc=".", dimensions=PATCH_BAND, multiple=True
    )
    maps = cT.Output(name="property_maps", storageClass="StructuredDataDict", doc=".", dimensions=PATCH[:2])


class HealSparsePropertyMapConfig(PipelineTaskConfig, pipelineConnections=HealSparsePropertyMapConnections):
    pass


class HealSparsePropertyMapTask(PipelineTask):
    """`lsst.pipe.tasks.healSparseMapping.HealSparsePropertyMapTask`."""

    ConfigClass, _DefaultName = HealSparsePropertyMapConfig, "healSparsePropertyMap"


class DetectCoaddSourcesConnections(PipelineTaskConnections, dimensions=PATCH_BAND):
    exposure = cT.Input(name="deepCoadd", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND)
    exposure_cells = cT.Input(
        name="deepCoaddCell", storageClass="MultipleCellCoadd", doc="Coadd.", dimensions=PATCH_BAND
    )
    outputExposure = cT.Output(
        name="deepCoadd_calexp", storageClass="ExposureF", doc="Coadd.", dimensions=PATCH_BAND
    )
    outputBackgrounds = cT.Output(
        name="deepCoadd_calexp_background", storageClass="Background", doc="Sky.", dimensions=PATCH_BAND
    )
    outputSources = cT.Output(
        name="deepCoadd_det", storageClass="SourceCatalog", doc="Sources.", dimensions=PATCH_BAND
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        # Unlike all others, detection reads either as a CellCoadd.
        take_one(self, config, "exposure", "exposure_cells", image_type=None)
        if config is not None and config.imageType == "future":
            name = "exposure_cells" if config.useCellCoadds else "exposure"
            setattr(self, name, dataclasses.replace(getattr(self, name), storageClass="CellCoadd"))
        if config is not None and config.imageType == "future":
            self.outputExposure = dataclasses.replace(self.outputExposure, storageClass="CellCoadd")
            del self.outputBackgrounds


class DetectCoaddSourcesConfig(PipelineTaskConfig, pipelineConnections=DetectCoaddSourcesConnections):
    useCellCoadds = Field[bool](doc="Use cells.", default=False)
    imageType = Field[str](doc="Type of coadds.", default="legacy")
    doScaleVariance = Field[bool](doc="Scale the variance.", default=True)

    def validate(self) -> None:
        super().validate()
        if self.imageType == "future" and self.doScaleVariance:
            raise ValueError("doScaleVariance=True is not compatible with imageType='future'")


class DetectCoaddSourcesTask(PipelineTask):
    """`lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask`."""

    ConfigClass, _DefaultName = DetectCoaddSourcesConfig, "detectCoaddSources"


FITS = "lsst.meas.extensions.multiprofit.pipetasks_fit"
READERS = {
    "lsst.pipe.tasks.multiBand": (
        reader("MeasureMergedCoaddSourcesTask", "exposure", "exposure_cells", "outputSources"),
    ),
    "lsst.drp.tasks.forcedPhotCoadd": (
        reader("ForcedPhotCoaddTask", "exposure", "exposure_cell", "measCat", image_type=None, wcs="refWcs"),
    ),
    "lsst.pipe.tasks.healSparseMapping": (HealSparsePropertyMapTask,),
    FITS: (
        fit("MultiProFitCoaddPsfFitTask", "coadd", "coadd_cell"),
        fit("MultiProFitCoaddExpFitTask", "coadds", "coadds_cell", multiple=True),
        fit("MultiProFitCoaddSersicFitTask", "coadds", "coadds_cell", multiple=True),
    ),
}
"""The tasks by module (`dict`), as in pipe_tasks of DM-55521 and drp_tasks of June 2026."""

FORCED_WITH_IMAGES = reader("ForcedPhotCoaddTask", "exposure", "exposure_cell", "measCat", wcs="refWcs")
"""The forced measurement as it may become: today's cannot read a CellCoadd."""
