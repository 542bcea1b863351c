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

"""Bring warps from FITS files into a Butler repository."""

from __future__ import annotations

__all__ = ("ingest_warps",)

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import astropy.units
import numpy as np

from lsst.daf.butler import Butler, DatasetRef
from lsst.daf.butler.progress import Progress

from ..errors import InvalidWarpFileError
from ..exposures.boxes import Box
from ..exposures.mask_planes import DEFAULT_BAD_MASK_PLANES, plane_bitmask
from ..image_io import PSF_OVERSAMPLING_KEY, PatchGeometry, make_patch_geometry, make_warp, with_patch
from .bounded_file import MAX_FILE_SIZE
from .dimension_records import patch_index, stored_patch_box, sync_dimensions
from .names import check_collection_name
from .pixel_units import DEFAULT_UNIT
from .store import check_not_stored, open_repository, put_warps, register_warp_type, remove_leftovers
from .warp_files import WarpFile, read_warp_file
from .warp_table import WarpTableRow, read_warp_table

_LOG = logging.getLogger(__name__)
_PROGRESS = Progress("lsst.acn.repository.ingest", level=logging.WARNING)

MAX_SEPARATION = 0.1
"""Distance, in pixels, by which the grids of two files may differ."""


@dataclasses.dataclass(frozen=True, eq=False)
class _CheckedWarp:
    """What has to be known of a warp before the first one is written."""

    row: WarpTableRow
    box: Box
    states_start: bool
    geometry: PatchGeometry
    unit: str
    states_unit: bool


def ingest_warps(
    repo: str,
    table: str,
    *,
    skymap: str,
    tract: int,
    patch: int,
    output_run: str,
    instrument: str | None = None,
    unit: str | None = None,
    patch_grid: tuple[int, int] = (10, 10),
    cell_size: int = 300,
    max_file_size: int = MAX_FILE_SIZE,
    pixel_scale: float | None = None,
) -> list[DatasetRef]:
    """Store the warps that a table lists as ``direct_warp``.

    Parameters
    ----------
    repo : `str`
        Butler repository, which is made if there is none.
    table : `str`
        ECSV table; see `~lsst.acn.repository.warp_table.read_warp_table`.
    skymap : `str`
        Name of the skymap.
    tract, patch : `int`
        Identifiers of the tract and patch that all warps belong to.
    output_run : `str`
        Run to store them in; must not hold any of them yet.
    instrument : `str`, optional
        Name of the instrument; by default what the table says.
    unit : `str`, optional
        Unit of the pixels of files that do not state it and have no
        calibration.
    patch_grid : `tuple` [`int`, `int`], optional
        Number of rows and columns of patches of a tract, for a skymap that
        the repository does not know.
    cell_size : `int`, optional
        Side, in pixels, that the cells of the patch should have.
    max_file_size : `int`, optional
        Bytes that a file, and the pixels of each of its extensions, may have
        when they are decompressed.
    pixel_scale : `float`, optional
        Side of a pixel in arcsec, for files that have no WCS; these are taken
        to be on one grid, at right ascension and declination 0.

    Returns
    -------
    references : `list` [`lsst.daf.butler.DatasetRef`]
        What was stored.

    Raises
    ------
    InvalidWarpFileError
        Raised if the table or a file is not usable.
    RepositoryConflictError
        Raised if the repository says something else or already has a warp, or
        cannot hold a name.
    RepositoryUnavailableError
        Raised if the repository is locked or cannot be written to.

    Notes
    -----
    All files are read and checked before the repository is touched, and are
    read again one by one when they are stored.  If anything goes wrong, the
    repository is left as it was, or is not made.
    """
    check_collection_name(output_run)
    rows, meta = read_warp_table(table)
    instrument = instrument or meta.get("instrument")
    if not instrument:
        raise InvalidWarpFileError(f"{table} does not name an instrument, and none is given.", path=table)
    identity = {"skymap": skymap, "tract": tract, "patch": patch}
    unit = unit or meta.get("unit")
    read = functools.partial(_read, unit=unit, pixel_scale=pixel_scale, max_file_size=max_file_size)
    checked = [
        _check(row, read(row), identity)
        for row in _PROGRESS.wrap(rows, desc="Checking warps", total=len(rows))
    ]
    _check_together(checked)
    _warn_of_units(checked)
    visits = [row.visit for row in rows]
    with open_repository(repo) as butler:
        check_not_stored(
            butler, [visit.visit for visit in visits], run=output_run, instrument=instrument, **identity
        )
        geometry = _common_geometry(butler, checked, patch_grid, cell_size)
        register_warp_type(butler)
        remove_leftovers(repo, output_run)
        with butler.transaction():
            sync_dimensions(
                butler, instrument=instrument, visits=visits, patches=[geometry], patch_grid=patch_grid
            )
            return put_warps(butler, _warps(rows, read, geometry), instrument=instrument, run=output_run)


def _check(row: WarpTableRow, warp: WarpFile, identity: dict[str, Any]) -> _CheckedWarp:
    bad = np.uint32(plane_bitmask(DEFAULT_BAD_MASK_PLANES, warp.mask_planes))
    if not (np.isfinite(warp.image) & (warp.variance > 0) & ((warp.mask & bad) == 0)).any():
        _LOG.warning("Visit %d has no valid pixel; see %s.", row.visit.visit, row.path)
    geometry = make_patch_geometry(
        warp.wcs, outer_box=warp.box, wcs_start=(warp.box.y_start, warp.box.x_start), **identity
    )
    return _CheckedWarp(row, warp.box, warp.start is not None, geometry, warp.unit, warp.states_unit)


def _read(row: WarpTableRow, *, unit: str | None, pixel_scale: float | None, max_file_size: int) -> WarpFile:
    try:
        return read_warp_file(
            row.path,
            psf_path=row.psf_path,
            unit=row.unit or unit,
            pixel_scale=pixel_scale,
            max_file_size=max_file_size,
        )
    except InvalidWarpFileError as error:
        raise InvalidWarpFileError(f"Visit {row.visit.visit}: {error}", **error.metadata) from error


def _warn_of_units(warps: Sequence[_CheckedWarp]) -> None:
    """Say once, and not for each file, that nothing states a unit."""
    if unknown := [warp for warp in warps if not warp.states_unit]:
        _LOG.warning(
            "Nothing states the unit of the pixels of %d of %d files, such as %s; they are taken as %s.",
            *(len(unknown), len(warps), unknown[0].row.path, DEFAULT_UNIT),
        )


def _check_together(warps: Sequence[_CheckedWarp]) -> None:
    """Raise unless all warps lie on one grid and are in one kind of unit."""
    first = warps[0]
    for warp in warps[1:]:
        name = f"Visit {warp.row.visit.visit}: {warp.row.path}"
        if not warp.states_start and warp.box.shape != first.box.shape:
            raise InvalidWarpFileError(
                f"{name} is of shape {warp.box.shape}, but {first.row.path} of {first.box.shape}, and no "
                "LTV1 and LTV2 say where on the patch it lies.",
                path=str(warp.row.path),
            )
        own = warp.geometry
        if (distance := first.geometry.distance(own.outer_box, own.corners())) > MAX_SEPARATION:
            raise InvalidWarpFileError(
                f"{name} is not on the pixel grid of {first.row.path}; it is {distance:.3g} pixels off.",
                path=str(warp.row.path),
            )
        if not astropy.units.Unit(warp.unit).is_equivalent(astropy.units.Unit(first.unit)):
            raise InvalidWarpFileError(
                f"{name} is in {warp.unit!r}, but {first.row.path} in {first.unit!r}.",
                path=str(warp.row.path),
            )


def _common_geometry(
    butler: Butler, warps: Sequence[_CheckedWarp], patch_grid: tuple[int, int], cell_size: int
) -> PatchGeometry:
    """Return the patch as the repository has it, or as the warps span it."""
    first = warps[0].geometry
    box = stored_patch_box(butler, first) or Box(
        min(warp.box.y_start for warp in warps),
        max(warp.box.y_stop for warp in warps),
        min(warp.box.x_start for warp in warps),
        max(warp.box.x_stop for warp in warps),
    )
    for warp in warps:
        if not box.contains(warp.box):
            raise InvalidWarpFileError(
                f"Visit {warp.row.visit.visit}: the pixels {warp.box} of {warp.row.path} are not inside "
                f"patch {first.patch.id}, which is {box}.",
                path=str(warp.row.path),
            )
    return with_patch(first, outer_box=box, index=patch_index(butler, first, patch_grid), cell_size=cell_size)


def _warps(
    rows: Sequence[WarpTableRow], read: Callable[[WarpTableRow], WarpFile], geometry: PatchGeometry
) -> Iterator[tuple[int, Any]]:
    """Yield visits and their warps, read only when their turn has come."""
    for row in _PROGRESS.wrap(rows, desc="Storing warps", total=len(rows)):
        warp = read(row)
        yield (
            row.visit.visit,
            make_warp(
                warp.image,
                warp.variance,
                warp.psf,
                geometry=geometry,
                box=warp.box,
                mask=warp.mask,
                mask_planes=warp.mask_planes,
                unit=warp.unit,
                band=row.visit.band,
                metadata=_metadata(row),
            ),
        )


def _metadata(row: WarpTableRow) -> dict[str, str | int | float]:
    """Return what is kept with a warp; of the samples of its PSF, only what is unusual."""
    metadata: dict[str, str | int | float] = {"source_file": row.path.name}
    if row.psf_oversampling > 1:
        metadata[PSF_OVERSAMPLING_KEY] = row.psf_oversampling
    return metadata
