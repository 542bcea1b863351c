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

"""From the outputs of a restoration to what is measured."""

from __future__ import annotations

__all__ = ("read_restored_patch",)

from typing import Any

import numpy as np
from astropy.table import Table
from astropy.units import Unit, UnitConversionError

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.finer_exposures import on_finer_grid
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..image_io import read_exposure_stack, read_latent_image
from ..nuisances.corrections import ExposureCorrections
from ..psfs.table import read_psf_table
from .restored_patch import RestoredPatch


def read_restored_patch(
    exposures: ExposureSource,
    *,
    restored: tuple[str, Any],
    latent: tuple[str, Any],
    reference: tuple[str, Any],
    psfs: Table | None,
    psf_cell_size: int,
    upsampling: int = 1,
) -> RestoredPatch:
    """Put together what a restoration has left behind.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures that it was made from.
    restored, latent, reference : `tuple` [`str`, `typing.Any`]
        Name and dataset of the restored coadd, the latent image, and the
        coadd to compare with.
    psfs : `astropy.table.Table` or `None`
        PSFs that the exposures were taken to have, if not their own.
    psf_cell_size : `int`
        Side, in pixels, of the cells in which PSFs are taken as constant.
    upsampling : `int`, optional
        Pixels of the restored coadd per pixel of the exposures, along each
        axis; what is measured is measured on the finer grid.

    Returns
    -------
    patch : `RestoredPatch`
        All of it, in the unit of the exposures.

    Raises
    ------
    InvalidExposureError
        Raised if a dataset does not belong to the others; says which.
    """
    coadd = on_finer_grid(_read_coadd(*reference, exposures.box, psf_cell_size), upsampling)
    exposures = on_finer_grid(exposures, upsampling, repeats=False)
    latent_array, latent_box, latent_unit = read_latent_image(latent[1])
    try:
        factor = Unit(latent_unit).to(Unit(exposures.unit))
    except UnitConversionError as error:
        raise InvalidExposureError(f"{latent[0]}: {error}") from error
    return RestoredPatch(
        exposures=exposures,
        coadd=coadd.cutout(coadd.box),
        restored=_read_coadd(*restored, exposures.box, psf_cell_size),
        latent=latent_array * np.float32(factor),
        latent_box=latent_box,
        corrections=ExposureCorrections.recorded(restored[1].metadata, factor),
        psfs=None if psfs is None else read_psf_table(psfs),
    )


def _read_coadd(name: str, coadd: Any, box: Box, psf_cell_size: int) -> ExposureStack:
    """Return a coadd as a stack of one; none of its planes makes pixels invalid."""
    try:
        return read_exposure_stack({0: coadd}, bad_mask_planes=(), psf_cell_size=psf_cell_size, box=box)
    except InvalidExposureError as error:
        raise InvalidExposureError(f"{name}: {error}") from error
