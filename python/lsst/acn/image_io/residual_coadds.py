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

"""Residuals and the images that they are left over from, to the Butler and back."""

from __future__ import annotations

__all__ = (
    "make_residual_coadd",
    "pixel_positions",
    "read_residual_coadd",
    "read_restored_coadd",
    "with_pixels",
)

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from lsst.images import Image, Mask
from lsst.images.cells import CellCoadd, CellGridBounds, CellPointSpreadFunction, CoaddProvenance

from ..exposures.boxes import Box
from ..exposures.mask_planes import INEXACT_PSF, REJECTED
from ..exposures.psf_kernels import PsfKernels
from ..exposures.source import ExposureSource
from ..residual_image import ResidualImage
from .aperture_corrections import StarCorrections, psf_corrections
from .flux_scale import coadd_flux_scale
from .geometry import box_from_images
from .restored import make_cell_coadd

EXACT_COVERAGE = 0.9
"""Share of the weight that reaches a pixel, below which the PSF of its cell is
not said to hold there."""


def make_residual_coadd(
    residual: ResidualImage,
    *,
    mask: np.ndarray,
    mask_planes: Mapping[str, int],
    exposures: ExposureSource,
    provenance: CoaddProvenance,
    metadata: Mapping[str, str | int | float] | None = None,
    noise_realizations: Sequence[np.ndarray] = (),
) -> CellCoadd:
    """Make a coadd of a residual that the Butler can store.

    Parameters
    ----------
    residual : `ResidualImage`
        The residual.
    mask : `numpy.ndarray`
        Bit mask of each pixel of the restored image.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name, with ``INEXACT_PSF``.
    exposures : `ExposureSource`
        The exposures; unit, band, box and geometry come from them.
    provenance : `lsst.images.cells.CoaddProvenance`
        What each exposure gave to each cell.
    metadata : `~collections.abc.Mapping`, optional
        Further provenance: seed, configuration, versions.
    noise_realizations : `~collections.abc.Sequence` [`numpy.ndarray`], optional
        Residuals of noise alone.

    Returns
    -------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd; its mask fraction ``REJECTED`` is 1 less the coverage.
    """
    inexact = np.uint32(1 << mask_planes[INEXACT_PSF])
    return make_cell_coadd(
        image=residual.image,
        variance=residual.variance,
        mask=np.where(residual.coverage < EXACT_COVERAGE, mask | inexact, mask),
        mask_planes=mask_planes,
        psf=residual.psf,
        exposures=exposures,
        provenance=provenance,
        metadata=metadata,
        mask_fractions={REJECTED: 1.0 - residual.coverage},
        noise_realizations=noise_realizations,
    )


def read_residual_coadd(coadd: CellCoadd) -> ResidualImage:
    """Return the arrays of a residual.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        As `make_residual_coadd` makes it.

    Returns
    -------
    residual : `ResidualImage`
        The arrays, with a PSF in each cell of the coadd.

    Raises
    ------
    TypeError
        Raised if it is no coadd.
    ValueError
        Raised if it is no residual.
    """
    _check_type(coadd, "restored_coadd_residual")
    if REJECTED not in coadd.mask_fractions:
        raise ValueError(
            "The coadd is no restored_coadd_residual: it does not say what share of the weight is missing."
        )
    return ResidualImage(
        image=coadd.image.array,
        variance=coadd.variance.array,
        coverage=1.0 - coadd.mask_fractions[REJECTED].array,
        psf=_psf_kernels(coadd),
        box=box_from_images(coadd.bbox),
    )


def read_restored_coadd(coadd: CellCoadd) -> tuple[np.ndarray, Box, np.ndarray, str]:
    """Return the image of a restored coadd, its place, PSF and unit.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        A restored coadd.

    Returns
    -------
    image : `numpy.ndarray`
        Pixel values.
    box : `Box`
        Its pixels.
    target_psf : `numpy.ndarray`
        PSF kernel, which is the same in all cells.
    unit : `str`
        Unit of ``image``, in a form that astropy reads.

    Raises
    ------
    TypeError
        Raised if it is no coadd.
    ValueError
        Raised if its PSF is not the same in all cells.
    """
    _check_type(coadd, "restored_coadd")
    kernels = _psf_kernels(coadd).kernels[0].reshape(-1, *coadd.psf.kernel_bbox.shape)
    kernels = kernels[np.isfinite(kernels).all(axis=(1, 2))]
    if not np.allclose(kernels, kernels[:1], atol=1e-6):
        raise ValueError("The coadd is no restored coadd: its PSF is not the same in all cells.")
    return coadd.image.array, box_from_images(coadd.bbox), kernels[0], coadd.unit.to_string()


def with_pixels(
    coadd: CellCoadd,
    image: np.ndarray,
    variance: np.ndarray,
    psf: PsfKernels,
    mask: Mask | None = None,
    corrections: StarCorrections | None = None,
    noise_realizations: Sequence[np.ndarray] = (),
) -> CellCoadd:
    """Return a coadd with other pixels and another PSF.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd, whose geometry, provenance, mask fractions and metadata are
        kept.
    image, variance : `numpy.ndarray`
        Pixel values and their variance, on the box of the coadd.
    psf : `PsfKernels`
        The PSF, as of one exposure.
    mask : `lsst.images.Mask`, optional
        The mask, such as that of the residual, which says where the PSF is not
        exact; by default that of the coadd.
    corrections : `~collections.abc.Callable`, optional
        What aperture corrections are made by, as `psf_corrections` takes it;
        by default there are none, for those of the coadd are of another PSF.
    noise_realizations : `~collections.abc.Sequence` [`numpy.ndarray`], optional
        Images of noise alone that had done to them what ``image`` had; by
        default there are none, for those of the coadd are of other pixels.

    Returns
    -------
    coadd : `lsst.images.cells.CellCoadd`
        A new one.
    """
    bounds: CellGridBounds = coadd.bounds
    array = np.full((*bounds.subgrid_size.as_tuple(), psf.size, psf.size), np.nan)
    for cell in bounds.cell_indices():
        if cell not in bounds.missing:
            where = cell - bounds.subgrid_start
            array[where.i, where.j] = psf.at(*box_from_images(bounds.grid.bbox_of(cell)).center)[0]
    cell_psf = CellPointSpreadFunction(array, bounds)
    result = CellCoadd(
        Image(np.asarray(image, np.float32), bbox=coadd.bbox, unit=coadd.unit),
        variance=Image(np.asarray(variance, np.float32), bbox=coadd.bbox, unit=coadd.unit**2),
        mask=coadd.mask if mask is None else mask,
        sky_projection=coadd.sky_projection,
        band=coadd.band,
        mask_fractions=coadd.mask_fractions,
        noise_realizations=[
            Image(np.asarray(noise, np.float32), bbox=coadd.bbox, unit=coadd.unit)
            for noise in noise_realizations
        ],
        psf=cell_psf,
        aperture_corrections=None
        if corrections is None
        else psf_corrections(cell_psf, corrections, coadd_flux_scale(coadd)),
        patch=coadd.patch,
        provenance=coadd.provenance,
    )
    result.metadata.update(coadd.metadata)
    return result


def pixel_positions(coadd: CellCoadd, sky: SkyCoord) -> np.ndarray:
    """Return where on a coadd some places of the sky are.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        The coadd.
    sky : `astropy.coordinates.SkyCoord`
        The places, of one dimension.

    Returns
    -------
    positions : `numpy.ndarray`
        Rows and columns on the grid of the tract, shape ``(n, 2)``.
    """
    pixels = coadd.sky_projection.sky_to_pixel(sky)
    return np.stack([np.asarray(pixels.y), np.asarray(pixels.x)], axis=-1)


def _check_type(coadd: Any, name: str) -> None:
    if not isinstance(coadd, CellCoadd):
        raise TypeError(f"A {name} is a CellCoadd, not a {type(coadd).__name__}.")


def _psf_kernels(coadd: CellCoadd) -> PsfKernels:
    """Return the PSF of a coadd in each of its cells."""
    bounds: Any = coadd.bounds
    kernels = np.full((1, *bounds.subgrid_size.as_tuple(), *coadd.psf.kernel_bbox.shape), np.nan)
    for cell in bounds.cell_indices():
        if cell not in bounds.missing:
            where = cell - bounds.subgrid_start
            kernels[0, where.i, where.j] = coadd.psf[cell].array
    first = box_from_images(bounds.grid.bbox_of(bounds.subgrid_start))
    rows, columns = kernels.shape[1:3]
    shape = rows * first.shape[0], columns * first.shape[1]
    return PsfKernels(kernels, Box.from_shape(shape, (first.y_start, first.x_start)), first.shape)
