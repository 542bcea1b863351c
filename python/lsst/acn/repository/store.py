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

"""Butler repositories of warps: opening one, storing warps in it."""

from __future__ import annotations

__all__ = (
    "VisitDescription",
    "check_not_stored",
    "open_repository",
    "put_warps",
    "register_warp_type",
    "sync_dimensions",
)

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lsst.daf.butler import (
    Butler,
    Config,
    DataIdValueError,
    DatasetRef,
    DatasetType,
    MissingCollectionError,
    MissingDatasetTypeError,
)

from ..errors import RepositoryConflictError
from ..image_io.write_recipes import WRITE_RECIPES
from .dimension_records import VisitDescription, sync_dimensions

WARP_DATASET_TYPE = "direct_warp"
WARP_DIMENSIONS = ("instrument", "visit", "skymap", "tract", "patch")


@contextlib.contextmanager
def open_repository(path: str) -> Iterator[Butler]:
    """Open a repository for writing, making it if there is none.

    Parameters
    ----------
    path : `str`
        Directory, or what else the Butler takes for an existing repository.

    Yields
    ------
    butler : `lsst.daf.butler.Butler`
        The repository, closed afterwards.

    Raises
    ------
    RepositoryConflictError
        Raised if the directory holds something else.

    Notes
    -----
    A repository that was made here is removed again if the body of the
    ``with`` statement raises.
    """
    is_new = not _exists(path)
    vanishing = _what_to_remove(Path(path)) if is_new else None
    try:
        if is_new:
            Butler.makeRepo(
                path, config=Config({"datastore": {"formatters": {"write_recipes": WRITE_RECIPES}}})
            )
        butler = Butler.from_config(path, writeable=True)
        try:
            yield butler
        finally:
            butler.close()
    except BaseException:
        if vanishing is not None and vanishing.exists():
            shutil.rmtree(vanishing)
        elif is_new:
            _empty(Path(path))
        raise


def _exists(path: str) -> bool:
    if (Path(path) / "butler.yaml").exists() or Path(path).is_file():
        return True
    # Not a local directory: leave it to the Butler to find it.
    return "://" in path or path in Butler.get_known_repos()


def _what_to_remove(root: Path) -> Path | None:
    """Return the topmost directory that a new repository brings with it."""
    if root.exists():
        if any(root.iterdir()):
            raise RepositoryConflictError(f"{root} is neither empty nor a Butler repository.")
        return None
    while not root.parent.exists():
        root = root.parent
    return root


def _empty(root: Path) -> None:
    for path in root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def put_warps(
    butler: Butler, warps: Iterable[tuple[int, Any]], *, instrument: str, run: str
) -> list[DatasetRef]:
    """Store warps as ``direct_warp``, all of them or none.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable repository that knows all visits and patches.
    warps : `~collections.abc.Iterable` [`tuple` [`int`, `typing.Any`]]
        Pairs of visit and `lsst.images.cells.CellCoadd`; taken one by one,
        so that they need not be in memory together.
    instrument : `str`
        Name of the instrument.
    run : `str`
        Name of the run to store them in.

    Returns
    -------
    references : `list` [`lsst.daf.butler.DatasetRef`]
        What was stored.
    """
    dataset_type = register_warp_type(butler)
    butler.collections.register(run)
    references = []
    with butler.transaction():
        for visit, warp in warps:
            data_id = {
                "instrument": instrument,
                "visit": visit,
                "skymap": warp.skymap,
                "tract": warp.tract,
                "patch": warp.patch.id,
            }
            references.append(butler.put(warp, dataset_type, data_id, run=run))
    return references


def register_warp_type(butler: Butler) -> DatasetType:
    """Return the dataset type of warps, registered if it was not.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable repository.

    Returns
    -------
    dataset_type : `lsst.daf.butler.DatasetType`
        What the repository has, or else one with storage class
        ``CellCoadd``, which a stack reads as ``ExposureF`` too.
    """
    with contextlib.suppress(LookupError):
        return butler.get_dataset_type(WARP_DATASET_TYPE)
    dataset_type = DatasetType(
        WARP_DATASET_TYPE, WARP_DIMENSIONS, storageClass="CellCoadd", universe=butler.dimensions
    )
    butler.registry.registerDatasetType(dataset_type)
    return dataset_type


def check_not_stored(butler: Butler, visits: Sequence[int], *, run: str, **data_id: Any) -> None:
    """Raise if a run already has the warp of a visit.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    visits : `~collections.abc.Sequence` [`int`]
        The visits.
    run : `str`
        Name of the run.
    **data_id : `typing.Any`
        Instrument, skymap, tract and patch.

    Raises
    ------
    RepositoryConflictError
        Raised if there are such warps; names all their visits.
    """
    try:
        found = butler.query_datasets(
            WARP_DATASET_TYPE, collections=run, data_id=data_id, find_first=False, explain=False
        )
    except (DataIdValueError, MissingCollectionError, MissingDatasetTypeError):
        # There is no such run, type, instrument or skymap yet.
        return
    if stored := sorted({int(reference.dataId["visit"]) for reference in found} & set(visits)):
        raise RepositoryConflictError(
            f"Run {run} already has warps of visits {stored}; choose another run, or remove that one."
        )
