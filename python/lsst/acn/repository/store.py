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
    "WARP_DATASET_TYPE",
    "VisitDescription",
    "check_not_stored",
    "open_repository",
    "put_warps",
    "register_warp_type",
    "remove_leftovers",
    "sync_dimensions",
)

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from lsst.daf.butler import (
    Butler,
    DataIdValueError,
    DatasetRef,
    DatasetType,
    MissingCollectionError,
    MissingDatasetTypeError,
)
from lsst.daf.butler.registry.interfaces import ReadOnlyDatabaseError
from lsst.resources import ResourcePath

from ..errors import RepositoryConflictError, RepositoryUnavailableError, RestorationError
from .dimension_records import VisitDescription, sync_dimensions
from .free_registry import check_registry_is_free
from .leftovers import sweep_leftovers
from .new_repository import (
    CONFIG_NAME,
    check_free,
    make_repository,
    missing_parents,
    remove_empty_repository,
    remove_makings,
)
from .writing_turn import LOCK_NAME, writing_turn

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
    RepositoryUnavailableError
        Raised if the repository cannot be opened or written to, or somebody
        else keeps it locked.

    Notes
    -----
    Others that open the same repository in this way wait for their turn.  A
    repository that was made here is removed again if the body of the ``with``
    statement raises and nobody else has put anything into it.
    """
    root = _local_root(path)
    with _failures_named(path):
        if root is None:
            with _opened(path) as butler:
                yield butler
            return
        if not _may_be_repository(root):
            check_free(root)
        folders = missing_parents(root)
        with writing_turn(root):
            is_new = not (root / CONFIG_NAME).exists()
            try:
                if is_new:
                    make_repository(root)
                remove_makings(root)
                check_registry_is_free(root)
                with _opened(str(root)) as butler:
                    yield butler
            except BaseException:
                if is_new:
                    remove_empty_repository(root, folders)
                raise


def _local_root(path: str) -> Path | None:
    """Return the folder of a repository; `None` if it is not on this machine."""
    if Path(path).is_file():
        return Path(path).absolute().parent
    if not (Path(path) / CONFIG_NAME).exists() and path in Butler.get_known_repos():
        path = str(Butler.get_repo_uri(path))
    if "://" not in path:
        return Path(path).absolute()
    try:
        resource = ResourcePath(path)
    except Exception as error:
        # Of each kind of address that is not known, or lacks its package.
        raise RepositoryUnavailableError(
            f"{path} is no address of a Butler repository: {_in_one_line(error)}", path=path
        ) from error
    return Path(resource.ospath) if resource.isLocal else None


def _may_be_repository(root: Path) -> bool:
    """Tell whether there is a repository, or a command of ours is at work."""
    return any((root / name).exists() for name in (CONFIG_NAME, LOCK_NAME))


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Butler]:
    try:
        butler = Butler.from_config(path, writeable=True)
    except Exception as error:
        # Damaged configurations and stores far away each have errors of their own.
        raise RepositoryUnavailableError(
            f"{path} cannot be opened as a Butler repository: {_in_one_line(error)}", path=path
        ) from error
    try:
        yield butler
    finally:
        butler.close()


@contextlib.contextmanager
def _failures_named(path: str) -> Iterator[None]:
    """Name the repository in what disk and database say."""
    try:
        yield
    except RestorationError:
        raise
    except (OSError, SQLAlchemyError, ReadOnlyDatabaseError) as error:
        raise RepositoryUnavailableError(
            f"Repository {path} could not be written to, and is as it was: {_in_one_line(error)}", path=path
        ) from error


def _in_one_line(error: Exception) -> str:
    """Return what an error says, without the statement in SQL."""
    cause = getattr(error, "orig", None) or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())


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
    references = []
    with butler.transaction():
        # Within it, so that nobody ever sees a run that is registered by half.
        butler.collections.register(run)
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


def remove_leftovers(path: str, run: str, dataset_types: Iterable[str] = (WARP_DATASET_TYPE,)) -> None:
    """Remove what a command left that was killed while it wrote into a run.

    Parameters
    ----------
    path : `str`
        The repository, opened by `open_repository`.
    run : `str`
        The run.
    dataset_types : `~collections.abc.Iterable` [`str`], optional
        Names of the dataset types that are about to be written.
    """
    if (root := _local_root(path)) is not None:
        sweep_leftovers(root, run, dataset_types)


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
