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

    Returns
    -------
    task : `type`
        The task.  With ``imageType`` set to ``future`` it reads a
        `~lsst.images.cells.CellCoadd` where the coadd is.
    """
    inputs = {
        name: cT.Input(
            name=f"{class_name}_{name}", storageClass=kind, doc=".", dimensions=PATCH_BAND, multiple=multiple
        )
        for name, kind in ((coadd, "ExposureF"), (cells, "MultipleCellCoadd"))
    }
    dimensions = PATCH if multiple else PATCH_BAND
    made = cT.Output(
        name=f"{class_name}_{output}", storageClass="SourceCatalog", doc=".", dimensions=dimensions
    )

    def adapt(self: Any, *, config: Any = None) -> None:
        PipelineTaskConnections.__init__(self, config=config)
        take_one(self, config, coadd, cells, option)

    connections = types.new_class(
        "Connections",
        (PipelineTaskConnections,),
        {"dimensions": dimensions},
        lambda namespace: namespace.update(inputs | {output: made, "__init__": adapt}),
    )
    fields = {
        "imageType": Field[str](doc="Type of coadds.", default="legacy"),
        option: Field[bool](doc="Use cells.", default=False),
    }
    Config = types.new_class(
        "Config",
        (PipelineTaskConfig,),
        {"pipelineConnections": connections},
        lambda body: body.update(fields),
    )
    return type(class_name, (PipelineTask,), {"ConfigClass": Config, "_DefaultName": class_name})


def take_one(connections: Any, config: Any, coadd: str, cells: str, option: str = "useCellCoadds") -> None:
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
        Field that decides, unless ``imageType`` is ``future``.
    """
    if config is not None and config.imageType == "future":
        future = dataclasses.replace(getattr(connections, coadd), storageClass="CellCoadd")
        setattr(connections, coadd, future)
        delattr(connections, cells)
    else:
        delattr(connections, coadd if config is None or getattr(config, option) else cells)


FITS = "lsst.meas.extensions.multiprofit.pipetasks_fit"
READERS = {
    "lsst.pipe.tasks.multiBand": (
        reader("MeasureMergedCoaddSourcesTask", "exposure", "exposure_cells", "outputSources"),
    ),
    "lsst.drp.tasks.forcedPhotCoadd": (
        reader("ForcedPhotCoaddTask", "exposure", "exposure_cell", "measCat"),
    ),
    FITS: (
        reader("MultiProFitCoaddPsfFitTask", "coadd", "coadd_cell", "cat_output", option="use_cell_coadds"),
        *(
            reader(name, "coadds", "coadds_cell", "cat_output", multiple=True, option="use_cell_coadds")
            for name in ("MultiProFitCoaddExpFitTask", "MultiProFitCoaddSersicFitTask")
        ),
    ),
}
"""The tasks by module (`dict`)."""
