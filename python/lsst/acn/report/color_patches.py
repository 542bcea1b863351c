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

"""Which patches have three bands, and what they look like in colour."""

from __future__ import annotations

__all__ = ("ColorPatch", "ColorPictures", "color_patches", "draw_patch")

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from .collect import CollectionReader, ReportError
from .color_image import ColorScale, choose_bands, draw_color
from .patch_data import PatchId, PatchImages
from .thumbnails import average_blocks

MIN_BANDS = 3


@dataclasses.dataclass(frozen=True, order=True)
class ColorPatch:
    """A patch in the three bands of a colour picture.

    Parameters
    ----------
    skymap : `str`
        Name of the skymap.
    tract, patch : `int`
        Identifiers of tract and patch.
    bands : `tuple` [`str`, `str`, `str`]
        Bands that are red, green and blue.
    """

    skymap: str
    tract: int
    patch: int
    bands: tuple[str, str, str]

    def __str__(self) -> str:
        return f"tract {self.tract}, patch {self.patch}"

    @property
    def members(self) -> list[PatchId]:
        """The patch in each band (`list` [`PatchId`])."""
        return [PatchId(self.skymap, self.tract, self.patch, band) for band in self.bands]


@dataclasses.dataclass(frozen=True)
class ColorPictures:
    """Colour pictures of a patch, on one scale.

    Parameters
    ----------
    coadd, restored : `bytes` or `None`
        Contents of PNG files, `None` where an image is missing.
    shape : `tuple` [`int`, `int`]
        Their height and width in pixels.
    """

    coadd: bytes | None
    restored: bytes | None
    shape: tuple[int, int]


def color_patches(patches: Iterable[PatchId], bands: Sequence[str] = ()) -> list[ColorPatch]:
    """Return the patches that have three bands.

    Parameters
    ----------
    patches : `~collections.abc.Iterable` [`PatchId`]
        All patches.
    bands : `~collections.abc.Sequence` [`str`], optional
        Bands that are red, green and blue; by default as `choose_bands` says
        for each patch.

    Returns
    -------
    chosen : `list` [`ColorPatch`]
        In the order of skymap, tract and patch.

    Raises
    ------
    ReportError
        Raised if ``bands`` are not three different ones.
    """
    if bands and len(set(bands)) != MIN_BANDS:
        raise ReportError(f"A colour picture has three different bands, not {', '.join(bands)}.")
    found: dict[tuple[str, int, int], set[str]] = {}
    for each in patches:
        found.setdefault((each.skymap, each.tract, each.patch), set()).add(each.band)
    chosen = []
    for place, there in sorted(found.items()):
        of_patch = choose_bands(there) if not bands else tuple(bands) if set(bands) <= there else None
        if of_patch is not None:
            chosen.append(ColorPatch(*place, (of_patch[0], of_patch[1], of_patch[2])))
    return chosen


def draw_patch(reader: CollectionReader, patch: ColorPatch, max_side: int | None = None) -> ColorPictures:
    """Draw a patch in colour.

    Parameters
    ----------
    reader : `CollectionReader`
        Where its images are.
    patch : `ColorPatch`
        The patch.
    max_side : `int`, optional
        Largest height and width of a picture; by default that of the patch.

    Returns
    -------
    pictures : `ColorPictures`
        The pictures, in which a colour of the coadd means what it means in
        the restored image.
    """
    images = [reader.read_images(member) for member in patch.members]
    restored = _three(images, lambda each: each.restored, max_side)
    coadd = _three(images, lambda each: each.coadd, max_side)
    first = coadd or restored
    if first is None:
        return ColorPictures(None, None, (0, 0))
    # By the noise of the coadd: that of a restored image may be next to nothing.
    scale = ColorScale.from_images(first)
    height, width = first[0].shape
    return ColorPictures(
        coadd=None if coadd is None else draw_color(coadd, scale),
        restored=None if restored is None else draw_color(restored, scale),
        shape=(height, width),
    )


def _three(
    images: Sequence[PatchImages], which: Callable[[PatchImages], np.ndarray | None], max_side: int | None
) -> list[np.ndarray] | None:
    """Return one kind of image in all bands, or nothing if they do not belong together."""
    planes = [which(each) for each in images]
    there = [plane for plane in planes if plane is not None]
    alike = {(plane.shape, each.unit) for plane, each in zip(there, images, strict=False)}
    if len(there) < len(planes) or len(alike) != 1:
        return None
    binning = 1 if max_side is None else -(-max(there[0].shape) // max_side)
    return [average_blocks(plane, binning) for plane in there]
