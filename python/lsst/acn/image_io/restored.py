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

"""Restored images on their way to the Butler, and back from it."""

from __future__ import annotations

__all__ = ("make_cell_coadd", "make_latent_image", "make_variance_image", "read_latent_image")

from collections.abc import Mapping, Sequence

import astropy.units
import numpy as np

from lsst.images import Image
from lsst.images.cells import CellCoadd, CoaddProvenance

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.source import ExposureSource
from .cell_coadds import CorrectionsOfPsf, make_warp
from .geometry import PatchGeometry, box_from_images, box_to_images


def make_cell_coadd(
    *,
    image: np.ndarray,
    variance: np.ndarray,
    mask: np.ndarray,
    mask_planes: Mapping[str, int],
    psf: PsfKernels,
    exposures: ExposureSource,
    provenance: CoaddProvenance,
    metadata: Mapping[str, str | int | float] | None = None,
    mask_fractions: Mapping[str, np.ndarray] | None = None,
    noise_realizations: Sequence[np.ndarray] = (),
    aperture_corrections: CorrectionsOfPsf | None = None,
) -> CellCoadd:
    """Make a coadd that the Butler can store.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance, shape ``(height, width)``, in the
        unit of the exposures.
    mask : `numpy.ndarray`
        Bit mask of each pixel, same shape.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name.
    psf : `PsfKernels`
        PSF kernels of the coadd, as of one exposure.
    exposures : `ExposureSource`
        The exposures that the coadd is made of; unit, band, box and geometry
        come from them.
    provenance : `lsst.images.cells.CoaddProvenance`
        What each exposure gave to each cell.
    metadata : `~collections.abc.Mapping`, optional
        Further provenance: seed, configuration, versions.
    mask_fractions : `~collections.abc.Mapping` [`str`, `numpy.ndarray`], optional
        As `make_warp` takes them.
    noise_realizations : `~collections.abc.Sequence` [`numpy.ndarray`], optional
        As `make_warp` takes them.
    aperture_corrections : `~collections.abc.Callable`, optional
        As `make_warp` takes it.

    Returns
    -------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd.  Cells without a valid pixel in any exposure are marked as
        missing.

    Raises
    ------
    ValueError
        Raised if the exposures do not say where on the sky they lie, or
        shapes disagree.
    """
    return make_warp(
        image,
        variance,
        psf,
        geometry=_geometry(exposures),
        box=exposures.box,
        mask=mask,
        mask_planes=mask_planes,
        unit=exposures.unit,
        band=exposures.band,
        provenance=provenance,
        metadata=metadata,
        mask_fractions=mask_fractions,
        noise_realizations=noise_realizations,
        aperture_corrections=aperture_corrections,
    )


def make_latent_image(
    latent: np.ndarray,
    box: Box,
    *,
    exposures: ExposureSource,
    metadata: Mapping[str, str | int | float] | None = None,
) -> Image:
    """Make an image of the latent image, padding included.

    Parameters
    ----------
    latent : `numpy.ndarray`
        Latent image, shape ``(height, width)``, in the unit of the exposures.
    box : `Box`
        Position of the latent image, which reaches beyond the patch.
    exposures : `ExposureSource`
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
        Raised if the exposures do not say where on the sky they lie, or
        shapes disagree.
    """
    return _image(latent, box, astropy.units.Unit(exposures.unit), exposures, metadata)


def make_variance_image(
    variance: np.ndarray,
    *,
    exposures: ExposureSource,
    metadata: Mapping[str, str | int | float] | None = None,
) -> Image:
    """Make an image of the variance of each pixel of a restored image.

    Parameters
    ----------
    variance : `numpy.ndarray`
        On the box of the exposures, in the square of their unit.
    exposures : `ExposureSource`
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
        Raised if the exposures do not say where on the sky they lie, or
        shapes disagree.
    """
    return _image(variance, exposures.box, astropy.units.Unit(exposures.unit) ** 2, exposures, metadata)


def _image(
    pixels: np.ndarray,
    box: Box,
    unit: astropy.units.UnitBase,
    exposures: ExposureSource,
    metadata: Mapping[str, str | int | float] | None,
) -> Image:
    return Image(
        np.asarray(pixels, np.float32),
        bbox=box_to_images(box),
        unit=unit,
        sky_projection=_geometry(exposures).sky_projection,
        metadata=dict(metadata or {}),
    )


def read_latent_image(image: Image) -> tuple[np.ndarray, Box, str]:
    """Return the parts of a latent image.

    Parameters
    ----------
    image : `lsst.images.Image`
        Latent image, as `make_latent_image` makes it.

    Returns
    -------
    latent : `numpy.ndarray`
        Pixel values, shape ``box.shape``.
    box : `Box`
        Pixels of ``latent``, padding included.
    unit : `str`
        Unit of ``latent``, in a form that astropy reads.
    """
    return image.array, box_from_images(image.bbox), "" if image.unit is None else image.unit.to_string()


def _geometry(exposures: ExposureSource) -> PatchGeometry:
    if not isinstance(exposures.geometry, PatchGeometry):
        raise ValueError("The exposures do not say where on the sky they lie; their geometry is missing.")
    return exposures.geometry
