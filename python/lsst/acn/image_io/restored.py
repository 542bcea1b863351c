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

"""Restored images on their way back to the Butler."""

from __future__ import annotations

__all__ = ("make_cell_coadd", "make_latent_image")

from collections.abc import Mapping, Sequence

import astropy.units
import numpy as np

from lsst.images import Image
from lsst.images.cells import CellCoadd

from ..boxes import Box
from ..exposure_stack import ExposureStack
from ..psf_kernels import PsfKernels
from .cell_coadds import make_warp
from .geometry import PatchGeometry, box_to_images
from .provenance import CoaddInput, make_provenance


def make_cell_coadd(
    *,
    image: np.ndarray,
    variance: np.ndarray,
    mask: np.ndarray,
    mask_planes: Mapping[str, int],
    psf: PsfKernels,
    stack: ExposureStack,
    inputs: Sequence[CoaddInput],
    metadata: Mapping[str, str | int | float] | None = None,
) -> CellCoadd:
    """Make a coadd that the Butler can store.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance, shape ``(height, width)``, in the
        unit of the stack.
    mask : `numpy.ndarray`
        Bit mask of each pixel, same shape.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name.
    psf : `PsfKernels`
        PSF kernels of the coadd, as of one exposure.
    stack : `ExposureStack`
        The exposures that the coadd is made of; unit, band, box, geometry
        and provenance come from them.
    inputs : `~collections.abc.Sequence` [`CoaddInput`]
        Identities of the exposures, in any order.
    metadata : `~collections.abc.Mapping`, optional
        Further provenance: seed, configuration, versions.

    Returns
    -------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd.  Cells without a valid pixel in any exposure are marked as
        missing.

    Raises
    ------
    ValueError
        Raised if the stack does not say where on the sky it lies, an
        exposure's identity is missing, or shapes disagree.
    """
    return make_warp(
        image,
        variance,
        psf,
        geometry=_geometry(stack),
        box=stack.box,
        mask=mask,
        mask_planes=mask_planes,
        unit=stack.unit,
        band=stack.band,
        provenance=make_provenance(stack, inputs),
        metadata=metadata,
    )


def make_latent_image(
    latent: np.ndarray,
    box: Box,
    *,
    stack: ExposureStack,
    metadata: Mapping[str, str | int | float] | None = None,
) -> Image:
    """Make an image of the latent image, padding included.

    Parameters
    ----------
    latent : `numpy.ndarray`
        Latent image, shape ``(height, width)``, in the unit of the stack.
    box : `Box`
        Position of the latent image, which reaches beyond the patch.
    stack : `ExposureStack`
        The exposures; unit and geometry come from them.
    metadata : `~collections.abc.Mapping`, optional
        Further provenance: seed, configuration, versions.

    Returns
    -------
    image : `lsst.images.Image`
        The image.

    Raises
    ------
    ValueError
        Raised if the stack does not say where on the sky it lies, or shapes
        disagree.
    """
    return Image(
        np.asarray(latent, np.float32),
        bbox=box_to_images(box),
        unit=astropy.units.Unit(stack.unit),
        sky_projection=_geometry(stack).sky_projection,
        metadata=dict(metadata or {}),
    )


def _geometry(stack: ExposureStack) -> PatchGeometry:
    if not isinstance(stack.geometry, PatchGeometry):
        raise ValueError("The stack does not say where on the sky it lies; its geometry is missing.")
    return stack.geometry
