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

"""Warps as `lsst.images.cells.CellCoadd`: reading and making them."""

from __future__ import annotations

__all__ = ("PSF_OVERSAMPLING_KEY", "CorrectionsOfPsf", "make_warp", "read_cell_coadd", "read_images_mask")

from collections.abc import Callable, Mapping, Sequence

import astropy.units
import numpy as np

from lsst.images import BoundsError, Image, Mask, MaskPlane, MaskSchema
from lsst.images.cells import (
    CellCoadd,
    CellField,
    CellGridBounds,
    CellIJ,
    CellPointSpreadFunction,
    CoaddProvenance,
)

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import canonical_plane_name, describe_plane
from ..exposures.psf_kernels import PsfKernels
from .geometry import PatchGeometry, box_from_images, box_to_images
from .warp_arrays import MASK_BITS, WarpArrays

PSF_OVERSAMPLING_KEY = "psf_oversampling"
"""Where the metadata of a warp say how many samples per pixel its PSF has along
each axis, if it has more than one."""

CorrectionsOfPsf = Callable[[CellPointSpreadFunction], Mapping[str, CellField]]


def read_cell_coadd(coadd: CellCoadd, box: Box | None = None) -> WarpArrays:
    """Return the arrays of a `~lsst.images.cells.CellCoadd`.

    Parameters
    ----------
    coadd : `lsst.images.cells.CellCoadd`
        The warp.
    box : `Box`, optional
        Pixels to return; by default all in its grid of cells, which coadds
        of the LSST Science Pipelines reach beyond: there, they have no PSF.

    Returns
    -------
    arrays : `WarpArrays`
        The arrays, sharing memory with ``coadd`` but for the mask.
    """
    box = box or box_from_images(coadd.bbox).intersection(box_from_images(coadd.grid.bbox))
    pixels = box_to_images(box)
    mask, mask_planes = _flatten(coadd.mask[pixels])
    return WarpArrays(
        image=coadd.image[pixels].array,
        variance=coadd.variance[pixels].array,
        mask=mask,
        mask_planes=mask_planes,
        box=box,
        unit=coadd.unit.to_string(),
        band=coadd.band,
        kernel_at=lambda y, x: _kernel_at(coadd.psf, y, x),
        geometry=_geometry(coadd),
        psf_oversampling=int(str(coadd.metadata.get(PSF_OVERSAMPLING_KEY, 1))),
    )


def read_images_mask(mask: Mask) -> tuple[np.ndarray, dict[str, int], Box]:
    """Return the pixels, the planes and the position of a mask.

    Parameters
    ----------
    mask : `lsst.images.Mask`
        The mask.

    Returns
    -------
    pixels : `numpy.ndarray`
        Bit mask of each pixel, uint32.
    planes : `dict` [`str`, `int`]
        Bit number of each plane, by name.
    box : `Box`
        Position of the mask.
    """
    return *_flatten(mask), box_from_images(mask.bbox)


def _geometry(coadd: CellCoadd) -> PatchGeometry | None:
    try:
        return PatchGeometry(coadd.sky_projection, coadd.patch)
    except AttributeError:
        return None


def _flatten(mask: Mask) -> tuple[np.ndarray, dict[str, int]]:
    """Return a mask with one number a pixel, and the bits of its planes."""
    names = list(mask.schema.names)
    if len(names) > MASK_BITS:
        names = [name for name in names if mask.get(name).any()]
    if len(names) > MASK_BITS:
        raise InvalidExposureError(f"More than {MASK_BITS} mask planes are in use.")
    result = np.zeros(mask.bbox.shape, np.uint32)
    for bit, name in enumerate(names):
        result |= mask.get(name).astype(np.uint32) << np.uint32(bit)
    return result, {canonical_plane_name(name): bit for bit, name in enumerate(names)}


def _kernel_at(psf: CellPointSpreadFunction, y: float, x: float) -> np.ndarray | None:
    try:
        kernel = psf.compute_kernel_image(x=x, y=y).array
    except BoundsError:
        return None
    except ValueError as error:
        # The kernel image of an odd box does not fit an even array.
        raise InvalidExposureError(f"The PSF kernel at (y={y:g}, x={x:g}) has an even side.") from error
    return None if np.isnan(kernel).all() else kernel


def make_warp(
    image: np.ndarray,
    variance: np.ndarray,
    psf: PsfKernels | np.ndarray,
    *,
    geometry: PatchGeometry,
    box: Box | None = None,
    mask: np.ndarray | None = None,
    mask_planes: Mapping[str, int] | None = None,
    unit: str = "nJy",
    band: str | None = None,
    provenance: CoaddProvenance | None = None,
    metadata: Mapping[str, str | int | float] | None = None,
    mask_fractions: Mapping[str, np.ndarray] | None = None,
    noise_realizations: Sequence[np.ndarray] = (),
    aperture_corrections: CorrectionsOfPsf | None = None,
) -> CellCoadd:
    """Make a `~lsst.images.cells.CellCoadd` from arrays.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Pixel values and their variance, shape ``(height, width)``.
    psf : `PsfKernels` or `numpy.ndarray`
        PSF kernels of one exposure; an array of shape ``(k, k)`` if the PSF
        does not vary over the patch.
    geometry : `PatchGeometry`
        Patch that the image belongs to.
    box : `Box`, optional
        Position of the image; by default the whole patch.
    mask : `numpy.ndarray`, optional
        Bit mask of each pixel; by default nothing is set.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`], optional
        Bit number of each mask plane, by name.
    unit : `str`, optional
        Unit of ``image``.
    band : `str`, optional
        Name of the band.
    provenance : `lsst.images.cells.CoaddProvenance`, optional
        What went into the image.  Cells that it says nothing of are marked
        as missing.
    metadata : `~collections.abc.Mapping`, optional
        Further values to keep with the image.
    mask_fractions : `~collections.abc.Mapping` [`str`, `numpy.ndarray`], optional
        Share of the weight that a plane of the inputs' masks has taken, in
        each pixel, by the name of the plane.
    noise_realizations : `~collections.abc.Sequence` [`numpy.ndarray`], optional
        Images of noise alone.
    aperture_corrections : `~collections.abc.Callable`, optional
        Takes the PSF in cells; returns the aperture corrections, such as
        `psf_corrections` with its other arguments given.

    Returns
    -------
    coadd : `lsst.images.cells.CellCoadd`
        The image, sharing memory with ``image`` and ``variance`` where these
        are float32.

    Raises
    ------
    ValueError
        Raised if ``box`` and ``image`` do not fit each other or the patch.
    """
    box = box or geometry.outer_box
    if not geometry.outer_box.contains(box):
        raise ValueError(f"Box {box} is not inside the patch's {geometry.outer_box}.")
    if not box.shape == image.shape == variance.shape:
        raise ValueError(f"Box {box} does not fit planes of shapes {image.shape} and {variance.shape}.")
    pixels, parsed = box_to_images(box), astropy.units.Unit(unit)
    cell_psf = _cell_psf(psf, geometry, box, provenance)
    result = CellCoadd(
        Image(np.asarray(image, np.float32), bbox=pixels, unit=parsed),
        variance=Image(np.asarray(variance, np.float32), bbox=pixels, unit=parsed**2),
        mask=make_mask(mask, mask_planes or {}, box),
        mask_fractions={
            name: Image(np.asarray(plane, np.float32), bbox=pixels)
            for name, plane in (mask_fractions or {}).items()
        },
        noise_realizations=[
            Image(np.asarray(noise, np.float32), bbox=pixels, unit=parsed) for noise in noise_realizations
        ],
        sky_projection=geometry.sky_projection,
        band=band,
        psf=cell_psf,
        aperture_corrections=None if aperture_corrections is None else aperture_corrections(cell_psf),
        patch=geometry.patch,
        provenance=provenance,
    )
    result.metadata = dict(metadata or {})
    return result


def make_mask(mask: np.ndarray | None, mask_planes: Mapping[str, int], box: Box) -> Mask:
    """Return a mask with named planes from one number a pixel.

    Parameters
    ----------
    mask : `numpy.ndarray` or `None`
        Bit mask of each pixel; `None` if nothing is set.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each plane, by name.
    box : `Box`
        Position of the mask.

    Returns
    -------
    mask : `lsst.images.Mask`
        The mask.
    """
    names = {canonical_plane_name(name): bit for name, bit in mask_planes.items()}
    schema = MaskSchema([MaskPlane(name, describe_plane(name)) for name in names])
    result = Mask(0, schema=schema, bbox=box_to_images(box))
    if mask is not None:
        for name, bit in names.items():
            result.set(name, np.asarray(mask) >> bit & 1)
    return result


def _cell_psf(
    psf: PsfKernels | np.ndarray, geometry: PatchGeometry, box: Box, provenance: CoaddProvenance | None
) -> CellPointSpreadFunction:
    """Return the kernels at the centres of the cells that ``box`` touches."""
    if isinstance(psf, np.ndarray):
        psf = PsfKernels.constant(psf[None], box)
    grid = geometry.patch.cells
    bounds = CellGridBounds(grid=grid, bbox=grid.bbox)[box_to_images(box)]
    missing = frozenset() if provenance is None else _cells_without_input(bounds, provenance)
    size = bounds.subgrid_size
    array = np.full((size.i, size.j, psf.size, psf.size), np.nan)
    for cell in bounds.cell_indices():
        if cell not in missing:
            where = cell - bounds.subgrid_start
            array[where.i, where.j] = psf.at(*box_from_images(grid.bbox_of(cell)).center)[0]
    return CellPointSpreadFunction(array, CellGridBounds(grid=grid, bbox=bounds.bbox, missing=missing))


def _cells_without_input(bounds: CellGridBounds, provenance: CoaddProvenance) -> frozenset[CellIJ]:
    table = provenance.contributions
    have = {(int(i), int(j)) for i, j in zip(table["cell_i"], table["cell_j"], strict=True)}
    return frozenset(cell for cell in bounds.cell_indices() if (cell.i, cell.j) not in have)
