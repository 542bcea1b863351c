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

"""Read what a collection has of each restored patch."""

from __future__ import annotations

__all__ = ("CollectionReader", "ReportError")

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.coordinates import angular_separation

from lsst.daf.butler import DatasetRef, InvalidQueryError, MissingCollectionError, MissingDatasetTypeError
from lsst.pipe.base import NoWorkFound

from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from ..image_io import read_exposure_stack
from .numbers import read_numbers
from .patch_data import PatchId, PatchImages, PatchNumbers

if TYPE_CHECKING:
    from lsst.daf.butler import Butler
    from lsst.resources import ResourcePath

RESTORED, METRICS, PLOT = "restored_coadd", "restored_coadd_metrics", "restored_coadd_plot"
LINKED = (
    "restored_coadd_latent",
    "restored_coadd_pixel_variance",
    "restored_coadd_residual",
    "restored_coadd_training",
    "restored_coadd_visit_metrics",
)
"""What the page has no use for, but a reader may."""


class ReportError(Exception):
    """Raised if there is nothing to report on, or nowhere to write it."""


class CollectionReader:
    """Find and read the datasets of restored patches, one patch at a time.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    collection : `str`
        Name of the collection.
    where : `str`, optional
        Expression that patches have to fulfil, as for ``butler
        query-datasets``.
    coadd : `str`, optional
        Dataset type to compare the restored coadd with.

    Raises
    ------
    ReportError
        Raised if the collection does not exist, or has no
        ``restored_coadd``, or the expression has no meaning.
    """

    def __init__(
        self, butler: Butler, collection: str, *, where: str = "", coadd: str = "reference_coadd"
    ) -> None:
        self._butler, self.collection, self.coadd = butler, collection, coadd
        try:
            butler.collections.get_info(collection)
        except MissingCollectionError as error:
            raise ReportError(f"There is no collection {collection!r} in the repository.") from error
        self._found = {name: self._find(name, where) for name in (RESTORED, coadd, METRICS, PLOT, *LINKED)}
        if not self._found[RESTORED]:
            selected = f" where {where}" if where else ""
            raise ReportError(f"Collection {collection!r} has no {RESTORED}{selected}.")

    def _find(self, dataset_type: str, where: str) -> dict[PatchId, DatasetRef]:
        try:
            found = self._butler.query_datasets(
                dataset_type, collections=self.collection, where=where, limit=None, explain=False
            )
        except MissingDatasetTypeError:
            return {}
        except InvalidQueryError as error:
            raise ReportError(f"Cannot select patches where {where}: {error}") from error
        try:
            return {PatchId.from_reference(reference): reference for reference in found}
        except KeyError as error:
            raise ReportError(f"{dataset_type} is not of a patch and band: no dimension {error}.") from error

    @property
    def patches(self) -> list[PatchId]:
        """All patches that have a ``restored_coadd`` (`list` [`PatchId`])."""
        return sorted(self._found[RESTORED])

    def read_numbers(self, patch: PatchId) -> PatchNumbers:
        """Read the numbers of a patch.

        Parameters
        ----------
        patch : `PatchId`
            The patch.

        Returns
        -------
        numbers : `PatchNumbers`
            The first row of ``restored_coadd_metrics``, or what is wrong
            with it.
        """
        table, problem = self._get(METRICS, patch)
        if table is None:
            return PatchNumbers({}, (problem,))
        if not len(table):
            return PatchNumbers({}, (f"{METRICS} has no row.",))
        problems = (f"{METRICS} has {len(table)} rows; this is the first.",) if len(table) > 1 else ()
        identity = [field.name for field in dataclasses.fields(PatchId)]
        return PatchNumbers(read_numbers(table, leave_out=identity), problems)

    def read_images(self, patch: PatchId) -> PatchImages:
        """Read coadd and restored coadd of a patch.

        Parameters
        ----------
        patch : `PatchId`
            The patch.

        Returns
        -------
        images : `PatchImages`
            The images, and what is wrong with them.
        """
        restored, problem = self._read_image(RESTORED, patch, None)
        coadd, coadd_problem = self._read_image(self.coadd, patch, restored.box if restored else None)
        problems = [text for text in (problem, coadd_problem) if text]
        if restored is not None and coadd is not None and coadd.unit != restored.unit:
            problems.append(f"{self.coadd} is in {coadd.unit}, {RESTORED} in {restored.unit}.")
            coadd = None
        one = restored or coadd
        return PatchImages(
            coadd=_pixels(coadd),
            restored=_pixels(restored),
            unit=one.unit if one else "",
            pixel_scale=_pixel_scale(one) if one else None,
            problems=tuple(problems),
        )

    def _read_image(
        self, dataset_type: str, patch: PatchId, box: Box | None
    ) -> tuple[ExposureStack | None, str]:
        image, problem = self._get(dataset_type, patch)
        if image is None:
            return None, problem
        try:
            return read_exposure_stack({0: image}, bad_mask_planes=("NO_DATA",), box=box), ""
        except NoWorkFound:
            return None, f"{dataset_type} has no valid pixel{' where the other image is' if box else ''}."
        except Exception as error:
            # One image that cannot be read must not cost the whole report.
            return None, f"{dataset_type} cannot be shown: {_text(error)}"

    def read_plot(self, patch: PatchId) -> tuple[bytes | None, str]:
        """Read the plot of a patch as the file that it is.

        Parameters
        ----------
        patch : `PatchId`
            The patch.

        Returns
        -------
        content : `bytes` or `None`
            Content of the file, if there is one.
        problem : `str`
            What is wrong with it, empty if nothing is.
        """
        if patch not in self._found[PLOT]:
            return None, f"There is no {PLOT}."
        try:
            return self._butler.getURI(self._found[PLOT][patch]).read(), ""
        except Exception as error:
            return None, f"{PLOT} cannot be read: {_text(error)}"

    def files(self, patch: PatchId) -> dict[str, ResourcePath]:
        """Return where the datasets of a patch are stored.

        Parameters
        ----------
        patch : `PatchId`
            The patch.

        Returns
        -------
        files : `dict` [`str`, `lsst.resources.ResourcePath`]
            Files by dataset type, without those that are in several pieces
            or gone.
        """
        result = {}
        for name, found in self._found.items():
            if patch in found:
                try:
                    result[name] = self._butler.getURI(found[patch])
                except (FileNotFoundError, RuntimeError):
                    continue
        return result

    def _get(self, dataset_type: str, patch: PatchId) -> tuple[Any, str]:
        """Return a dataset, or `None` and why there is none."""
        reference = self._found[dataset_type].get(patch)
        if reference is None:
            return None, f"There is no {dataset_type}."
        try:
            return self._butler.get(reference), ""
        except Exception as error:
            return None, f"{dataset_type} cannot be read: {_text(error)}"


def _text(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _pixels(stack: ExposureStack | None) -> np.ndarray | None:
    return None if stack is None else np.where(stack.valid[0], stack.image[0], np.nan).astype(np.float32)


def _pixel_scale(stack: ExposureStack) -> float | None:
    if stack.geometry is None:
        return None
    (ra, dec), (next_ra, next_dec) = np.radians(stack.geometry.corners(stack.box)[:2])
    width = angular_separation(ra, dec, next_ra, next_dec)
    return float(np.degrees(width) * 3600.0 / stack.shape[1])
