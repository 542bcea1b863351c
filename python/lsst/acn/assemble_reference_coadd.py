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

"""The task that makes the coadd with which a restoration is compared."""

from __future__ import annotations

__all__ = (
    "AssembleReferenceCoaddConfig",
    "AssembleReferenceCoaddConnections",
    "AssembleReferenceCoaddTask",
)

from typing import ClassVar

import numpy as np

from lsst.pex.config import RangeField
from lsst.pipe.base import Struct
from lsst.pipe.base import connectionTypes as cT

from .coadd.patch_coadd import assemble_patch_coadd
from .image_io import make_cell_coadd
from .records.patch_records import PatchRecords
from .records.task_record import provenance_record
from .warps.config import DIMENSIONS, WarpInputsConfig, WarpInputsConnections
from .warps.reader import WarpInputs
from .warps.task import WarpInputsTask


class AssembleReferenceCoaddConnections(WarpInputsConnections, dimensions=DIMENSIONS):
    """Inputs and output of `AssembleReferenceCoaddTask`."""

    reference_coadd = cT.Output(
        doc="Inverse-variance weighted mean of the warps.",
        name="reference_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )


class AssembleReferenceCoaddConfig(WarpInputsConfig, pipelineConnections=AssembleReferenceCoaddConnections):
    """Config of `AssembleReferenceCoaddTask`."""

    min_valid_fraction = RangeField(
        dtype=float,
        doc="Share of a cell's pixels in which a warp has to be valid to be part of the cell's PSF.",
        default=0.5,
        min=0.0,
        max=1.0,
    )


class AssembleReferenceCoaddTask(WarpInputsTask):
    """Average the warps of a patch, one weight per warp.

    A single warp is its own mean; whether that is good enough is for
    ``min_exposures`` to say.
    """

    ConfigClass: ClassVar[type[AssembleReferenceCoaddConfig]] = AssembleReferenceCoaddConfig

    _DefaultName: ClassVar[str] = "assembleReferenceCoadd"

    config: AssembleReferenceCoaddConfig

    def run(self, *, inputs: WarpInputs) -> Struct:
        """Average the warps.

        Parameters
        ----------
        inputs : `WarpInputs`
            The warps.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attribute ``reference_coadd``, a
            `lsst.images.cells.CellCoadd`.

        Raises
        ------
        InvalidExposureError
            Raised if no pixel of the warps is valid.
        """
        exposures = inputs.exposures
        self.log.info("Averaging %d warps on %s.", len(exposures), exposures.box)
        records = PatchRecords(exposures, inputs.identities, self.propagate_mask)
        coadd = assemble_patch_coadd(
            exposures,
            cell_box=exposures.geometry.cell_box,
            cell_shape=exposures.geometry.cell_shape,
            min_valid_fraction=self.config.min_valid_fraction,
            on_strip=lambda box, strip, part: records.add(box, strip, part.exact_psf),
        )
        summary: dict[str, int | float | str] = {
            "method": "inverse-variance mean",
            "median_variance": float(np.nanmedian(coadd.variance)),
            "valid_fraction": float(np.mean(coadd.n_valid > 0)),
            "exact_psf_fraction": float(np.mean(coadd.exact_psf)),
        }
        self.record_summary(exposures, summary)
        reference_coadd = make_cell_coadd(
            image=coadd.image,
            variance=coadd.variance,
            mask=records.mask.array,
            mask_planes=records.mask.planes,
            psf=coadd.psf,
            exposures=exposures,
            provenance=records.provenance(),
            metadata=provenance_record(self.config, exposures.visits, summary),
        )
        return Struct(reference_coadd=reference_coadd)
