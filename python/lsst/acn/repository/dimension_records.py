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

"""Records of the Butler's dimensions that warps need."""

from __future__ import annotations

__all__ = (
    "VisitDescription",
    "patch_index",
    "stored_patch_box",
    "sync_dimensions",
)

import dataclasses
import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lsst.daf.butler import Butler, DimensionRecord
from lsst.sphgeom import ConvexPolygon, LonLat, Region, UnitVector3d

from ..errors import RepositoryConflictError
from ..exposures.boxes import Box
from ..image_io import PatchGeometry
from .names import check_name

_LOG = logging.getLogger(__name__)

LONGEST_NAME = 32
"""Characters of a name of which the registry does not say it (`int`)."""

MADE_HERE = "lsst.acn"
"""Value of a visit's ``observation_reason`` if its record was made here."""


@dataclasses.dataclass(frozen=True)
class VisitDescription:
    """What the Butler has to know of a visit.

    Parameters
    ----------
    visit : `int`
        Identifier.
    band : `str`
        Name of the band.
    physical_filter : `str`
        Name of the filter.
    day_obs : `int`
        Night of the observation, as in 20260131.
    exposure_time : `float`, optional
        Exposure time in seconds.
    """

    visit: int
    band: str
    physical_filter: str
    day_obs: int
    exposure_time: float | None = None


def sync_dimensions(
    butler: Butler,
    *,
    instrument: str,
    visits: Iterable[VisitDescription],
    patches: Sequence[PatchGeometry],
    patch_grid: tuple[int, int] = (10, 10),
    tract_max: int | None = None,
) -> None:
    """Register what is missing of instrument, visits, tract and patches.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable repository.
    instrument : `str`
        Name of the instrument.
    visits : `~collections.abc.Iterable` [`VisitDescription`]
        Visits that cover all ``patches``.
    patches : `~collections.abc.Sequence` [`PatchGeometry`]
        Patches of one tract.
    patch_grid : `tuple` [`int`, `int`], optional
        Number of rows and columns of patches of a tract, for a skymap that
        is not there yet.
    tract_max : `int`, optional
        Number of tracts, for a skymap that is not there yet; by default just
        enough.

    Raises
    ------
    RepositoryConflictError
        Raised if the repository already has a record that says something
        else.  Nothing is changed then.

    Notes
    -----
    Records that are there are left alone, with one exception: regions of
    visits and tracts that were made here grow with the patches they cover.
    """
    visits = list(visits)
    _check_names(butler, instrument, visits, patches[0].skymap)
    with butler.transaction():
        _sync_skymap(butler, patches[0], patch_grid, tract_max)
        _sync_tract(butler, patches)
        for patch in patches:
            _sync_patch(butler, patch)
        _insert_missing(butler, "instrument", {"instrument": instrument})
        for visit in visits:
            _sync_visit(butler, instrument, visit, patches)


def _check_names(butler: Butler, instrument: str, visits: Sequence[VisitDescription], skymap: str) -> None:
    """Raise if the registry cannot hold a name."""
    names = [("instrument", instrument), ("skymap", skymap)]
    for visit in visits:
        names += [("band", visit.band), ("physical_filter", visit.physical_filter)]
    for element, name in names:
        check_name(element, name, butler.dimensions.dimensions[element].primaryKey.length or LONGEST_NAME)


def _find(butler: Butler, element: str, **key: Any) -> DimensionRecord | None:
    found = butler.query_dimension_records(element, data_id=key, explain=False)
    return found[0] if found else None


def _insert_missing(butler: Butler, element: str, key: dict[str, Any], **row: Any) -> DimensionRecord | None:
    """Insert a record, or return the one that is already there."""
    record = _find(butler, element, **key)
    if record is None:
        butler.registry.insertDimensionData(element, key | row)
    return record


def _skymap_hash(name: str) -> bytes:
    return hashlib.sha1(f"{MADE_HERE} {name}".encode(), usedforsecurity=False).digest()


def _sync_skymap(butler: Butler, patch: PatchGeometry, grid: tuple[int, int], tracts: int | None) -> None:
    record = _insert_missing(
        butler,
        "skymap",
        {"skymap": patch.skymap},
        hash=_skymap_hash(patch.skymap),
        tract_max=tracts or patch.tract + 1,
        patch_ny_max=grid[0],
        patch_nx_max=grid[1],
    )
    rows, columns = grid if record is None else (record.patch_ny_max, record.patch_nx_max)
    index = patch.patch.index
    if rows is not None and columns is not None and not (index.y < rows and index.x < columns):
        raise RepositoryConflictError(
            f"Patch {patch.patch.id} (row {index.y}, column {index.x}) is not among the {rows} rows and "
            f"{columns} columns of patches of skymap {patch.skymap}."
        )


def _sync_tract(butler: Butler, patches: Sequence[PatchGeometry]) -> None:
    skymap, tract = patches[0].skymap, patches[0].tract
    key = {"skymap": skymap, "tract": tract}
    region = sky_region(patches)
    record = _insert_missing(butler, "tract", key, region=region)
    skymap_record = _find(butler, "skymap", skymap=skymap)
    if record is not None and skymap_record is not None and skymap_record.hash == _skymap_hash(skymap):
        _grow(butler, record, region)


def _sync_patch(butler: Butler, patch: PatchGeometry) -> None:
    key = {"skymap": patch.skymap, "tract": patch.tract, "patch": patch.patch.id}
    index, region = patch.patch.index, sky_region([patch])
    record = _insert_missing(butler, "patch", key, cell_x=index.x, cell_y=index.y, region=region)
    if record is None:
        return
    if (record.cell_y, record.cell_x) != (index.y, index.x):
        raise RepositoryConflictError(
            f"Patch {patch.patch.id} of tract {patch.tract} is in row {record.cell_y}, column "
            f"{record.cell_x} of skymap {patch.skymap}, not in row {index.y}, column {index.x}."
        )
    if record.region is not None and not _covers(record.region, region):
        raise RepositoryConflictError(
            f"Patch {patch.patch.id} of tract {patch.tract} of skymap {patch.skymap} lies elsewhere on the "
            "sky than the warps do."
        )


def _sync_visit(
    butler: Butler, instrument: str, visit: VisitDescription, patches: Sequence[PatchGeometry]
) -> None:
    _sync_filter(butler, instrument, visit)
    day = {"instrument": instrument, "day_obs": visit.day_obs}
    _insert_missing(butler, "day_obs", day)
    key = {"instrument": instrument, "visit": visit.visit}
    region = sky_region(patches)
    record = _insert_missing(
        butler,
        "visit",
        key,
        name=str(visit.visit),
        physical_filter=visit.physical_filter,
        day_obs=visit.day_obs,
        exposure_time=visit.exposure_time,
        observation_reason=MADE_HERE,
        region=region,
    )
    if record is None:
        return
    for name in ("physical_filter", "day_obs"):
        if getattr(record, name) != getattr(visit, name):
            raise RepositoryConflictError(
                f"Visit {visit.visit} of {instrument} has {name} {getattr(record, name)!r} in the "
                f"repository, not {getattr(visit, name)!r}."
            )
    if record.observation_reason == MADE_HERE:
        _grow(butler, record, region)
    elif record.region is not None and record.region.overlaps(region) is False:
        raise RepositoryConflictError(
            f"Visit {visit.visit} of {instrument} lies elsewhere on the sky than its warp does."
        )


def _sync_filter(butler: Butler, instrument: str, visit: VisitDescription) -> None:
    key = {"instrument": instrument, "physical_filter": visit.physical_filter}
    record = _insert_missing(butler, "physical_filter", key, band=visit.band)
    if record is not None and record.band != visit.band:
        raise RepositoryConflictError(
            f"Filter {visit.physical_filter!r} of {instrument} is of band {record.band!r} in the repository, "
            f"not {visit.band!r}."
        )


def sky_region(patches: Sequence[PatchGeometry]) -> ConvexPolygon:
    """Return the smallest convex region that holds some patches.

    Parameters
    ----------
    patches : `~collections.abc.Sequence` [`PatchGeometry`]
        The patches.

    Returns
    -------
    region : `lsst.sphgeom.ConvexPolygon`
        Region on the sky.
    """
    corners = np.concatenate([patch.corners() for patch in patches])
    return ConvexPolygon([UnitVector3d(LonLat.fromDegrees(ra, dec)) for ra, dec in corners])


def _covers(region: Region, other: ConvexPolygon) -> bool:
    """Tell whether a region holds another, but for rounding at its edge."""
    center = other.getCentroid()
    inner = [UnitVector3d(vertex * (1 - 1e-4) + center * 1e-4) for vertex in other.getVertices()]
    return all(region.contains(vertex) for vertex in inner)


def _grow(butler: Butler, record: DimensionRecord, region: ConvexPolygon) -> None:
    """Let a record's region take in another one."""
    if record.region is not None and _covers(record.region, region):
        return
    vertices = list(region.getVertices())
    if isinstance(record.region, ConvexPolygon):
        vertices += record.region.getVertices()
    row = record.toDict() | {"region": ConvexPolygon(vertices)}
    butler.registry.syncDimensionData(record.definition, row, update=True)
    _LOG.info("Extended the region of %s %s.", record.definition.name, record.dataId)


def patch_index(butler: Butler, patch: PatchGeometry, patch_grid: tuple[int, int]) -> tuple[int, int]:
    """Return the row and column of a patch in its tract.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    patch : `PatchGeometry`
        The patch.
    patch_grid : `tuple` [`int`, `int`]
        Number of rows and columns of patches of a tract, if the repository
        does not know the skymap.

    Returns
    -------
    row, column : `int`
        What the repository says, else what follows from the identifier, row
        by row.
    """
    key = {"skymap": patch.skymap, "tract": patch.tract, "patch": patch.patch.id}
    if (record := _find(butler, "patch", **key)) is not None:
        return record.cell_y, record.cell_x
    if (record := _find(butler, "skymap", skymap=patch.skymap)) is not None and record.patch_nx_max:
        patch_grid = (record.patch_ny_max, record.patch_nx_max)
    row, column = divmod(patch.patch.id, patch_grid[1])
    return row, column


def stored_patch_box(butler: Butler, patch: PatchGeometry) -> Box | None:
    """Return the pixels that a patch has according to the repository.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    patch : `PatchGeometry`
        The patch, with the sky projection of its tract.

    Returns
    -------
    box : `Box` or `None`
        Box of the patch's region; `None` if the repository does not know the
        patch.
    """
    key = {"skymap": patch.skymap, "tract": patch.tract, "patch": patch.patch.id}
    record = _find(butler, "patch", **key)
    if record is None or not isinstance(record.region, ConvexPolygon):
        return None
    corners = [LonLat(vertex) for vertex in record.region.getVertices()]
    return patch.box_of(
        np.array([(corner.getLon().asDegrees(), corner.getLat().asDegrees()) for corner in corners])
    )
