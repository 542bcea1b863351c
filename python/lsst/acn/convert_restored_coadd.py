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

"""The task that hands a restored coadd to detection and measurement."""

from __future__ import annotations

__all__ = ("ConvertRestoredCoaddConfig", "ConvertRestoredCoaddConnections", "ConvertRestoredCoaddTask")

from typing import Any, ClassVar

from lsst.pipe.base import PipelineTask, PipelineTaskConfig, PipelineTaskConnections, Struct
from lsst.pipe.base import connectionTypes as cT

from .image_io import make_exposure

DIMENSIONS = ("skymap", "tract", "patch", "band")


class ConvertRestoredCoaddConnections(PipelineTaskConnections, dimensions=DIMENSIONS):
    """Inputs and output of `ConvertRestoredCoaddTask`."""

    restored_coadd = cT.Input(
        doc="Restored image at the target PSF.",
        name="restored_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    coadd_inputs = cT.Input(
        doc="Visits and detectors of the coadd of the same warps, which a CellCoadd has no place for.",
        name="deep_coadd_predetection.coaddInputs",
        storageClass="CoaddInputs",
        dimensions=DIMENSIONS,
    )
    aperture_corrections = cT.Input(
        doc="Aperture corrections of the coadd of the same warps.",
        name="deep_coadd_predetection.apCorrMap",
        storageClass="ApCorr",
        dimensions=DIMENSIONS,
    )
    exposure = cT.Output(
        doc="The restored image in the form that detection and measurement take.",
        name="restored_coadd_exposure",
        storageClass="ExposureF",
        dimensions=DIMENSIONS,
    )


class ConvertRestoredCoaddConfig(PipelineTaskConfig, pipelineConnections=ConvertRestoredCoaddConnections):
    """Config of `ConvertRestoredCoaddTask`; there is nothing to set."""


class ConvertRestoredCoaddTask(PipelineTask):
    """Make an ``ExposureF`` of a restored coadd.

    Notes
    -----
    The Butler of the LSST Science Pipelines hands out a restored coadd as an
    ``ExposureF`` by itself, but without the list of its inputs and without
    aperture corrections, and then the measurement of a data release
    production fails.  Both are taken from the coadd of the same warps.  Its
    aperture corrections make up for light beyond the stamps of the PSF models,
    by which the restored image goes as well.
    """

    ConfigClass: ClassVar[type[ConvertRestoredCoaddConfig]] = ConvertRestoredCoaddConfig

    _DefaultName: ClassVar[str] = "convertRestoredCoadd"

    config: ConvertRestoredCoaddConfig

    def run(self, *, restored_coadd: Any, coadd_inputs: Any, aperture_corrections: Any) -> Struct:
        """Convert the coadd.

        Parameters
        ----------
        restored_coadd : `lsst.images.cells.CellCoadd`
            Restored image at the target PSF.
        coadd_inputs : ``lsst.afw.image.CoaddInputs``
            Visits and detectors.
        aperture_corrections : ``lsst.afw.image.ApCorrMap``
            Aperture corrections.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attribute ``exposure``, a
            ``lsst.afw.image.ExposureF``.
        """
        return Struct(exposure=make_exposure(restored_coadd, coadd_inputs, aperture_corrections))
