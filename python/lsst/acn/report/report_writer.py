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

"""From a collection to a page on disk."""

from __future__ import annotations

__all__ = ("PAGE_NAME", "ReportSummary", "write_report")

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .collect import CollectionReader, ReportError
from .outliers import THRESHOLD
from .page import PageRow, render_page
from .patch_rows import PatchRows

if TYPE_CHECKING:
    from lsst.daf.butler import Butler

PAGE_NAME = "index.html"
IMAGE_SIZE = 400
PLOT_WIDTH = 2000


@dataclasses.dataclass(frozen=True)
class ReportSummary:
    """What was written.

    Parameters
    ----------
    path : `pathlib.Path`
        The page.
    n_patches, n_outliers, n_incomplete : `int`
        Number of patches, of those in which a number stands out, and of
        those that lack something.
    n_bytes : `int`
        Size of the page.
    """

    path: Path
    n_patches: int
    n_outliers: int
    n_incomplete: int
    n_bytes: int


def write_report(
    butler: Butler,
    collection: str,
    folder: Path,
    *,
    where: str = "",
    coadd: str = "reference_coadd",
    image_size: int = IMAGE_SIZE,
    with_plots: bool = True,
    plot_width: int = PLOT_WIDTH,
    threshold: float = THRESHOLD,
) -> ReportSummary:
    """Write a page that shows all restored patches of a collection.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    collection : `str`
        Name of the collection.
    folder : `pathlib.Path`
        Folder to write ``index.html`` to; made if need be.  A page that is
        there stays until the new one is complete.
    where : `str`, optional
        Expression that patches have to fulfil, as for ``butler
        query-datasets``.
    coadd : `str`, optional
        Dataset type to compare the restored coadds with.
    image_size : `int`, optional
        Largest side of a picture, in pixels.  A larger patch is shown with
        fewer pixels, and a part of it at full resolution.
    with_plots : `bool`, optional
        Whether to put the plots into the page.
    plot_width : `int`, optional
        Largest width of a plot, in pixels.
    threshold : `float`, optional
        Number of robust standard deviations from the median of its band from
        which a number stands out.

    Returns
    -------
    summary : `ReportSummary`
        What was written.

    Raises
    ------
    ReportError
        Raised if the collection has no restored coadd, or the folder cannot
        be written to.
    """
    reader = CollectionReader(butler, collection, where=where, coadd=coadd)
    rows = PatchRows(reader, folder, threshold=threshold, image_size=image_size, plot_width=plot_width)
    n_incomplete = 0

    def counted() -> Iterator[PageRow]:
        nonlocal n_incomplete
        for row in rows.read(with_plots=with_plots):
            n_incomplete += bool(row.problems)
            yield row

    with _replacing(folder / PAGE_NAME) as stream:
        for text in render_page(rows.head, counted(), rows.read_colors()):
            stream.write(text)
    size = (folder / PAGE_NAME).stat().st_size
    return ReportSummary(folder / PAGE_NAME, len(rows.head.patches), rows.head.n_outliers, n_incomplete, size)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """Open a file that takes the place of another one once it is complete."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = part.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(f"Cannot write to {path.parent}: {error.strerror}.") from error
    try:
        with stream:
            yield stream
        os.replace(part, path)
    except OSError as error:
        raise ReportError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
