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

"""Write colour pictures of all patches into a folder."""

from __future__ import annotations

__all__ = ("write_colors",)

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .collect import CollectionReader, ReportError
from .color_patches import ColorPatch, color_patches, draw_patch

if TYPE_CHECKING:
    from lsst.daf.butler import Butler


def write_colors(
    butler: Butler,
    collection: str,
    folder: Path,
    *,
    where: str = "",
    bands: Sequence[str] = (),
    coadd: str = "reference_coadd",
) -> list[Path]:
    """Write each patch of a collection that has three bands as colour pictures.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    collection : `str`
        Name of the collection.
    folder : `pathlib.Path`
        Folder to write to, made if need be.
    where : `str`, optional
        Expression that patches have to fulfil.
    bands : `~collections.abc.Sequence` [`str`], optional
        Bands that are red, green and blue; by default i, r and g, or the
        reddest, the middle and the bluest of a patch that lacks one of these.
    coadd : `str`, optional
        Dataset type that is shown as well, on the same scale.

    Returns
    -------
    paths : `list` [`pathlib.Path`]
        PNG files, two for a patch: ``SKYMAP-TRACT-PATCH-irg-restored_coadd.png``
        and the same of the coadd; a pixel of them is a pixel of the patch.

    Raises
    ------
    ReportError
        Raised if no patch has three bands that can be shown together, or the
        folder cannot be written to.
    """
    reader = CollectionReader(butler, collection, where=where, coadd=coadd)
    patches = color_patches(reader.patches, bands)
    if not patches:
        asked = f"bands {', '.join(bands)}" if bands else "three bands"
        raise ReportError(f"No patch of {collection!r} has a restored_coadd in {asked}.")
    written: list[Path] = []
    for patch in patches:
        pictures = draw_patch(reader, patch)
        for name, png in ((coadd, pictures.coadd), ("restored_coadd", pictures.restored)):
            if png is not None:
                path = folder / f"{_stem(patch)}-{name}.png"
                _replace(path, png)
                written.append(path)
    if not written:
        raise ReportError("The images of no patch are on the same pixels and in the same unit in its bands.")
    return written


def _stem(patch: ColorPatch) -> str:
    parts = (patch.skymap, str(patch.tract), str(patch.patch), "".join(patch.bands))
    return "-".join(re.sub(r"[^A-Za-z0-9_.]", "_", part) for part in parts)


def _replace(path: Path, content: bytes) -> None:
    """Write a file, or leave what is there as it is."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise ReportError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
